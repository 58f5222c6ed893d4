"""A served site for each test."""

from tests.support.served_site import site

__all__ = ["site"]
