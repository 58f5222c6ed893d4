"""The meaning of a mail server's replies: a table of rules, and the function that applies it.

Reply codes are those of RFC 5321, enhanced status codes those of RFC 3463; the rest follows what real servers reply.
A refusal of us is not the death of them: only a clear word about the mailbox makes an address dead, and none that
speaks of our address, name, domain or sender. A rule says what to do, not how often or by whom.
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
NO_TOKEN = "no token"  # noqa: S105 - no access token could be had to log in with
UNOFFERED = "unoffered"  # the server does not offer a required extension or login method

OPENING: tuple[Phase, ...] = ("connect", "greeting", "tls", "login")  # phases before the first command about a mail
_ENVELOPE: tuple[Phase, ...] = ("sender", "recipient", "data")
_HANDLING: tuple[Phase, ...] = (*_ENVELOPE, "content")


@dataclass(frozen=True, slots=True)
class Rule:
    """One rule: the phases, codes, enhanced codes and words that it applies to; the defaults match anything.

    The meanings:

    * `retry`, `scatter`, `slowly`: send this mail again later, at that pace
    * `rest`: the server has a problem, or one with us; pause the account
    * `pause`: the account has reached a limit; pause the account
    * `stop`: send nothing until a person has solved the problem; only for what a person must solve, and for what locks
      an account if it is tried again
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


# Words about us: to read them as words about the recipient would lose a living address.
_OUR_STANDING = "|".join(
    (
        r"(black|block|deny) ?list|\b\w*(dns|[rd])bls?\b|spamhaus|spamcop|barracudacentral|uceprotect|abuseat",
        r"blocked (using|for spam)|\b(banned|blocked|suspicious|sending|source|your) ip\b|\bip\b.{0,12} blocked",
        r"\bptr\b|reverse.?(dns|host ?name|lookup)|\brdns\b|cannot find your",
        r"\bspf\b|sender policy framework|\bdkim\b|\bdmarc\b|unauthenticated (e-?mail|sender)",
        r"reputation|\bclient (host|\[)|\b(helo|ehlo)\b|from your (mail ?)?(host|server|network)\b",
        r"sender (address )?rejected|sender verify failed|sender domain|domain of sender",
        r"relay(ing)?( access)? (is )?(denied|disallowed|not permitted)|(not permitted|unable) to relay|rcpthosts",
        r"authentication (is )?required|not authenticated|not logged in|smtp.auth",
    )
)
_OUR_RATE = (
    r"rate.?limit|unusual rate|too much mail from|too many (messages|e?mails|recipients (from|this hour))|"
    r"frequency limited|unexpected volume"
)
_NO_ROOM = (
    r"(mailbox|mbox|disk|account)( is)? full|(over|out of|exceeds?|exceeded)( the| its)? (quota|storage|disk)|"
    r"quota exceeded|(insufficient|not enough) .{0,12}(storage|space)|space shortage|no space left"
)
_NO_SUCH_MAILBOX = (
    r"no such (user|mailbox|recipient|account|address|person)|unknown (or illegal )?(user|recipient|mailbox|alias)|"
    r"(invalid|non-?existent) (user|recipient|mailbox|account)|recipient( address)? rejected\W*$|"
    r"\b(user|recipient|mailbox|account|address)\b[^.;]{0,40}\b(unknown|unavailable|disabled|discontinued|"
    r"deactivated|not found|no longer|not exist|doesn't exist|doesn't have an?)\b"
)
_OURS_IN_DIGITS = r"\d{1,3}(\.\d{1,3}){3}|\[(ipv6:)?[0-9a-f]*:[0-9a-f:]+"

