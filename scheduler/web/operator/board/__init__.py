"""The board, and what it is made of: needs, grid, timeline."""
