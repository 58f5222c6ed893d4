"""What fires the daemon's work: one file for each engine."""
