"""What DNS says of the sender's domain: SPF, DKIM and DMARC, by which receivers tell our mail from forged mail.

Providers refuse mail without them from some thousand mails a day on. Where DNS does not answer nothing is judged.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from dns.exception import DNSException
from dns.rdatatype import NS, TXT, RdataType
from dns.resolver import NXDOMAIN, NoAnswer, NoResolverConfiguration, Resolver, get_default_resolver

from scheduler.doctor.providers import Provider
from scheduler.doctor.verdicts import Verdict

LIFETIME = 4.0  # seconds for one question
MOST_LOOKUPS = 10  # RFC 7208, section 4.6.4
USUAL_SELECTORS = ("default", "dkim", "mail", "s1", "selector1", "google", "k1")  # where the provider is not known

_INCLUDE = re.compile(r"[+?~-]?(?:include:|redirect=)(\S+)", re.IGNORECASE)
_LOOKUP = re.compile(r"[+?~-]?(?:include:|a\b|mx\b|ptr\b|exists:)|redirect=", re.IGNORECASE)


@dataclass(frozen=True, slots=True, kw_only=True)
class DomainRecords:
    """What DNS holds of a domain.

    * `spf`: its SPF records, of which there may be one; `includes`: the domains that this one includes, directly or
      not; `lookups`: the questions that a receiver asks for it
    * `keys`: whether there is a DKIM key, by the selectors that were looked at
    * `dmarc`: the DMARC record of the domain or of one above it, "" if there is none
    """

    spf: tuple[str, ...] = ()
    includes: frozenset[str] = frozenset()
    lookups: int = 0
    keys: Mapping[str, bool] = field(default_factory=dict)
    dmarc: str = ""


class _Silence(Exception):
    """DNS gave no answer."""


def examine_sender(domain: str, provider: Provider | None, resolver: Resolver | None = None) -> Iterator[Verdict]:
    """Ask DNS about the domain of the sender, by default this machine's resolver, and yield what it says."""
    if provider is not None and provider.owns(domain):
        yield Verdict(check="spf", state="ok", message=f"{domain} is {provider.name}'s own; it proves its mail itself")
        return
    selectors = provider.selectors if provider is not None else USUAL_SELECTORS
    try:
        records = _look_up(resolver or get_default_resolver(), domain, selectors)
    except (_Silence, NoResolverConfiguration):
        message = f"not looked at, like DKIM and DMARC: DNS gives no answer about {domain}"
        yield Verdict(check="spf", state="skipped", message=message)
        return
    yield from judge_records(domain, provider, records)


def judge_records(domain: str, provider: Provider | None, records: DomainRecords) -> Iterator[Verdict]:
    """Yield a verdict for each of SPF, DKIM and DMARC."""
    yield _judge_spf(domain, provider, records)
    yield _judge_dkim(domain, provider, records)
    yield _judge_dmarc(domain, records)


def _judge_spf(domain: str, provider: Provider | None, records: DomainRecords) -> Verdict:
    include = f"include:{provider.spf}" if provider is not None else "what the provider says"
    if not records.spf:
        message = f"{domain} has no SPF record: nothing says which servers send its mail"
        hint = f'a TXT record at {domain}: "v=spf1 {include} ~all"'
        return Verdict(check="spf", state="warning", message=message, hint=hint)
    if len(records.spf) > 1:
        message = f"{domain} has {len(records.spf)} SPF records, and receivers heed none of several"
        return Verdict(check="spf", state="warning", message=message, hint="make one of them")
    if records.lookups > MOST_LOOKUPS:
        message = (
            f"the SPF record of {domain} makes receivers look up {records.lookups} names; they stop at {MOST_LOOKUPS}"
        )
        return Verdict(
            check="spf", state="warning", message=message, hint="take out what does not send for it any more"
        )
    if provider is None:
        message = f"{domain} has a record; whether it names the servers of the account was not looked at"
        return Verdict(check="spf", state="ok", message=message)
    if provider.spf not in records.includes:
        message = f"the SPF record of {domain} does not name {provider.name}: {records.spf[0]}"
        hint = f"write {include} into it, before its last word"
        return Verdict(check="spf", state="warning", message=message, hint=hint)
    return Verdict(check="spf", state="ok", message=f"{domain} lets {provider.name} send")


