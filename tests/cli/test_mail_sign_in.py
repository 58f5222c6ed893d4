"""`hanchot mail sign-in`: a person signs in to Microsoft in a browser, and the daemon goes on by itself."""

from __future__ import annotations

import stat
from collections.abc import Iterator

import pytest

from scheduler.bootstrap.token_sources import hold_tokens
from scheduler.config import load_settings
from scheduler.errors import ExitCode
from tests.cli.conftest import Office, environment
from tests.support.microsoft import APPLICATION, Microsoft, run_microsoft

USER = "office@hanchot.example"


@pytest.fixture
def microsoft(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Microsoft]:
    """Return a running tenant, whose certificate this process accepts."""
    with run_microsoft(tmp_path_factory.mktemp("tenant")) as provider:
        trust = str(provider.certificate)
        with environment(REQUESTS_CA_BUNDLE=trust, SSL_CERT_FILE=trust):
            yield provider


def use_tokens(office: Office, microsoft: Microsoft, *, url: str = "", inbox: str = "", file: str = "refresh") -> None:
    """Let an office send by the tokens of a person."""
    token = f'url = "{url or microsoft.url}"\nclient_id = "{APPLICATION}"\n'
    login = f'host = "127.0.0.1"\nport = 9\nsecurity = "none"\nauth = "xoauth2"\nusername = "{USER}"\n'
    (office.folder / "config.toml").write_text(
        f'[mail]\ntransport = "smtp"\nfrom = "{USER}"\n[mail.smtp]\n{login}'
        f'[mail.smtp.token]\n{token}refresh_token_file = "{file}"\n'
        + (f'[inbox]\n{login}[inbox.token]\n{token}refresh_token_file = "{inbox}"\n' if inbox else ""),
        encoding="utf-8",
    )


def test_who_signs_in_by_a_code_lets_the_daemon_send(open_office: Office, microsoft: Microsoft) -> None:
    use_tokens(open_office, microsoft)
    result = open_office("mail", "sign-in")
    assert (result.code, result.err) == (ExitCode.DONE, "")
    assert f"Open https://login.microsoft.com/device, enter the code GDNK7L2RX and sign in as {USER}." in result.out
    assert "1.refresh-by-code" not in result.out
    file = open_office.folder / "refresh"
    assert (file.read_text(), stat.S_IMODE(file.stat().st_mode)) == ("1.refresh-by-code\n", 0o600)
    asked = microsoft.asked[0]
    assert asked["client_id"] == APPLICATION
    assert set(asked["scope"].split()) == {
        "https://outlook.office.com/SMTP.Send",
        "offline_access",
        "openid",
        "profile",
    }
    settings = load_settings(open_office.folder / "config.toml", {})
    tokens = hold_tokens(settings, settings.mail.smtp, "mail.smtp")
    assert tokens is not None
    assert tokens.get().value == "opaque-token"


def test_before_the_first_start_the_folder_is_made_for_its_owner_only(
    open_office: Office, microsoft: Microsoft
) -> None:
    use_tokens(open_office, microsoft, file="var/refresh-token")
    assert open_office("mail", "sign-in").code == ExitCode.DONE
    assert stat.S_IMODE((open_office.folder / "var").stat().st_mode) == 0o700


def test_one_sign_in_serves_sending_and_the_mailbox(open_office: Office, microsoft: Microsoft) -> None:
    use_tokens(open_office, microsoft, inbox="refresh")
    result = open_office("mail", "sign-in")
    assert result.out.count("enter the code") == 1
    assert "https://outlook.office.com/IMAP.AccessAsUser.All" in microsoft.asked[0]["scope"]


def test_accounts_with_files_of_their_own_are_signed_in_to_one_by_one(
    open_office: Office, microsoft: Microsoft
) -> None:
    use_tokens(open_office, microsoft, inbox="other")
    assert open_office("mail", "sign-in").out.count("enter the code") == 2
    assert (open_office.folder / "other").read_text() == "1.refresh-by-code\n"


def test_another_person_than_the_mailbox_is_remarked(open_office: Office, microsoft: Microsoft) -> None:
    microsoft.user = "director@hanchot.example"
    use_tokens(open_office, microsoft)
    result = open_office("mail", "sign-in")
    assert result.code == ExitCode.DONE
    assert "director@hanchot.example signed in, and the mailbox is office@hanchot.example" in result.out


