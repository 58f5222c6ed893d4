"""Backups: the record, the documents and the secret in one file."""
