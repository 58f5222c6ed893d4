"""Mails in the record: those that leave, those that come in, and the accounts that send."""
