"""What DNS says of the sender's domain: SPF, DKIM and DMARC, by which receivers tell our mail from forged mail.

Providers refuse mail without them from some thousand mails a day on. Where DNS does not answer nothing is judged.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from itertools import takewhile
from typing import Any

from dns.exception import DNSException
from dns.name import EmptyLabel, LabelTooLong, NameTooLong
from dns.rdatatype import NS, TXT, RdataType
from dns.resolver import NXDOMAIN, NoAnswer, Resolver, get_default_resolver

from scheduler.doctor.providers import Provider
from scheduler.doctor.verdicts import Verdict
from scheduler.texts import Text

LIFETIME = 4.0  # seconds for one question
MOST_LOOKUPS = 10  # RFC 7208, section 4.6.4
USUAL_SELECTORS = ("default", "dkim", "mail", "s1", "selector1", "google", "k1")  # where the provider is not known

_INCLUDE = re.compile(r"(?:\+?include:|redirect=)(\S+)", re.IGNORECASE)
_ALL = re.compile(r"[+?~-]?all", re.IGNORECASE)
_EVERYBODY = re.compile(r"\s\+?all(?!\S)", re.IGNORECASE)
_NOBODY = re.compile(r"v=spf1\s+-all\s*", re.IGNORECASE)
_OPAQUE = re.compile(r"%\{|\bip[46]:", re.IGNORECASE)  # macros and addresses, whose owner does not show
_LOOKUP = re.compile(r"[+?~-]?(?:include:|a\b|mx\b|ptr\b|exists:)|redirect=", re.IGNORECASE)


@dataclass(frozen=True, slots=True, kw_only=True)
class DomainRecords:
    """What DNS holds of a domain.

    * `spf`: its SPF records, of which there may be one; `includes`: the domains that this one includes, directly or
      not; `lookups`: the questions that a receiver asks for it
    * `keys`: whether there is a DKIM key, by the selectors that were looked at
    * `dmarc`: the DMARC records of the domain, or of the next one above it that has any

    Each of the three is None where DNS gave no answer.
    """

    spf: tuple[str, ...] | None = ()
    includes: frozenset[str] = frozenset()
    lookups: int = 0
    keys: Mapping[str, bool] | None = field(default_factory=dict)
    dmarc: tuple[str, ...] | None = ()


class _Silence(Exception):
    """DNS gave no answer."""


def examine_sender(domain: str, provider: Provider | None, resolver: Resolver | None = None) -> Iterator[Verdict]:
    """Ask DNS about the domain of the sender, by default this machine's resolver, and yield what it says."""
    if provider is not None and provider.owns(domain):
        yield Verdict(
            check="spf",
            state="ok",
            message=Text("{domain} is {name}'s own; it proves its mail itself", domain=domain, name=provider.name),
        )
        return
    selectors = provider.selectors if provider is not None else USUAL_SELECTORS
    try:
        records = _look_up(resolver or _own_resolver(), domain, selectors)
    except _Silence:
        message = Text("not looked at, like DKIM and DMARC: DNS gives no answer about {domain}", domain=domain)
        yield Verdict(check="spf", state="skipped", message=message)
        return
    spf, keys, dmarc = records.spf, records.keys, records.dmarc
    yield _silence("spf", domain) if spf is None else _judge_spf(domain, provider, records, spf)
    yield _silence("dkim", domain) if keys is None else _judge_dkim(domain, provider, keys)
    yield _silence("dmarc", domain) if dmarc is None else _judge_dmarc(domain, dmarc)


def _silence(check: str, domain: str) -> Verdict:
    return Verdict(
        check=check,
        state="skipped",
        message=Text("not looked at: DNS gives no answer about that of {domain}", domain=domain),
    )


def _judge_spf(domain: str, provider: Provider | None, records: DomainRecords, found: Sequence[str]) -> Verdict:
    if fault := _find_spf_fault(domain, provider, records, found):
        return Verdict(check="spf", state="warning", message=fault[0], hint=fault[1])
    if provider is None or provider.spf not in records.includes:
        message = Text(
            "{domain} has a record; whether it names the servers of the account was not looked at", domain=domain
        )
        return Verdict(check="spf", state="ok", message=message)
    return Verdict(
        check="spf", state="ok", message=Text("{domain} lets {name} send", domain=domain, name=provider.name)
    )


