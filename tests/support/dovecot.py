"""A real Dovecot on the loopback: any account, one password, mails as files of Maildirs.

`make servers` installs it on Debian; where it is missing the test is skipped and says so.
"""

from __future__ import annotations

import grp
import os
import pwd
import shutil
import signal
import ssl
import subprocess
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from tests.support.mail_servers import NOBODY, answers, find_program, free_port, make_certificate
from tests.support.polling import wait_until

PASSWORD = "mật-khẩu"
CONFIGURATION = """
base_dir = {folder}/run
state_dir = {folder}/state
log_path = {folder}/log
listen = 127.0.0.1
protocols = imap
default_internal_user = {user}
default_internal_group = {group}
default_login_user = {user}
first_valid_uid = 1
first_valid_gid = 1
ssl = {tls}
ssl_cert = <{certificate}
ssl_key = <{key}
disable_plaintext_auth = no
auth_failure_delay = 0
mail_location = maildir:{folder}/mail/%u
mail_max_userip_connections = 0
{tokens}
passdb {{
  driver = static
  mechanisms = plain login
  args = password={password}
}}
userdb {{
  driver = static
  args = uid={user} gid={group} home={folder}/mail/%u
}}
namespace inbox {{
  inbox = yes
  separator = /
}}
service anvil {{
  chroot =
  unix_listener anvil-auth-penalty {{
    mode = 0
  }}
}}
service auth {{
  unix_listener {folder}/sasl {{
    mode = 0666
  }}
}}
service stats {{
  chroot =
}}
service imap-login {{
  chroot =
  inet_listener imap {{
    port = {port}
  }}
  inet_listener imaps {{
    port = {tls_port}
    ssl = yes
  }}
}}
"""

TOKENS = """
auth_mechanisms = plain login xoauth2 oauthbearer
passdb {{
  driver = oauth2
  mechanisms = xoauth2 oauthbearer
  args = {folder}/oauth2.conf
}}
"""
OAUTH2 = """
introspection_mode = get
introspection_url = {url}?token=
username_attribute = username
active_attribute = active
active_value = true
"""


class Dovecot:
    """A running Dovecot, in plain (and by STARTTLS) on `port`, in TLS on `tls_port`."""

    def __init__(self, folder: Path, process: subprocess.Popen[bytes], port: int, tls_port: int) -> None:
        self.folder = folder
        self.port = port
        self.tls_port = tls_port
        self._process = process
        self._delivered = 0

    @property
    def sasl(self) -> Path:
        """Return the socket at which a Postfix asks it who somebody is."""
        return self.folder / "sasl"

    @property
    def trusting(self) -> ssl.SSLContext:
        """Return a client's context that trusts its certificate, and checks everything."""
        return ssl.create_default_context(cafile=str(self.folder / "certificate.pem"))

    def keep(self, account: str, folder: str, message_id: str) -> Path:
        """Put a mail into an account's folder, by its name on the disk, and return its file."""
        return self.deliver(account, f"Subject: x\r\nMessage-ID: {message_id}\r\n\r\nx\r\n".encode(), folder)

    def deliver(self, account: str, mail: bytes, folder: str = "") -> Path:
        """Deliver a mail into an account's folder, by its name on the disk ("": INBOX), and return its file."""
        root = self.folder / "mail" / account
        place = root / folder
        for path in (root, place, *(place / name for name in ("cur", "new", "tmp"))):
            if not path.exists():
                path.mkdir()
                _give_away(path)
        self._delivered += 1
        draft = place / "tmp" / f"{self._delivered}.hanchot"
        draft.write_bytes(mail)
        _give_away(draft)
        return draft.rename(place / "new" / draft.name)

    def rebuild(self, account: str, folder: str = "") -> None:
        """Let the server number the mails of a folder anew, as after a move to another machine."""
        place = self.folder / "mail" / account / folder
        for file in place.glob("dovecot*"):
            file.unlink()

    @contextmanager
    def frozen(self) -> Iterator[None]:
        """Let no process of it do anything for the time of a block; connections are still taken by the system."""
        os.killpg(self._process.pid, signal.SIGSTOP)
        try:
            yield
        finally:
            os.killpg(self._process.pid, signal.SIGCONT)


@contextmanager
def run_dovecot(*, tls: str = "yes", introspection: str = "") -> Iterator[Dovecot]:
    """Run a Dovecot with or without TLS, as nobody where we are root.

    With the address of an `introspection` it takes access tokens, too, and asks there what they are.
    """
    program = find_program("dovecot")
    folder = Path(tempfile.mkdtemp(prefix="hanchot-dovecot-"))
    try:
        for path in (folder, *(folder / name for name in ("run", "state", "mail"))):
            path.mkdir(exist_ok=True)
            _give_away(path)
        folder.chmod(0o755)  # a Postfix asks at a socket in it
        certificate, key = make_certificate(folder)
        _give_away(key)
        port, tls_port = free_port(), free_port()
        owner = folder.stat()
        (folder / "oauth2.conf").write_text(OAUTH2.format(url=introspection))
        (folder / "dovecot.conf").write_text(
            CONFIGURATION.format(
                folder=folder,
                user=pwd.getpwuid(owner.st_uid).pw_name,
                group=grp.getgrgid(owner.st_gid).gr_name,
                tls=tls,
                tokens=TOKENS.format(folder=folder) if introspection else "",
                certificate=certificate,
                key=key,
                password=PASSWORD,
                port=port,
                tls_port=tls_port,
            )
        )
        command = [program, "-F", "-c", str(folder / "dovecot.conf")]
        is_root = os.getuid() == 0
        with (folder / "output").open("wb") as output:
            process = subprocess.Popen(
                command,
                stdout=output,
                stderr=output,
                start_new_session=True,
                user=owner.st_uid if is_root else None,
                group=owner.st_gid if is_root else None,
                extra_groups=() if is_root else None,
            )
        try:
            wait_until(lambda: process.poll() is not None or answers(port), "Dovecot listens")
            assert process.poll() is None, (folder / "output").read_text() + (folder / "log").read_text()
            yield Dovecot(folder, process, port, tls_port)
        finally:
            process.terminate()
            process.wait(timeout=10)
    finally:
        shutil.rmtree(folder)


@pytest.fixture(scope="session")
def dovecot() -> Iterator[Dovecot]:
    """Return a running Dovecot."""
    with run_dovecot() as server:
        yield server


def _give_away(path: Path) -> None:
    if os.getuid() == 0:
        os.chown(path, NOBODY, NOBODY)
