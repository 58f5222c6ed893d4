"""Sheets for Excel: the board, what is missing, what was received, and the targets."""
