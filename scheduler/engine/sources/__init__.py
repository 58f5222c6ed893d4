"""The sources of news that each tick asks: the mailbox, and what a replay lets arrive."""