def _find_spf_fault(
    domain: str, provider: Provider | None, records: DomainRecords, found: Sequence[str]
) -> tuple[str, str] | None:
    """Return what is wrong with the SPF records that were found, and the way out."""
    include = f"include:{provider.spf}" if provider is not None else Text("what the provider says")
    if not found:
        message = Text("{domain} has no SPF record: nothing says which servers send its mail", domain=domain)
        return message, Text('a TXT record at {domain}: "v=spf1 {include} ~all"', domain=domain, include=include)
    if len(found) > 1:
        return Text(
            "{domain} has {number} SPF records, and receivers heed none of several", domain=domain, number=len(found)
        ), Text("make one of them")
    [record] = found
    if records.lookups > MOST_LOOKUPS:
        message = Text(
            "the SPF record of {domain} makes receivers look up {lookups} names; they stop at {most}",
            domain=domain,
            lookups=records.lookups,
            most=MOST_LOOKUPS,
        )
        return message, Text("take out what does not send for it any more")
    if _EVERYBODY.search(record):
        return Text("the SPF record of {domain} lets everybody send: {record}", domain=domain, record=record), Text(
            "end it by ~all"
        )
    if _NOBODY.fullmatch(record):
        message = Text("the SPF record of {domain} lets nobody send: {record}", domain=domain, record=record)
        return message, Text("write {include} into it, before its last word", include=include)
    if provider is not None and provider.spf not in records.includes and not _OPAQUE.search(record):
        message = Text(
            "the SPF record of {domain} does not name {name}: {record}",
            domain=domain,
            name=provider.name,
            record=record,
        )
        return message, Text("write {include} into it, before its last word", include=include)
    return None


def _judge_dkim(domain: str, provider: Provider | None, keys: Mapping[str, bool]) -> Verdict:
    found = [selector for selector, is_there in keys.items() if is_there]
    if found:
        return Verdict(
            check="dkim",
            state="ok",
            message=Text("there is a key at {selector}._domainkey.{domain}", selector=found[0], domain=domain),
        )
    if provider is None:
        message = Text("not looked at: under which selector {domain} has its key is not known", domain=domain)
        hint = Text("a mail that came back from outside shows it: s= in its DKIM-Signature")
        return Verdict(check="dkim", state="skipped", message=message, hint=hint)
    looked = " and ".join(f"{selector}._domainkey.{domain}" for selector in keys)
    message = Text(
        "there is no key at {looked}, where {name} has it unless an administrator chose another name",
        looked=looked,
        name=provider.name,
    )
    hint = Text(
        "switch DKIM on for {domain} in the administration of {name}, and publish what it shows",
        domain=domain,
        name=provider.name,
    )
    return Verdict(check="dkim", state="warning", message=message, hint=hint)


def _judge_dmarc(domain: str, found: Sequence[str]) -> Verdict:
    record = Text('"v=DMARC1; p=none" at _dmarc.{domain} to begin with', domain=domain)
    if not found:
        message, hint = (
            Text("{domain} does not say what becomes of mail that SPF and DKIM do not prove", domain=domain),
            Text("a TXT record {record}", record=record),
        )
    elif len(found) > 1:
        message, hint = (
            Text(
                "{domain} has {number} DMARC records, and receivers heed none of several",
                domain=domain,
                number=len(found),
            ),
            Text("make one of them"),
        )
    elif not _read_tags(found[0]).get("p"):
        message, hint = (
            Text("the DMARC record of {domain} has no policy: {record}", domain=domain, record=found[0]),
            Text("write {record}", record=record),
        )
    else:
        return Verdict(
            check="dmarc", state="ok", message=Text("{domain} says: {record}", domain=domain, record=found[0])
        )
    return Verdict(check="dmarc", state="warning", message=message, hint=hint)


# ---- asking


