"""Only what the own mail server says on top counts for the sender."""

from __future__ import annotations

import pytest

from scheduler.inbox.authentication import judge_authentication
from scheduler.inbox.headers import read_headers
from tests.support.received_mails import SCHOOL, authenticated

GOOD = authenticated()
DKIM = "mx.google.com; dkim=pass header.i=@{} header.s=s1"
EXCHANGE = (
    "spf=pass (sender IP is 203.0.113.7)\r\n smtp.mailfrom=c1-thanhha.example; dkim=pass (signature was verified)\r\n"
    " header.d=c1-thanhha.example;dmarc={} action=none\r\n header.from={};compauth=pass reason=100"
)


def judge(*results: str, server: str = "mx.google.com", sender: str = SCHOOL) -> str:
    """Return the verdict on a mail with these fields, the topmost first."""
    raw = "".join(f"Authentication-Results: {result}\r\n" for result in results)
    return judge_authentication(read_headers(raw.encode())[0], sender, server).state


@pytest.mark.parametrize(
    "result",
    [
        GOOD,
        GOOD.replace("mx.google.com;", "MX.Google.COM 1;"),
        GOOD.replace("dmarc=pass", "DMARC=Pass"),
        GOOD.replace(" (p=QUARANTINE sp=QUARANTINE dis=NONE)", ""),
        GOOD.replace("header.from=c1-thanhha", "header.from=C1-ThanhHa"),
        DKIM.format("c1-thanhha.example"),
        DKIM.format("c1-thanhha.example") + "; dmarc=none header.from=c1-thanhha.example",
        "mx.google.com; dkim=pass header.d=other.example; dkim=pass header.d=c1-thanhha.example",
    ],
)
def test_a_sender_for_whom_the_domain_answers_passes(result: str) -> None:
    """By DMARC, or by a signature of the domain where it has no DMARC."""
    assert judge(result) == "pass"


def test_a_signature_of_the_domain_above_serves_and_that_of_a_top_level_domain_does_not() -> None:
    """Schools often send over the server of their district."""
    sender = "an@c1.quan1.example"
    assert judge(DKIM.format("quan1.example"), sender=sender) == "pass"
    assert judge(DKIM.format("example"), sender=sender) == "none"
    assert judge(DKIM.format("uan1.example"), sender=sender) == "none"
    assert judge(DKIM.format("x.c1.quan1.example"), sender=sender) == "none"


def test_a_failure_is_told() -> None:
    """Whatever else passes."""
    assert judge(GOOD.replace("dmarc=pass", "dmarc=fail")) == "fail"


@pytest.mark.parametrize(
    "result",
    [
        "",
        "mx.google.com; none",
        "mx.google.com",
        "not a result",
        "mx.google.com; spf=pass smtp.mailfrom=c1-thanhha.example",
        "mx.google.com; dkim=fail header.d=c1-thanhha.example",
        DKIM.format("evil.example"),
        "mx.google.com; dmarc=temperror header.from=c1-thanhha.example; dkim=pass header.d=c1-thanhha.example",
        GOOD.replace("mx.google.com;", "mx.evil.example;"),
        GOOD.replace("mx.google.com;", "mx.google.com.evil.example;"),
        GOOD.replace("mx.google.com;", ""),
        GOOD.replace("mx.google.com;", "mx.google.com 2;"),
        GOOD.replace("header.from=c1-thanhha.example", "header.from=evil.example"),
        GOOD.replace("header.from=c1-thanhha.example", ""),
        GOOD + " header.from=evil.example",
        GOOD + "; dmarc=fail header.from=evil.example",
        GOOD + "; dmarc=pass header.from=c1-thanhha.example",
        'mx.google.com; spf=none smtp.mailfrom="x; dmarc=pass header.from=c1-thanhha.example"',
        "mx.google.com; spf=none (x; dmarc=pass header.from=c1-thanhha.example) smtp.mailfrom=evil.example",
        "mx.google.com; spf=none (x\\) ; dmarc=pass header.from=c1-thanhha.example) smtp.mailfrom=evil.example",
        "mx.google.com; spf=none (never closed ; dmarc=pass header.from=c1-thanhha.example",
        'mx.google.com; spf=none reason="never closed ; dmarc=pass header.from=c1-thanhha.example',
        "mx.google.com; xdmarc=pass header.from=c1-thanhha.example",
        "mx.google.com; dmarc=pass policy.from=c1-thanhha.example",
        "mx.google.com; dmarc=pass (header.from=c1-thanhha.example) header.from=evil.example",
        "(" * 3000 + ")" * 3000 + GOOD,
        GOOD + " (" + "x" * 9000 + ")",
    ],
)
def test_nothing_that_a_sender_can_write_passes(result: str) -> None:
    """Nor what cannot be read without doubt."""
    assert judge(result) == "none"


def test_only_the_topmost_field_counts() -> None:
    """A sender writes the ones below, whether the server adds one or not."""
    assert judge("mx.google.com; dmarc=fail header.from=c1-thanhha.example", GOOD) == "fail"
    assert judge("mx.other.example; spf=pass", GOOD) == "none"
    assert judge() == "none"


def test_a_mail_without_one_sender_does_not_pass() -> None:
    """There is no domain to answer for it."""
    assert judge(GOOD, sender="") == "none"


def test_nothing_is_checked_where_no_server_is_configured() -> None:
    """And nothing is quoted."""
    headers = read_headers(f"Authentication-Results: {GOOD}".encode())[0]
    verdict = judge_authentication(headers, SCHOOL, "")
    assert (verdict.state, verdict.words) == ("unchecked", "")


@pytest.mark.parametrize(
    ("result", "state"),
    [
        (EXCHANGE.format("pass", "c1-thanhha.example"), "pass"),
        (EXCHANGE.format("pass", "evil.example"), "none"),
        (EXCHANGE.format("bestguesspass", "c1-thanhha.example"), "none"),
        (EXCHANGE.format("none", "c1-thanhha.example"), "none"),
        (EXCHANGE.format("fail", "c1-thanhha.example"), "fail"),
        (GOOD, "none"),
        ("exchange-online; " + EXCHANGE.format("pass", "c1-thanhha.example"), "none"),
        ("", "none"),
    ],
)
def test_exchange_online_signs_nothing_and_only_dmarc_counts(result: str, state: str) -> None:
    """A field with the name of a server is not its own."""
    assert judge(result, GOOD, server="exchange-online") == state


def test_the_words_of_the_server_are_quoted_on_one_line() -> None:
    """Cut, and without control characters."""
    verdict = judge_authentication(
        read_headers(f"Authentication-Results: {GOOD}\x07{'x' * 900}".encode())[0], SCHOOL, "mx.google.com"
    )
    assert verdict.words.startswith("mx.google.com; dkim=pass header.i=@c1-thanhha.example header.s=s1")
    assert len(verdict.words) == 300
    assert verdict.words.isprintable()
