"""The mailbox: what comes in is fetched, stored and read."""
