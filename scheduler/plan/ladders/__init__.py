"""The steps of the ladders of reminders, and what a person decides about single ones."""
