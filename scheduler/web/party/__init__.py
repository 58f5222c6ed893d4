"""The private pages of parties."""
