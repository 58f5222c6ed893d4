"""Mail servers for the tests of this folder."""

from __future__ import annotations

import ssl
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.support.dovecot import dovecot
from tests.support.mail_servers import Postfix, make_certificate, run_postfix

__all__ = ["dovecot"]


@pytest.fixture(scope="session")
def certificate(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Path]:
    """Return a certificate for localhost that nobody trusts by itself, and its key."""
    return make_certificate(tmp_path_factory.mktemp("certificate"))


@pytest.fixture(scope="session")
def server_context(certificate: tuple[Path, Path]) -> ssl.SSLContext:
    """Return what a server needs for TLS."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(*certificate)
    return context


@pytest.fixture(scope="session")
def trusting(certificate: tuple[Path, Path]) -> ssl.SSLContext:
    """Return a client's context that trusts this certificate, and checks everything."""
    return ssl.create_default_context(cafile=str(certificate[0]))


@pytest.fixture(scope="session")
def postfix() -> Iterator[Postfix]:
    """Return a running Postfix."""
    with run_postfix() as server:
        yield server
