"""Answers by mail: what came, what kind of mail it is, and what it answers. Pure."""
