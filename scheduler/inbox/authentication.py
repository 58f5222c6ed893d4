"""What the mail server found out about the sender: its own Authentication-Results (RFC 8601).

Only the topmost header counts, and only if the configured server wrote it: a sender can write the others.
"""

from __future__ import annotations

import re
from typing import Any

import authres

from scheduler.email_address import to_ascii
from scheduler.inbox.header_addresses import without_comments
from scheduler.inbox.header_text import clean_line
from scheduler.inbox.headers import Headers
from scheduler.plan.answers.received_mail import Authentication, AuthenticationState

EXCHANGE_ONLINE = "exchange-online"  # Microsoft 365 writes its results without an authserv-id

_LONGEST_HEADER = 8 * 1024
_LONGEST_QUOTE = 300
_WITHOUT_ID = re.compile(r"\s*[a-z][a-z0-9-]*\s*=", re.IGNORECASE)
_EXCHANGE_ACTION = re.compile(r"\baction=[a-z]+(?=\s|;|$)")  # not of the grammar
_DMARC = re.compile(r"(?<![\w.-])dmarc\s*(?:/\s*[0-9]+\s*)?=", re.IGNORECASE)


def judge_authentication(headers: Headers, sender: str, authserv_id: str) -> Authentication:
    """Return whether the domain of `sender`, the one address of From, answers for the mail.

    `authserv_id` is the name by which the server signs its results, `EXCHANGE_ONLINE`, or "" to check nothing.
    """
    if not authserv_id:
        return Authentication()
    value = headers.first("authentication-results")
    domain = sender.rpartition("@")[2]
    state = _judge(value, domain, authserv_id.lower()) if domain and len(value) <= _LONGEST_HEADER else "none"
    return Authentication(state=state, words=clean_line(value, _LONGEST_QUOTE))


def _judge(value: str, domain: str, authserv_id: str) -> AuthenticationState:
    is_exchange = authserv_id == EXCHANGE_ONLINE
    if is_exchange:
        if not _WITHOUT_ID.match(value):
            return "none"
        value = f"{EXCHANGE_ONLINE}; {_EXCHANGE_ACTION.sub('', value)}"
    results = _parse(value)
    if results is None or results.authserv_id != authserv_id:
        return "none"
    policies = [result for result in results.results if result.method == "dmarc"]
    # The library skips over what it does not understand, so the clauses are counted by other means too.
    if len(policies) > 1 or len(policies) != len(_DMARC.findall(without_comments(value) or "")):
        return "none"
    said = policies[0].result if policies else "none"
    if said == "pass":
        return "pass" if _domains(policies[0], "from") == [domain] else "none"
    if said == "none" and not is_exchange:
        return "pass" if any(_is_signed(result, domain) for result in results.results) else "none"
    return "fail" if said == "fail" else "none"


def _parse(value: str) -> Any:
    """Return the results of a header, or None if it cannot be read without doubt."""
    if without_comments(value) is None:
        return None
    try:
        return authres.parse_value(value)
    except Exception:  # the library raises many kinds, RecursionError among them
        return None


def _domains(result: Any, name: str) -> list[str]:
    """Return the domains of all header properties of that name, in lower-case ASCII."""
    values = [item.value or "" for item in result.properties if (item.type, item.name) == ("header", name)]
    return [to_ascii(value.rpartition("@")[2]) or "" for value in values]


def _is_signed(result: Any, domain: str) -> bool:
    """Return whether a good signature is one of the domain, or of one above it that is no top-level domain."""
    if (result.method, result.result) != ("dkim", "pass"):
        return False
    signers = _domains(result, "d") or _domains(result, "i")
    return len(signers) == 1 and "." in signers[0] and f".{domain}".endswith(f".{signers[0]}")
