"""What the doctor says about SPF, DKIM and DMARC of the sender's domain, by answers of a real DNS server."""

from __future__ import annotations

from collections.abc import Iterator

import dns.rcode
import dns.resolver
import pytest

from scheduler.doctor.providers import Provider, find_provider
from scheduler.doctor.sender_domain import examine_sender
from scheduler.doctor.verdicts import Verdict
from tests.support.dns_server import DnsServer, run_dns_server

DOMAIN = "coquan.vn"
MICROSOFT, GOOGLE = find_provider("smtp.office365.com"), find_provider("SMTP.gmail.com.")


@pytest.fixture
def server() -> Iterator[DnsServer]:
    """Return a running server, on which everything is as a provider wants it."""
    with run_dns_server() as known:
        known.texts = {
            DOMAIN: ["MS=ms123456", "v=spf1 include:spf.protection.outlook.com include:_spf.google.com ~all"],
            "spf.protection.outlook.com": ["v=spf1 ip4:40.92.0.0/15 -all"],
            "_spf.google.com": ["v=spf1 include:_netblocks.google.com ~all"],
            "_netblocks.google.com": ["v=spf1 ip4:35.190.247.0/24 ~all"],
            "selector1-coquan-vn._domainkey.coquan.onmicrosoft.com": ["v=DKIM1; k=rsa; p=" + "MIIBIjANBg" * 40],
            "google._domainkey.coquan.vn": ["v=DKIM1; k=rsa; p=MIIBIjANBg"],
            "_dmarc.coquan.vn": ["v=DMARC1; p=none; rua=mailto:a@coquan.vn"],
        }
        known.aliases = {
            "selector1._domainkey.coquan.vn": "selector1-coquan-vn._domainkey.coquan.onmicrosoft.com",
        }
        yield known


def examined(server: DnsServer, provider: Provider | None, domain: str = DOMAIN) -> dict[str, Verdict]:
    """Return the verdicts by check."""
    return {verdict.check: verdict for verdict in examine_sender(domain, provider, server.resolver)}


@pytest.mark.parametrize("provider", [MICROSOFT, GOOGLE])
def test_a_domain_that_is_set_up_is_well(server: DnsServer, provider: Provider) -> None:
    found = examined(server, provider)
    assert {check: verdict.state for check, verdict in found.items()} == {"spf": "ok", "dkim": "ok", "dmarc": "ok"}
    assert provider.name in found["spf"].message


def test_each_record_that_is_missing_is_told_with_what_to_write(server: DnsServer) -> None:
    server.texts = {DOMAIN: ["MS=ms123456"]}
    server.aliases = {}
    found = examined(server, MICROSOFT)
    assert {verdict.state for verdict in found.values()} == {"warning"}
    assert found["spf"].hint == 'a TXT record at coquan.vn: "v=spf1 include:spf.protection.outlook.com ~all"'
    assert "selector1._domainkey.coquan.vn and selector2._domainkey.coquan.vn" in found["dkim"].message
    assert found["dmarc"].hint.startswith('a TXT record "v=DMARC1; p=none" at _dmarc.coquan.vn')


def test_a_domain_that_is_not_there_has_no_records(server: DnsServer) -> None:
    server.texts = {}
    assert examined(server, MICROSOFT)["spf"].state == "warning"


def test_an_spf_record_without_the_provider_is_told(server: DnsServer) -> None:
    server.texts[DOMAIN] = ["v=spf1 mx include:_spf.google.com ~all"]
    spf = examined(server, MICROSOFT)["spf"]
    assert (spf.state, "does not name Microsoft 365" in spf.message) == ("warning", True)
    assert "include:spf.protection.outlook.com" in spf.hint


@pytest.mark.parametrize(
    "record",
    [
        "v=spf1 include:hoster.example.com ~all",
        "v=spf1 redirect=hoster.example.com",
        "V=SPF1 +include:HOSTER.example.com. -all",
    ],
)
def test_a_provider_that_is_included_by_another_record_counts(server: DnsServer, record: str) -> None:
    server.texts[DOMAIN] = [record]
    server.texts["hoster.example.com"] = ["v=spf1 include:spf.protection.outlook.com ~all"]
    assert examined(server, MICROSOFT)["spf"].state == "ok"


def test_several_spf_records_are_none(server: DnsServer) -> None:
    """RFC 7208, section 4.5."""
    server.texts[DOMAIN].append("v=spf1 mx ~all")
    assert "2 SPF records" in examined(server, MICROSOFT)["spf"].message


def test_an_spf_record_that_asks_too_much_is_told_and_not_followed_for_ever(server: DnsServer) -> None:
    server.texts[DOMAIN] = ["v=spf1 include:one.example.com ~all"]
    server.texts["one.example.com"] = ["v=spf1 a mx exists:%{i}.example.com include:two.example.com ~all"]
    server.texts["two.example.com"] = ["v=spf1 include:one.example.com " + "include:three.example.com " * 6 + "~all"]
    spf = examined(server, MICROSOFT)["spf"]
    assert (spf.state, "makes receivers look up 12 names" in spf.message) == ("warning", True)


def test_a_record_that_only_begins_alike_is_none(server: DnsServer) -> None:
    server.texts[DOMAIN] = ["v=spf10 include:spf.protection.outlook.com"]
    assert "no SPF record" in examined(server, MICROSOFT)["spf"].message


def test_a_key_that_was_revoked_is_none(server: DnsServer) -> None:
    server.texts["google._domainkey.coquan.vn"] = ["v=DKIM1; p="]
    assert examined(server, GOOGLE)["dkim"].state == "warning"