def _own_resolver() -> Resolver:
    """Return the resolver of this machine. Raises `_Silence` if its configuration cannot be read."""
    try:
        return get_default_resolver()
    except Exception as error:  # a wrong line in /etc/resolv.conf is a ValueError, an EmptyLabel and others
        raise _Silence from error


def _look_up(resolver: Resolver, domain: str, selectors: Sequence[str]) -> DomainRecords:
    """Return what DNS holds of a domain. Raises `_Silence` if it answers nothing at all."""
    _require_public(resolver, domain)
    spf, keys, dmarc = None, None, None
    includes, lookups = frozenset[str](), 0
    with suppress(_Silence):
        found = tuple(text for text in _texts(resolver, domain) if _is_spf(text))
        includes, lookups = _follow(resolver, found[0]) if len(found) == 1 else (includes, 0)
        spf = found
    with suppress(_Silence):
        keys = {selector: _has_key(resolver, f"{selector}._domainkey.{domain}") for selector in selectors}
    with suppress(_Silence):
        dmarc = _find_dmarc(resolver, domain)
    return DomainRecords(spf=spf, includes=includes, lookups=lookups, keys=keys, dmarc=dmarc)


def _require_public(resolver: Resolver, domain: str) -> None:
    """Raise `_Silence` if the resolver knows no top-level domain, as in a network that is closed or behind a portal."""
    if not _answers(resolver, domain.rpartition(".")[2], NS):
        raise _Silence


def _follow(resolver: Resolver, record: str) -> tuple[frozenset[str], int]:
    """Return the domains that an SPF record lets send by including them, directly or not, and the lookups for all."""
    seen: dict[str, None] = {}
    waiting, lookups = [record], 0
    while waiting and lookups <= MOST_LOOKUPS:
        terms = list(takewhile(lambda term: not _ALL.fullmatch(term), waiting.pop().split()[1:]))
        lookups += sum(_LOOKUP.match(term) is not None for term in terms)
        for found in filter(None, map(_INCLUDE.fullmatch, terms)):
            name = found[1].lower().rstrip(".")
            records = [] if name in seen or "%" in name else [text for text in _texts(resolver, name) if _is_spf(text)]
            if records:  # a macro is for a receiver to fill in, and a name without a record lets nobody send
                seen[name] = None
                waiting += records
    return frozenset(seen), lookups


def _has_key(resolver: Resolver, name: str) -> bool:
    """Return whether there is a DKIM key that was not revoked (RFC 6376, section 3.6.1)."""
    return any(_read_tags(text).get("p") for text in _texts(resolver, name))


def _read_tags(text: str) -> dict[str, str]:
    """Return the tags of a record of DKIM or DMARC (RFC 6376, section 3.2)."""
    pairs = (part.partition("=") for part in text.split(";"))
    return {name.strip().lower(): value.strip() for name, _, value in pairs}


def _find_dmarc(resolver: Resolver, domain: str) -> tuple[str, ...]:
    """Return the DMARC records of a domain or of the next one above it (RFC 9989, section 4.10); () without any."""
    labels = domain.split(".")
    for above in range(len(labels) - 1):
        texts = _texts(resolver, f"_dmarc.{'.'.join(labels[above:])}")
        found = tuple(text for text in texts if re.match(r"v\s*=\s*DMARC1\b", text, re.IGNORECASE))
        if found:
            return found
    return ()


def _is_spf(text: str) -> bool:
    return re.match(r"v=spf1(?!\S)", text, re.IGNORECASE) is not None


def _texts(resolver: Resolver, name: str) -> list[str]:
    """Return the TXT records of a name, on one line each and without what is not printable."""
    texts = [b"".join(answer.strings).decode("utf-8", "replace") for answer in _answers(resolver, name, TXT)]
    return ["".join(letter if letter.isprintable() else " " for letter in text).strip() for text in texts]


def _answers(resolver: Resolver, name: str, kind: RdataType) -> Sequence[Any]:
    try:
        return list(resolver.resolve(name, kind, lifetime=LIFETIME, search=False))
    except (NXDOMAIN, NoAnswer, EmptyLabel, LabelTooLong, NameTooLong):  # a name that none can have is not there
        return ()
    except (DNSException, OSError) as error:
        raise _Silence from error
