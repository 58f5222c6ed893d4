"""What needs a person: the kinds, where they come from, and how urgent each is."""