def test_a_policy_of_the_domain_above_counts(server: DnsServer) -> None:
    server.texts["phong.coquan.vn"] = server.texts[DOMAIN]
    assert "v=DMARC1; p=none" in examined(server, MICROSOFT, "phong.coquan.vn")["dmarc"].message


def test_of_a_hoster_nobody_knows_only_what_can_be_known_is_said(server: DnsServer) -> None:
    """Its servers are not known, nor the name of its key: that is no fault."""
    found = examined(server, None)
    assert found["spf"].state == "ok"
    assert "was not looked at" in found["spf"].message
    del server.texts["google._domainkey.coquan.vn"]
    server.aliases = {}
    dkim = examined(server, None)["dkim"]
    assert (dkim.state, dkim.message.startswith("not looked at")) == ("skipped", True)


@pytest.mark.parametrize(
    ("record", "words"),
    [
        ("v=spf1 -include:spf.protection.outlook.com ~all", "does not name"),
        ("v=spf1 -all include:spf.protection.outlook.com", "does not name"),
        ("v=spf1 include:gone.example.com ~all", "does not name"),
        ("v=spf1 include:a..b ~all", "does not name"),
        ("v=spf1 include:spf.protection.outlook.com +all", "lets everybody send"),
        ("v=spf1 include:spf.protection.outlook.com all", "lets everybody send"),
        ("v=spf1 -all", "lets nobody send"),
    ],
)
def test_an_spf_record_that_does_not_let_the_provider_send_is_told(server: DnsServer, record: str, words: str) -> None:
    server.texts[DOMAIN] = [record]
    spf = examined(server, MICROSOFT)["spf"]
    assert (spf.state, words in spf.message) == ("warning", True)


@pytest.mark.parametrize("record", ["v=spf1 include:%{ir}.spf.example.com -all", "v=spf1 ip4:40.92.0.0/15 ~all"])
def test_addresses_and_macros_in_an_spf_record_are_not_called_wrong(server: DnsServer, record: str) -> None:
    server.texts[DOMAIN] = [record]
    spf = examined(server, MICROSOFT)["spf"]
    assert (spf.state, "was not looked at" in spf.message) == ("ok", True)


@pytest.mark.parametrize(
    ("records", "words"),
    [
        (["v=DMARC1; p=none", "v=DMARC1; p=reject"], "2 DMARC records"),
        (["v=DMARC1; rua=mailto:a@coquan.vn"], "has no policy"),
        (["v=DMARC1 p=none"], "has no policy"),
    ],
)
def test_a_dmarc_record_that_receivers_do_not_heed_is_told(server: DnsServer, records: list[str], words: str) -> None:
    server.texts["_dmarc.coquan.vn"] = records
    dmarc = examined(server, MICROSOFT)["dmarc"]
    assert (dmarc.state, words in dmarc.message) == ("warning", True)


def test_a_key_with_spaces_around_its_signs_is_one(server: DnsServer) -> None:
    server.texts["google._domainkey.coquan.vn"] = ["v = DKIM1; k = rsa; p = MIIBIjANBg"]
    assert examined(server, GOOGLE)["dkim"].state == "ok"


@pytest.mark.parametrize(
    ("name", "check"),
    [("selector2._domainkey.coquan.vn", "dkim"), ("_dmarc.coquan.vn", "dmarc"), ("_spf.google.com", "spf")],
)
def test_one_name_without_an_answer_hides_nothing_else(server: DnsServer, name: str, check: str) -> None:
    server.failing = {name}
    found = examined(server, MICROSOFT)
    assert {check: "skipped"} == {name: verdict.state for name, verdict in found.items() if verdict.state != "ok"}


def test_a_resolver_s_configuration_that_cannot_be_read_is_no_fault(monkeypatch: pytest.MonkeyPatch) -> None:
    """Of the domain; `dns.resolver` reads /etc/resolv.conf when it is first asked."""

    def refuse(*_: object) -> None:
        raise ValueError("nameserver abc")

    monkeypatch.setattr(dns.resolver.Resolver, "read_resolv_conf", refuse)
    monkeypatch.setattr(dns.resolver, "default_resolver", None)
    [verdict] = examine_sender(DOMAIN, MICROSOFT)
    assert verdict.state == "skipped"


def test_the_provider_s_own_domain_is_not_asked_about(server: DnsServer) -> None:
    found = examined(server, GOOGLE, "gmail.com")
    assert ([*found], found["spf"].state, server.asked) == (["spf"], "ok", [])


@pytest.mark.parametrize("refusal", [dns.rcode.SERVFAIL, dns.rcode.REFUSED])
def test_without_an_answer_nothing_is_called_wrong(server: DnsServer, refusal: dns.rcode.Rcode) -> None:
    server.refusal = refusal
    [verdict] = examine_sender(DOMAIN, MICROSOFT, server.resolver)
    assert (verdict.state, verdict.message.startswith("not looked at")) == ("skipped", True)


def test_in_a_closed_network_that_denies_every_name_nothing_is_called_wrong(server: DnsServer) -> None:
    server.texts, server.top = {}, set()
    [verdict] = examine_sender(DOMAIN, MICROSOFT, server.resolver)
    assert verdict.state == "skipped"


def test_a_server_that_is_not_there_is_no_fault_of_the_domain(server: DnsServer) -> None:
    resolver = server.resolver
    resolver.port = 9
    [verdict] = examine_sender(DOMAIN, MICROSOFT, resolver)
    assert verdict.state == "skipped"


def test_what_a_record_holds_is_shown_on_one_line(server: DnsServer) -> None:
    server.texts["_dmarc.coquan.vn"] = ["v=DMARC1; p=none;\x1b[31m\x07 x"]
    assert examined(server, MICROSOFT)["dmarc"].message.isprintable()
