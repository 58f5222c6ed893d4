"""Real mail programs on the loopback, each with its own configuration in a folder of its own.

`make servers` installs them on Debian. Where one is missing the test is skipped and says so;
HANCHOT_REFUSE_SKIPS=1 turns that into a failure.
"""

from __future__ import annotations

import os
import shutil
import socket
import subprocess
import tempfile
from collections.abc import Collection, Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from tests.support.polling import wait_until

NOBODY = 65534
_ADMIN = "/usr/sbin:/sbin:/usr/local/sbin"  # not on everybody's path

MAIN = """
compatibility_level = 3.6
queue_directory = {folder}/spool
data_directory = {folder}/data
maillog_file = {folder}/log
maillog_file_prefixes = {folder}
inet_interfaces = 127.0.0.1
inet_protocols = ipv4
smtp_host_lookup = native
disable_dns_lookups = yes
myhostname = mx.hanchot.example
mydomain = hanchot.example
mynetworks = 127.0.0.0/8
mydestination =
local_recipient_maps =
alias_maps =
alias_database =
virtual_mailbox_domains = regexp:{folder}/etc/domains
virtual_mailbox_base = {mailboxes}
virtual_mailbox_maps = {kind}:{folder}/etc/mailboxes
virtual_minimum_uid = 1
virtual_uid_maps = static:{nobody}
virtual_gid_maps = static:{nobody}
default_transport = error:5.7.1 nothing leaves this machine
relay_transport = error:5.7.1 nothing leaves this machine
smtpd_relay_restrictions = reject_unauth_destination
smtpd_recipient_restrictions = {unlisted}permit_mynetworks, reject
smtpd_client_connection_rate_limit = 0
smtpd_tls_cert_file = {certificate}
smtpd_tls_key_file = {key}
smtpd_tls_security_level = may
message_size_limit = 1000000
notify_classes =
smtputf8_enable = yes
"""
ACCOUNTS = """
recipient_delimiter = +
smtpd_reject_unlisted_recipient = no
header_checks = regexp:{folder}/etc/vouching
"""
SASL = """
smtpd_sasl_auth_enable = yes
smtpd_sasl_type = dovecot
smtpd_sasl_path = {socket}
smtpd_sasl_security_options = noanonymous
smtpd_sasl_response_limit = 12288
smtpd_sender_restrictions = permit_sasl_authenticated, reject
"""
MASTER = """
127.0.0.1:{port} inet n - n - - smtpd
cleanup   unix  n - n - 0 cleanup
qmgr      unix  n - n 300 1 qmgr
rewrite   unix  - - n - - trivial-rewrite
bounce    unix  - - n - 0 bounce
defer     unix  - - n - 0 bounce
trace     unix  - - n - 0 bounce
proxymap  unix  - - n - - proxymap
tlsmgr    unix  - - n 1000? 1 tlsmgr
error     unix  - - n - - error
retry     unix  - - n - - error
virtual   unix  - n n - - virtual
anvil     unix  - - n - 1 anvil
postlog   unix-dgram n - n - 1 postlogd
"""


def find_program(name: str) -> str:
    """Return where a program is; skips the test where it is missing."""
    found = shutil.which(name, path=f"{os.environ.get('PATH', '')}:{_ADMIN}")
    if found is None:
        pytest.skip(f"{name} is not installed (`make servers` installs it)")
    return found


def make_certificate(
    folder: Path, names: str = "DNS:localhost,IP:127.0.0.1", *, is_expired: bool = False
) -> tuple[Path, Path]:
    """Return a self-signed certificate for the given names, and its key."""
    certificate, key = folder / "certificate.pem", folder / "key.pem"
    command = [find_program("openssl"), "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256"]
    command += ["-nodes", "-days", "2", "-subj", "/CN=localhost", "-addext", f"subjectAltName={names}"]
    command += ["-keyout", str(key), "-out", str(certificate)]
    subprocess.run(command, check=True, capture_output=True)
    if is_expired:
        again = ["openssl", "x509", "-in", str(certificate), "-signkey", str(key), "-days", "-1"]
        again += ["-out", str(certificate)]
        subprocess.run(again, check=True, capture_output=True)
    return certificate, key


@contextmanager
def run_sink(*options: str) -> Iterator[int]:
    """Run Postfix's smtp-sink with these options and yield its port."""
    program = find_program("smtp-sink")
    port = free_port()
    user = ["-u", "nobody"] if os.getuid() == 0 else []
    process = subprocess.Popen(
        [program, *user, *options, f"127.0.0.1:{port}", "128"], stdout=subprocess.DEVNULL, stderr=subprocess.PIPE
    )
    try:
        wait_until(lambda: process.poll() is not None or answers(port), "smtp-sink listens")
        assert process.poll() is None, process.stderr and process.stderr.read()
        yield port
    finally:
        process.terminate()
        process.communicate(timeout=10)


