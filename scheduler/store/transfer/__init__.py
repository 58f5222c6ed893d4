"""Whole records: finding one that was left behind, and copying one into another database."""
