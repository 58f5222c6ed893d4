"""A period of a plan played in memory."""
