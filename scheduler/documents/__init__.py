"""The files that parties send: their types and their storage."""