@pytest.mark.parametrize(
    ("refusal", "words"),
    [
        ({"error": "authorization_declined", "error_description": "AADSTS70018: declined."}, "did not agree"),
        ({"error": "expired_token", "error_description": "AADSTS70020: the code has expired."}, "has ended"),
        (
            {"error": "invalid_client", "error_description": "AADSTS7000218: must contain client_assertion."},
            "allow public client flows",
        ),
        ({"error": "invalid_grant", "error_description": "AADSTS65001: not consented."}, "administrator grants it"),
    ],
)
def test_a_sign_in_that_fails_is_told_and_leaves_what_was_there(
    open_office: Office, microsoft: Microsoft, refusal: dict[str, str], words: str
) -> None:
    use_tokens(open_office, microsoft)
    (open_office.folder / "refresh").write_text("older")
    microsoft.refusal = refusal
    result = open_office("mail", "sign-in")
    assert result.code == ExitCode.FAILED
    assert words in " ".join(result.err.split())
    assert (open_office.folder / "refresh").read_text() == "older"
    assert [path.name for path in open_office.folder.glob("refresh*")] == ["refresh"]


def test_an_application_that_is_not_known_is_told_before_anybody_is_asked(
    open_office: Office, microsoft: Microsoft
) -> None:
    use_tokens(open_office, microsoft)
    microsoft.no_code = {"error": "unauthorized_client", "error_description": "AADSTS700016: not found in the tenant."}
    result = open_office("mail", "sign-in")
    assert "enter the code" not in result.out
    assert "mail.smtp.token.client_id" in result.err


@pytest.mark.parametrize(
    ("url", "words"),
    [
        ("https://oauth2.googleapis.com/token", "is no address of Microsoft"),
        ("https://localhost:9/tenant/oauth2/v2.0/token", "cannot be reached"),
        ("{other}", "check the tenant"),
    ],
)
def test_an_address_where_nobody_can_sign_in_is_told(
    open_office: Office, microsoft: Microsoft, url: str, words: str
) -> None:
    other = f"https://localhost:{microsoft.port}/nobody/oauth2/v2.0/token"
    use_tokens(open_office, microsoft, url=url.format(other=other))
    result = open_office("mail", "sign-in")
    assert result.code == ExitCode.FAILED
    assert words in " ".join(result.err.split())


def test_what_cannot_take_its_place_is_kept_and_named(open_office: Office, microsoft: Microsoft) -> None:
    """Somebody has signed in for it."""
    use_tokens(open_office, microsoft)
    (open_office.folder / "refresh").mkdir()
    result = open_office("mail", "sign-in")
    assert result.code == ExitCode.FAILED
    [draft] = [path for path in open_office.folder.glob("refresh.*") if path.suffix != ".lock"]
    assert draft.read_text() == "1.refresh-by-code\n"
    assert f"it lies in {draft}" in " ".join(result.err.split())


@pytest.mark.parametrize("code", [{"user_code": "A"}, {"user_code": "A", "verification_uri": "x", "interval": "y"}])
def test_an_answer_that_microsoft_would_not_give_is_told(
    open_office: Office, microsoft: Microsoft, code: dict[str, str]
) -> None:
    use_tokens(open_office, microsoft)
    microsoft.no_code = code
    result = open_office("mail", "sign-in")
    assert "does not answer as Microsoft does" in " ".join(result.err.split())


def test_names_of_the_provider_are_shown_on_one_line(open_office: Office, microsoft: Microsoft) -> None:
    microsoft.user = "root\nSigned in; all is well\x1b[1m"
    use_tokens(open_office, microsoft)
    out = open_office("mail", "sign-in").out
    assert "\nSigned in; all" not in out
    assert "\x1b" not in out


def test_nobody_signs_in_where_the_token_could_not_be_kept(open_office: Office, microsoft: Microsoft) -> None:
    use_tokens(open_office, microsoft, file="config.toml/refresh")
    result = open_office("mail", "sign-in")
    assert "could not be kept beside" in result.err
    assert microsoft.asked == []


def test_without_an_account_of_a_person_there_is_nothing_to_sign_in_to(open_office: Office) -> None:
    result = open_office("mail", "sign-in")
    assert result.code == ExitCode.FAILED
    assert "no refresh_token_file is named" in result.err


def test_before_the_sign_in_the_doctor_names_the_command(open_office: Office, microsoft: Microsoft) -> None:
    use_tokens(open_office, microsoft)
    [mail] = [row for row in open_office("doctor", "--format", "json").rows if row["check"] == "mail"]
    assert mail["state"] == "error"
    assert "there is no refresh token yet" in mail["message"]
    assert "`hanchot mail sign-in` writes it" in mail["message"]
    assert "check host" not in mail["hint"]