def _judge_dkim(domain: str, provider: Provider | None, records: DomainRecords) -> Verdict:
    found = [selector for selector, is_there in records.keys.items() if is_there]
    if found:
        return Verdict(check="dkim", state="ok", message=f"there is a key at {found[0]}._domainkey.{domain}")
    if provider is None:
        message = f"not looked at: under which selector {domain} has its key is not known"
        hint = "a mail that came back from outside shows it: s= in its DKIM-Signature"
        return Verdict(check="dkim", state="skipped", message=message, hint=hint)
    looked = " and ".join(f"{selector}._domainkey.{domain}" for selector in records.keys)
    message = f"there is no key at {looked}, where {provider.name} has it unless an administrator chose another name"
    hint = f"switch DKIM on for {domain} in the administration of {provider.name}, and publish what it shows"
    return Verdict(check="dkim", state="warning", message=message, hint=hint)


def _judge_dmarc(domain: str, records: DomainRecords) -> Verdict:
    if records.dmarc:
        return Verdict(check="dmarc", state="ok", message=f"{domain} says: {records.dmarc}")
    message = f"{domain} does not say what becomes of mail that SPF and DKIM do not prove"
    hint = f'a TXT record at _dmarc.{domain}: "v=DMARC1; p=none" to begin with'
    return Verdict(check="dmarc", state="warning", message=message, hint=hint)


# ---- asking


def _look_up(resolver: Resolver, domain: str, selectors: Sequence[str]) -> DomainRecords:
    _require_public(resolver, domain)
    spf = tuple(text for text in _texts(resolver, domain) if _is_record(text, "v=spf1"))
    includes, lookups = _follow(resolver, spf[0]) if len(spf) == 1 else (frozenset[str](), 0)
    keys = {selector: _has_key(resolver, f"{selector}._domainkey.{domain}") for selector in selectors}
    return DomainRecords(spf=spf, includes=includes, lookups=lookups, keys=keys, dmarc=_find_dmarc(resolver, domain))


def _require_public(resolver: Resolver, domain: str) -> None:
    """Raise `_Silence` if the resolver knows no top-level domain, as in a network that is closed or behind a portal."""
    if not _answers(resolver, domain.rpartition(".")[2], NS):
        raise _Silence


def _follow(resolver: Resolver, record: str) -> tuple[frozenset[str], int]:
    """Return the domains that an SPF record includes, directly or not, and the lookups for all of them."""
    seen: dict[str, None] = {}
    waiting, lookups = [record], 0
    while waiting and lookups <= MOST_LOOKUPS:
        terms = waiting.pop().split()[1:]
        lookups += sum(_LOOKUP.match(term) is not None for term in terms)
        for found in filter(None, map(_INCLUDE.fullmatch, terms)):
            name = found[1].lower().rstrip(".")
            if name not in seen and "%" not in name:  # a macro is for a receiver to fill in
                seen[name] = None
                waiting += [text for text in _texts(resolver, name) if _is_record(text, "v=spf1")]
    return frozenset(seen), lookups


def _has_key(resolver: Resolver, name: str) -> bool:
    """Return whether there is a DKIM key that was not revoked (RFC 6376, section 3.6.1)."""
    tags = [dict(part.strip().partition("=")[::2] for part in text.split(";")) for text in _texts(resolver, name)]
    return any(tag.get("p") for tag in tags)


def _find_dmarc(resolver: Resolver, domain: str) -> str:
    """Return the DMARC record of a domain or of the next one above it (RFC 9989, section 4.10); "" without any."""
    labels = domain.split(".")
    for above in range(len(labels) - 1):
        name = ".".join(labels[above:])
        found = [text for text in _texts(resolver, f"_dmarc.{name}") if _is_record(text, "v=DMARC1")]
        if found:
            return found[0]
    return ""


def _is_record(text: str, version: str) -> bool:
    return re.match(rf"{version}(?![^\s;])", text, re.IGNORECASE) is not None


def _texts(resolver: Resolver, name: str) -> list[str]:
    """Return the TXT records of a name, on one line each and without what is not printable."""
    texts = [b"".join(answer.strings).decode("utf-8", "replace") for answer in _answers(resolver, name, TXT)]
    return ["".join(letter if letter.isprintable() else " " for letter in text).strip() for text in texts]


def _answers(resolver: Resolver, name: str, kind: RdataType) -> Sequence[Any]:
    try:
        return list(resolver.resolve(name, kind, lifetime=LIFETIME, search=False))
    except (NXDOMAIN, NoAnswer):
        return ()
    except (DNSException, OSError) as error:
        raise _Silence from error
