"""The forms of a date in a plan, the days derived from it, and working days. Pure."""
