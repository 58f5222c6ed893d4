"""Everything that only reads: how a plan stands, what comes, what left, and why."""
