"""What the reader at the terminal sees: the language, the help of commands, and what they print."""
