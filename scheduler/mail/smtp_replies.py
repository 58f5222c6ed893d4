"""What a mail server's answer means: one table, and the one function that reads it.

Reply codes are those of RFC 5321, enhanced codes those of RFC 3463; what Gmail, Microsoft and
Postfix really answer decides the rest. A row says what is to be done, never how often or by whom.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Literal

from scheduler.ports import Outcome, Pace

Phase = Literal["connect", "greeting", "tls", "login", "sender", "recipient", "data", "content"]
Meaning = Literal["retry", "scatter", "slowly", "rest", "pause", "stop", "dead", "refused", "unclear"]

# What stands in the place of a reply code where the server gave none.
SILENCE = "silence"  # no answer: not reached, closed, or too slow
GARBLED = "garbled"  # an answer that is none, or one that nobody had asked for
CERTIFICATE = "certificate"  # it is not proven who answers
UNOFFERED = "unoffered"  # the server lacks what is needed

OPENING: tuple[Phase, ...] = ("connect", "greeting", "tls", "login")  # nothing was said of any mail yet
_ENVELOPE: tuple[Phase, ...] = ("sender", "recipient", "data")


@dataclass(frozen=True, slots=True)
class Rule:
    """One row: the phases, codes, enhanced codes and words it is about; what is left out fits anything.

    retry, scatter, slowly: this mail later, at that pace. rest: the server is not well, nothing for a
    little while; pause: the account has had enough, nothing for a good while; stop: nothing until a
    person has looked. dead: the address takes no mail. refused: this mail is no good. unclear: nobody
    knows whether it arrived.
    """

    meaning: Meaning
    why: str
    phases: tuple[Phase, ...] = ()
    code: str = ".*"
    enhanced: str = ".*"
    words: str = ""

    def fits(self, phase: Phase, code: str, enhanced: str, words: str) -> bool:
        """Return whether an answer falls under this row."""
        return (
            (not self.phases or phase in self.phases)
            and re.fullmatch(self.code, code) is not None
            and re.fullmatch(self.enhanced, enhanced) is not None
            and re.search(self.words, words, re.IGNORECASE) is not None
        )


# The first row that fits decides.
RULES: tuple[Rule, ...] = (
    # ---- no answer, or none that can be trusted
    Rule("stop", "the server's certificate does not prove who it is", code=CERTIFICATE),
    Rule("stop", "the server does not offer what the account needs", OPENING, UNOFFERED),
    Rule("refused", "the server does not offer what this mail needs", code=UNOFFERED),
    Rule("unclear", "no answer came after the mail was handed over", ("content",), f"{SILENCE}|{GARBLED}"),
    Rule("rest", "the server could not be spoken to", OPENING, f"{SILENCE}|{GARBLED}"),
    Rule("retry", "the server fell silent or out of step before the mail was handed over", code=f"{SILENCE}|{GARBLED}"),
    # ---- the account has had enough
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
        "the account may not send here",  # Postfix says so only when it hears the recipient
        ("sender", "recipient"),
        "5..",
        words=r"(sender address|client host|helo command) rejected|relay(ing)? (access )?denied|"
        r"not permitted to relay|unable to relay|authentication (is )?required|not authenticated|not owned by",
    ),
    # ---- size and room: a 5xx that passes
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
    # ---- an answer that makes no sense where it stands
    Rule("unclear", "the answer after the mail makes no sense", ("content",)),
    Rule("rest", "an answer that makes no sense", OPENING),
    Rule("retry", "an answer that makes no sense"),
)

_PACES: dict[Meaning, Pace] = {"scatter": "scattered", "slowly": "slowly", "pause": "slowly"}
_ENHANCED = re.compile(r"[245]\.\d{1,3}\.\d{1,3}\b")


def judge(phase: Phase, code: str, words: str = "") -> Rule:
    """Return the row that an answer falls under: its code, or what stands in the place of one."""
    found = _ENHANCED.match(words)
    enhanced = found.group() if found else ""
    return next(rule for rule in RULES if rule.fits(phase, code, enhanced, words))


def to_outcome(meaning: Meaning, reply: str) -> Outcome:
    """Return what an answer of this meaning makes of the mail.

    Where the account is to rest, the pace tells a little while (soon) from a good one (slowly).
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
