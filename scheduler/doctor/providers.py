"""What is known of providers of mail accounts: their limits, and what the DNS of a sender's domain says of them."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from scheduler.doctor.verdicts import Verdict
from scheduler.queries.mail_limits import Limits
from scheduler.texts import Text


@dataclass(frozen=True, slots=True, kw_only=True)
class Provider:
    """A provider, known by the hosts that take its mail.

    * `most_per_minute`: messages that it takes from a mailbox in a minute, 0 if it does not say; `per_minute` keeps a
      distance from it
    * `most_per_day`: recipients in 24 hours; `free_per_day`: those of an address in its own `domains`
    * `spf`: what the SPF record of a sender's domain includes
    * `selectors`: under which it publishes DKIM keys, unless an administrator chose another
    """

    name: str
    hosts: tuple[str, ...]
    domains: tuple[str, ...] = ()
    most_per_minute: int = 0
    per_minute: int = 0
    most_per_day: int = 0
    free_per_day: int = 0
    spf: str = ""
    selectors: tuple[str, ...] = ()

    def owns(self, domain: str) -> bool:
        """Return whether addresses of a domain are this provider's own."""
        return domain.lower() in self.domains


PROVIDERS = (
    Provider(
        name="Microsoft 365",
        hosts=("smtp.office365.com", "smtp-mail.outlook.com"),
        domains=("outlook.com", "hotmail.com", "live.com", "msn.com"),
        most_per_minute=30,  # learn.microsoft.com, "Exchange Online limits", sending limits
        per_minute=25,
        most_per_day=10_000,
        free_per_day=300,
        spf="spf.protection.outlook.com",
        selectors=("selector1", "selector2"),
    ),
    Provider(
        name="Google",
        hosts=("smtp.gmail.com",),
        domains=("gmail.com", "googlemail.com"),
        most_per_day=2_000,  # support.google.com/a/answer/166852
        free_per_day=500,
        spf="_spf.google.com",
        selectors=("google",),
    ),
)


def find_provider(host: str) -> Provider | None:
    """Return the provider whose mail server a host is; None if it is not known here."""
    return next((provider for provider in PROVIDERS if host.lower().rstrip(".") in provider.hosts), None)


def judge_provider_limits(provider: Provider | None, username: str, limits: Limits) -> Iterator[Verdict]:
    """Yield a warning for each limit that lets more mails leave than the provider of the account takes."""
    if provider is None:
        return
    if provider.most_per_minute and not 0 < limits.per_minute < provider.most_per_minute:
        allowed = (
            Text("per_minute is {per_minute}", per_minute=limits.per_minute)
            if limits.per_minute
            else Text("per_minute sets no limit")
        )
        message = Text(
            "{name} takes {most_per_minute} messages a minute from a mailbox, and {allowed}",
            name=provider.name,
            most_per_minute=provider.most_per_minute,
            allowed=allowed,
        )
        hint = Text("set per_minute = {per_minute} in [mail.limits]", per_minute=provider.per_minute)
        yield Verdict(check="limits", state="warning", message=message, hint=hint)
    most = provider.free_per_day if provider.owns(username.rpartition("@")[2]) else provider.most_per_day
    together = limits.per_day + limits.urgent_per_day
    if not limits.per_day or together > most:
        allowed = Text("{together} may leave", together=together) if limits.per_day else Text("per_day sets no limit")
        message = Text(
            "{name} takes {most:,} recipients in 24 hours from such an account, and {allowed}",
            name=provider.name,
            most=most,
            allowed=allowed,
        )
        hint = Text(
            "set per_day = {value} in [mail.limits]; sign-in links and summaries come on top",
            value=most - limits.urgent_per_day,
        )
        yield Verdict(check="limits", state="warning", message=message, hint=hint)
