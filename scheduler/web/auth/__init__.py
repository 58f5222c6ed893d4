"""Who asks: sessions of operators, tokens of parties."""