# The first rule that fits applies.
RULES: tuple[Rule, ...] = (
    # ---- no reply, or none that can be trusted
    Rule("rest", "the server's certificate does not prove who it is", code=CERTIFICATE),
    Rule("rest", "the account's provider gave no access token", code=NO_TOKEN),
    Rule("rest", "the server does not offer what the account needs", OPENING, UNOFFERED),
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
        r"(limit|quota)|SubmissionQuotaExceeded|exceeded the max (emails|defers and failures) per hour",
    ),
    Rule("scatter", "too many connections at once", code="432"),
    # ---- only a person can put it right, or trying again would lock the account
    Rule("stop", "the server wants another login, or an encrypted connection", code="523|53[0458]"),
    Rule(
        "stop",
        "the login is refused, by a server that has another code for it",
        ("login",),
        "5..",
        words=r"authentication (failed|failure|unsuccessful|rejected)|password|credentials|basic authentication",
    ),
    Rule("rest", "the server finds no domain of ours now", _ENVELOPE, "5..", words="sender .*domain not found"),
    Rule("stop", "the account may not send as this sender", code="5..", enhanced=r"5\.1\.[78]|5\.7\.60|5\.2\.252"),
    Rule(
        "stop",
        "the account may not send as this sender",
        code="5..",
        words=r"not owned by user|SendAsDenied|to send as\b",
    ),
    Rule("stop", "the account may not log in by password", code="5..", words="basic authentication is"),
    # ---- the server refuses us, whoever the mail is for
    Rule("rest", "the server refuses us", OPENING, "5.."),
    Rule("retry", "greylisted: who comes back later is believed", code="[45]..", words=r"gr[ae]y-?list"),
    Rule("slowly", "the recipient gets too much mail", code="[45]..", words=r"receiving mail (too|at a rate)"),
    Rule(
        "slowly",
        "the recipient gets too much mail",
        code="[45]..",
        enhanced=r"[45]\.2\.\d+",
        words=r"mailbox .{0,20}\brate\b",
    ),
    Rule("refused", "the group takes mail from few", code="5..", words=r"(to|of|for) (this|the) group\b"),
    Rule(
        "refused",
        "what the mail holds has a bad name",
        ("data", "content"),
        "5..",
        words=r"\b(urls?|links?|attachment)\b",
    ),
    Rule(
        "refused",
        "the server guesses",  # a bad address, or one that is on some list
        ("recipient",),
        "5..",
        words="may not exist(?!.*sender verify)",
    ),
    Rule("rest", "we send too much for this server", _HANDLING, "[45]..", words=_OUR_RATE),
    Rule("rest", "what the server holds against our address, name or domain", _HANDLING, "5..", words=_OUR_STANDING),
    # ---- size and space: a 5xx code for a temporary condition
    Rule("slowly", "the mailbox or the server has no room now", _ENVELOPE, "552"),
    Rule("slowly", "the mailbox or the server has no room now", code="[45]..", enhanced=r"[45]\.(2\.2|3\.1)"),
    Rule("slowly", "the mailbox or the server has no room now", code="[45]..", words=_NO_ROOM),
    Rule("slowly", "too large for now", code="[45]..", words=r"message (is )?too (large|big)|message size exceeds"),
    # ---- the rest of 5xx and 4xx, by phase
    Rule("retry", "the server did not follow", _ENVELOPE, "50[023]"),
    Rule("refused", "the server cannot pass on such a mail", ("sender", "recipient"), "5..", r"5\.6\.\d+"),
    Rule("rest", "the sender is refused", ("sender",), "5.."),
    Rule(
        "refused",
        "the way to this recipient must be encrypted, and the server's is not",
        ("recipient",),
        "5..",
        words=r"\b(tls|ssl|encryption|encrypted|starttls)\b",
    ),
    Rule(
        "refused",
        "words about the sender or the mail",  # and an address in digits, which is ours
        ("recipient",),
        "5..",
        words=rf"sender|spam|junk|virus|polic(y|ies)|{_OURS_IN_DIGITS}",
    ),
    Rule("refused", "what the server's rules do not allow", ("recipient",), "5..", r"5\.7\.\d+"),
    Rule(
        "slowly",
        "the server says itself that it will pass",
        ("recipient",),
        "5..",
        words=r"temporar|currently|\blater\b",
    ),
    Rule(
        "refused",
        "the server does not take it for this recipient",
        ("recipient",),
        "5..",
        r"5\.4\.1",
        "recipient address rejected",
    ),
    Rule("slowly", "the server finds no way there now", ("recipient",), "5..", r"5\.[34]\.\d+"),
    Rule("retry", "the server did not follow", ("recipient",), "5..", r"5\.5\.[1-9]\d*"),
    Rule("dead", "there is no such mailbox, or none in use", ("recipient",), "5..", r"5\.1\.([1236]|10)|5\.2\.1"),
    Rule("dead", "its domain takes no mail at all", ("recipient",), "556"),
    Rule("dead", "there is no such mailbox, in words", ("recipient",), "5..", r"|5\.(1\.\d+|\d\.0)", _NO_SUCH_MAILBOX),
    Rule("refused", "no clear word about the mailbox", ("recipient",), "5.."),
    Rule("refused", "the mail is refused", ("data", "content"), "5.."),
    Rule("rest", "the server does not serve us now", OPENING, "4.."),
    Rule("retry", "not now", code="4.."),
    # ---- a reply that makes no sense in this phase
    Rule("unclear", "the answer after the mail makes no sense", ("content",)),
    Rule("rest", "an answer that makes no sense", OPENING),
    Rule("retry", "an answer that makes no sense"),
)

_PACES: dict[Meaning, Pace] = {"scatter": "scattered", "slowly": "slowly", "pause": "slowly"}
# At the beginning of a reply; four numbers are an IP address.
_ENHANCED = re.compile(r"([245]\.\d{1,3}\.\d{1,3})\b(?!\.\d)")
_AT_THE_END = re.compile(r"\(#([245]\.\d{1,3}\.\d{1,3})\b[^)]*\)\s*$")  # as qmail writes it
_ADDRESS = re.compile(r"[^\s<>@]+@[^\s<>@]+")


def judge(phase: Phase, code: str, words: str = "") -> Rule:
    """Return the rule for a reply; `code` is the reply code or one of the constants that replace it."""
    found = _ENHANCED.match(words) or _AT_THE_END.search(words)
    enhanced = found[1] if found else ""
    if enhanced:
        words = words.replace(enhanced, " ")  # it stands at the beginning of each line, in the middle of sentences
    # An address may hold any word: spam@school.example, or the unknown mailbox policy@school.example.
    told = " ".join(_ADDRESS.sub(" ", words).split())
    return next(rule for rule in RULES if rule.fits(phase, code, enhanced, told))


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
