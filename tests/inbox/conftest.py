"""A mail server for the tests of this folder."""

from __future__ import annotations

from tests.support.dovecot import dovecot

__all__ = ["dovecot"]
