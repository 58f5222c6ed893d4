"""Dates: their forms in a plan, the days that follow from them, and working days. Pure."""
