"""Deliver the mails of the outbox: claim, look again, hand over, record what came of it."""
