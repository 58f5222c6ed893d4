"""Private addresses cannot be guessed from one another."""

from __future__ import annotations

import re
from itertools import product

from scheduler.tokens import TOKEN_LENGTH, Purpose, make_token

PURPOSES: tuple[Purpose, ...] = ("feed", "page")


def test_a_token_is_128_bits_that_may_stand_in_a_path() -> None:
    """And the same each time."""
    token = make_token(b"secret", "feed", "beta", 1)
    assert re.fullmatch(r"[A-Za-z0-9_-]{22}", token)
    assert len(token) == TOKEN_LENGTH
    assert make_token(b"secret", "feed", "beta", 1) == token


def test_purpose_subject_generation_and_secret_each_make_another_token() -> None:
    """Subjects that run into a generation included."""
    tokens = [
        make_token(secret, purpose, subject, generation)
        for secret, purpose, subject, generation in product(
            (b"one", b"two"), PURPOSES, ("beta", "gamma", "2\0beta"), (1, 2, 12)
        )
    ]
    assert len(set(tokens)) == len(tokens)
