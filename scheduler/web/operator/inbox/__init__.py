"""Received mails: which wait for a decision, what each says, and what a person decides about it."""
