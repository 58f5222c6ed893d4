"""Commands for mails: those that leave, those that come, and the account."""
