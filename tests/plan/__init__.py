"""Tests of what a plan says and what follows from it."""
