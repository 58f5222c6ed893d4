"""A DNS server on the loopback that answers from a table, and a resolver that asks it."""

from __future__ import annotations

import socketserver
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field

import dns.flags
import dns.message
import dns.rcode
import dns.rdatatype
import dns.resolver
import dns.rrset


@dataclass
class DnsServer:
    """Knows the TXT records of `texts` and the CNAMEs of `aliases`, by name, and every top-level domain of `top`.

    With `refusal` every question is answered by that code; those about `failing` names by SERVFAIL.
    """

    texts: dict[str, list[str]] = field(default_factory=dict)
    aliases: dict[str, str] = field(default_factory=dict)
    top: set[str] = field(default_factory=lambda: {"vn", "com"})
    refusal: dns.rcode.Rcode | None = None
    failing: set[str] = field(default_factory=set)
    asked: list[str] = field(default_factory=list)
    port: int = 0

    @property
    def resolver(self) -> dns.resolver.Resolver:
        """Return a resolver that asks this server only."""
        resolver = dns.resolver.Resolver(configure=False)
        resolver.nameservers, resolver.port = ["127.0.0.1"], self.port
        return resolver

    def answer(self, query: dns.message.QueryMessage) -> dns.message.Message:
        """Return the answer to a question."""
        response = dns.message.make_response(query, recursion_available=True)
        [question] = query.question
        name = question.name.to_text(omit_final_dot=True).lower()
        self.asked.append(name)
        if self.refusal is not None or name in self.failing:
            response.set_rcode(self.refusal or dns.rcode.SERVFAIL)
            return response
        if name in self.aliases:
            response.answer.append(dns.rrset.from_text(name + ".", 60, "IN", "CNAME", self.aliases[name] + "."))
            name = self.aliases[name]
        if question.rdtype == dns.rdatatype.NS and name in self.top:
            response.answer.append(dns.rrset.from_text(name + ".", 60, "IN", "NS", f"ns.{name}."))
        elif question.rdtype == dns.rdatatype.TXT and name in self.texts:
            # One string of a record holds 255 bytes at most.
            records = [" ".join(f'"{part}"' for part in _parts(text)) for text in self.texts[name]]
            response.answer.append(dns.rrset.from_text(name + ".", 60, "IN", "TXT", *records))
        elif name not in self.texts and name not in self.top:
            response.set_rcode(dns.rcode.NXDOMAIN)
        return response


def _parts(text: str) -> list[str]:
    escaped = text.replace("\\", "\\\\").replace('"', '\\"')
    return [escaped[start : start + 200] for start in range(0, len(escaped), 200)]


@contextmanager
def run_dns_server() -> Iterator[DnsServer]:
    """Run a server."""
    known = DnsServer()

    class Handler(socketserver.BaseRequestHandler):
        def handle(self) -> None:
            data, channel = self.request
            query = dns.message.from_wire(data)
            assert isinstance(query, dns.message.QueryMessage)
            channel.sendto(known.answer(query).to_wire(), self.client_address)

    with socketserver.ThreadingUDPServer(("127.0.0.1", 0), Handler) as server:
        known.port = server.server_address[1]
        thread = threading.Thread(target=server.serve_forever, args=(0.05,))
        thread.start()
        try:
            yield known
        finally:
            server.shutdown()
            thread.join()
