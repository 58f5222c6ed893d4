"""The meaning of a mail server's replies: a table of rules, and the function that applies it.

Reply codes are those of RFC 5321, enhanced status codes those of RFC 3463; the rest follows what Gmail, Microsoft
and Postfix really reply. A rule says what to do, not how often or by whom.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Literal

from scheduler.ports import Outcome, Pace

Phase = Literal["connect", "greeting", "tls", "login", "sender", "recipient", "data", "content"]
Meaning = Literal["retry", "scatter", "slowly", "rest", "pause", "stop", "dead", "refused", "unclear"]

# These replace the reply code if the server gave none.
SILENCE = "silence"  # no reply: unreachable, connection closed, or timeout
GARBLED = "garbled"  # not a valid SMTP reply, or an unsolicited one
CERTIFICATE = "certificate"  # the TLS certificate is not accepted
UNOFFERED = "unoffered"  # the server does not offer a required extension or login method

OPENING: tuple[Phase, ...] = ("connect", "greeting", "tls", "login")  # phases before the first command about a mail
_ENVELOPE: tuple[Phase, ...] = ("sender", "recipient", "data")


@dataclass(frozen=True, slots=True)
class Rule:
    """One rule: the phases, codes, enhanced codes and words that it applies to; the defaults match anything.

    The meanings:

    * `retry`, `scatter`, `slowly`: send this mail again later, at that pace
    * `rest`: the server has a problem; pause the account
    * `pause`: the account has reached a limit; pause the account
    * `stop`: send nothing until a person has solved the problem
    * `dead`: the address takes no mail
    * `refused`: the server does not accept this mail
    * `unclear`: it is unknown whether the mail was accepted

    `why` describes the case.
    """

    meaning: Meaning
    why: str
    phases: tuple[Phase, ...] = ()
    code: str = ".*"
    enhanced: str = ".*"
    words: str = ""

    def fits(self, phase: Phase, code: str, enhanced: str, words: str) -> bool:
        """Return whether the rule applies to a reply."""
        return (
            (not self.phases or phase in self.phases)
            and re.fullmatch(self.code, code) is not None
            and re.fullmatch(self.enhanced, enhanced) is not None
            and re.search(self.words, words, re.IGNORECASE) is not None
        )


# The first rule that fits applies.
RULES: tuple[Rule, ...] = (
    # ---- no reply, or none that can be trusted
    Rule("stop", "the server's certificate does not prove who it is", code=CERTIFICATE),
    Rule("stop", "the server does not offer what the account needs", OPENING, UNOFFERED),
    Rule("refused", "the server does not offer what this mail needs", code=UNOFFERED),
    Rule("unclear", "no answer came after the mail was handed over", ("content",), f"{SILENCE}|{GARBLED}"),
    Rule("rest", "the server could not be spoken to", OPENING, f"{SILENCE}|{GARBLED}"),
    Rule("retry", "the server fell silent or out of step before the mail was handed over", code=f"{SILENCE}|{GARBLED}"),
    # ---- the account has reached a limit
    Rule("pause", "too many logins", code="454", enhanced=r"4\.7\.0"),
    Rule("pause", "too many logins", ("login",), "4..", words="too many"),
    Rule("pause", "the account's sending limit is reached", code="[45]..", enhanced=r"5\.4\.5"),
    Rule(
        "pause",
        "the account's sending limit is reached",
        code="[45]..",
        words=r"\b(daily|hourly|sending|submission) ?(user |message |sending |smtp |relay |recipient )*"
        r"(limit|quota)|SubmissionQuotaExceeded",
    ),
    Rule("scatter", "too many connections at once", code="432"),
    # ---- the account is wrong
    Rule("stop", "the server refuses us", OPENING, "5.."),
    Rule("stop", "the server wants another login", code="53[0458]"),
    Rule("stop", "the account may not send as this sender", code="5..", enhanced=r"5\.1\.[78]|5\.7\.(30|60)|5\.2\.252"),
    Rule(
        "stop",
        "the account may not send here",  # Postfix rejects the sender or the client only after RCPT
        ("sender", "recipient"),
        "5..",
        words=r"(sender address|client host|helo command) rejected|relay(ing)? (access )?denied|"
        r"not permitted to relay|unable to relay|authentication (is )?required|not authenticated|not owned by",
    ),
    # ---- size and space: a 5xx code for a temporary condition
    Rule("slowly", "the mailbox or the server has no room now", ("recipient",), "552"),
    Rule("slowly", "the mailbox or the server has no room now", ("recipient",), "5..", r"5\.2\.2"),
    Rule("slowly", "too large for now", ("sender",), "552"),
    Rule("slowly", "too large for now", code="[45]..", words=r"message (is )?too (large|big)|message size exceeds"),
    # ---- the rest of 5xx and 4xx, by phase
    Rule("retry", "the server did not follow", _ENVELOPE, "50[023]"),
    Rule("stop", "the sender's address is refused", ("sender",), "5.."),
    Rule("dead", "the address takes no mail", ("recipient",), "5.."),
    Rule("refused", "the mail is refused", ("data", "content"), "5.."),
    Rule("rest", "the server does not serve us now", OPENING, "4.."),
    Rule("retry", "not now", code="4.."),
    # ---- a reply that makes no sense in this phase
    Rule("unclear", "the answer after the mail makes no sense", ("content",)),
    Rule("rest", "an answer that makes no sense", OPENING),
    Rule("retry", "an answer that makes no sense"),
)

_PACES: dict[Meaning, Pace] = {"scatter": "scattered", "slowly": "slowly", "pause": "slowly"}
_ENHANCED = re.compile(r"[245]\.\d{1,3}\.\d{1,3}\b")


def judge(phase: Phase, code: str, words: str = "") -> Rule:
    """Return the rule for a reply; `code` is the reply code or one of the constants that replace it."""
    found = _ENHANCED.match(words)
    enhanced = found.group() if found else ""
    return next(rule for rule in RULES if rule.fits(phase, code, enhanced, words))


def to_outcome(meaning: Meaning, reply: str) -> Outcome:
    """Return the outcome for the mail that a reply of this meaning answers.

    Both `rest` and `pause` pause the account; they differ only in the pace, which is `soon` or `slowly`.
    """
    match meaning:
        case "unclear":
            return Outcome(state="ambiguous", reply=reply)
        case "dead":
            return Outcome(state="failed", reply=reply, is_dead=True)
        case "refused":
            return Outcome(state="failed", reply=reply)
        case "stop":
            return Outcome(state="deferred", reply=reply, account="stop")
        case "rest" | "pause":
            return Outcome(state="deferred", reply=reply, pace=_PACES.get(meaning, "soon"), account="pause")
        case _:
            return Outcome(state="deferred", reply=reply, pace=_PACES.get(meaning, "soon"))
