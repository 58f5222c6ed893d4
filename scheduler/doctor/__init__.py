"""`hanchot doctor`: looks at everything the daemon needs and says what is wrong."""
