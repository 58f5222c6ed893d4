"""Authentication: sessions of operators and tokens of parties."""
