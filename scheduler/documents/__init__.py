"""The files that parties send: what they are, and where they are kept."""
