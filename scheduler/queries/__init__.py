"""Read-only queries: how a plan stands, what is ahead, what was sent, and why."""