class Postfix:
    """A running Postfix. `*@gone.example` has no mailboxes; every other address of `*.example` is one."""

    def __init__(self, folder: Path, port: int, certificate: Path) -> None:
        self.folder = folder
        self.port = port
        self.certificate = certificate

    def read_mails(self, count: int) -> list[bytes]:
        """Return all mails delivered so far, as soon as there are `count`, and empty the mailbox."""
        new = self.folder / "mail" / "all" / "new"
        wait_until(lambda: new.exists() and len(list(new.iterdir())) >= count, f"{count} mails arrive")
        files = sorted(new.iterdir())
        mails = [file.read_bytes() for file in files]
        for file in files:
            file.unlink()
        return mails


@contextmanager
def run_postfix(
    *, sasl: Path | None = None, mailboxes: Path | None = None, accounts: Collection[str] = ()
) -> Iterator[Postfix]:
    """Run a real Postfix that delivers into a Maildir; it has to be started by root.

    With a socket of Dovecot it asks there who may log in, and takes mail from nobody else. In a folder of `mailboxes`
    each of the accounts has its own; then it vouches for senders as `mx.hanchot.example`, and takes mail for
    others, too, which comes back.
    """
    program = find_program("postfix")
    if os.getuid() != 0:
        pytest.skip("Postfix can be started by root only")
    folder = Path(tempfile.mkdtemp(prefix="hanchot-postfix-"))
    try:
        more = SASL.format(socket=sasl) if sasl else ""
        more += ACCOUNTS.format(folder=folder) if mailboxes else ""
        port = _write_configuration(folder, more, mailboxes)
        if mailboxes:
            _write_accounts(folder / "etc", accounts)
        command = [program, "-c", str(folder / "etc")]
        started = subprocess.run([*command, "start"], capture_output=True, text=True, check=False)
        log = folder / "log"
        try:
            wait_until(lambda: answers(port), f"Postfix listens: {started.stderr}")
            yield Postfix(folder, port, folder / "certificate.pem")
        finally:
            subprocess.run([*command, "stop"], capture_output=True, check=False)
            pid = folder / "spool" / "pid" / "master.pid"
            if pid.exists():
                number = int(pid.read_text().strip() or 0)
                wait_until(lambda: not number or not Path(f"/proc/{number}").exists(), f"Postfix stops: {log}")
    finally:
        shutil.rmtree(folder)


def _write_configuration(folder: Path, more: str, mailboxes: Path | None) -> int:
    port = free_port()
    certificate, key = make_certificate(folder)
    for name in ("etc", "spool", "data", "mail"):
        (folder / name).mkdir()
    for path in (folder, folder / "etc", folder / "spool"):
        path.chmod(0o755)
    shutil.chown(folder / "data", "postfix")
    os.chown(folder / "mail", NOBODY, NOBODY)
    places = {"mailboxes": mailboxes or folder / "mail", "kind": "texthash" if mailboxes else "regexp"}
    places["unlisted"] = "" if mailboxes else "reject_unlisted_recipient, "
    main = MAIN.format(folder=folder, nobody=NOBODY, certificate=certificate, key=key, **places)
    (folder / "etc" / "main.cf").write_text(main + more)
    (folder / "etc" / "master.cf").write_text(MASTER.format(port=port))
    (folder / "etc" / "domains").write_text("/\\.example$/ here\n")
    (folder / "etc" / "mailboxes").write_text("!/@gone\\.example$/ all/\n")
    return port


def _write_accounts(etc: Path, accounts: Iterable[str]) -> None:
    (etc / "mailboxes").write_text("".join(f"{account} {account}/\n" for account in accounts))
    result = "PREPEND Authentication-Results: mx.hanchot.example; dmarc=pass header.from=$1"
    (etc / "vouching").write_text(f"/^From:.*@([a-z.]+)>?$/ {result}\n")


def free_port() -> int:
    """Return a port of the loopback that nobody listens on."""
    with socket.create_server(("127.0.0.1", 0)) as server:
        return int(server.getsockname()[1])


def answers(port: int) -> bool:
    """Return whether somebody greets on a port."""
    try:
        with socket.create_connection(("127.0.0.1", port), 5) as connection:
            return connection.recv(3) != b""
    except OSError:
        return False
