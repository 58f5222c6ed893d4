"""`hanchot doctor`: check everything that the daemon needs, and say what is wrong."""
