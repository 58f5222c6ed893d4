"""Settings: a file, the environment, and everything that can be wrong with them."""

from __future__ import annotations

import stat
import threading
from datetime import time, timedelta
from pathlib import Path

import pytest

from scheduler.config import Settings, load_settings, read_secret, read_span
from scheduler.errors import ExitCode, InvalidInput, NoPassword, UserError


def write(folder: Path, text: str) -> Path:
    """Return a configuration file with these words."""
    file = folder / "config.toml"
    file.write_text(text, encoding="utf-8")
    return file


def refusal(file: Path, **environment: str) -> list[tuple[str | None, str, str | None]]:
    """Return (key, message, hint) of each problem that a configuration is refused for."""
    with pytest.raises(InvalidInput) as refused:
        load_settings(file, environment)
    assert refused.value.exit_code == ExitCode.WRONG_INPUT
    return [(problem.key, problem.message, problem.hint) for problem in refused.value.problems]


def test_an_empty_file_gives_the_defaults(tmp_path: Path) -> None:
    """Every key may be left out."""
    assert load_settings(write(tmp_path, ""), {}) == Settings(folder=tmp_path)


def test_keys_of_the_file_win_over_the_defaults(tmp_path: Path) -> None:
    """`from` is a word of Python, so it has another name inside."""
    settings = load_settings(write(tmp_path, '[mail]\nfrom = "a@b.vn"\n[operators]\nemails = ["c@d.vn"]'), {})
    assert (settings.mail.sender, settings.operators.addresses) == ("a@b.vn", ["c@d.vn"])


def test_the_environment_wins_over_the_file(tmp_path: Path) -> None:
    """Lists are words between commas; variables of other names are nobody's business."""
    settings = load_settings(
        write(tmp_path, '[mail]\nfrom = "a@b.vn"'),
        {"HANCHOT_MAIL__FROM": "x@y.vn", "HANCHOT_OPERATORS__EMAILS": "a@b.vn, c@d.vn,", "HANCHOT_GOLDEN": "1"},
    )
    assert (settings.mail.sender, settings.operators.addresses) == ("x@y.vn", ["a@b.vn", "c@d.vn"])


def test_an_operator_may_have_a_name_beside_the_address(tmp_path: Path) -> None:
    """Who is named in both lists may act."""
    text = '[operators]\nemails = ["Nguyễn Thị Lan <lan@b.vn>", "c@d.vn"]\nreaders = ["Hiệu trưởng <h@b.vn>", "c@d.vn"]'
    people = load_settings(write(tmp_path, text), {}).operators
    assert [(one.name, one.address) for one in people.emails] == [("Nguyễn Thị Lan", "lan@b.vn"), ("", "c@d.vn")]
    assert (people.addresses, people.readers_only) == (["lan@b.vn", "c@d.vn"], ["h@b.vn"])
    assert [str(one) for one in people.emails] == ["Nguyễn Thị Lan <lan@b.vn>", "c@d.vn"]


@pytest.mark.parametrize("wrong", ["A <a@b.vn", "A <>", "<a b@c.vn>", "A <a@b.vn> <c@d.vn>", "a@b.vn>"])
def test_an_operator_without_a_sound_address_is_refused(tmp_path: Path, wrong: str) -> None:
    [(key, message, _)] = refusal(write(tmp_path, f'[operators]\nreaders = ["{wrong}"]'))
    assert (key, "is not an address" in message) == ("operators.readers.0", True)


def test_the_address_of_a_domain_with_accents_becomes_ascii(tmp_path: Path) -> None:
    """As in a roster; no address to reply to is none."""
    file = write(tmp_path, '[mail]\nfrom = "VT@Trường.vn"\n[operators]\nemails = ["a@sở.vn"]')
    settings = load_settings(file, {})
    assert (settings.mail.sender, settings.operators.addresses) == ("VT@xn--trng-rib8295b.vn", ["a@xn--s-lym.vn"])
    assert settings.mail.reply_to == ""


@pytest.mark.parametrize("wrong", ["a", "@b.vn", "a@b.vn\\nBcc: c@d.vn", '\\"a b\\"@c.vn', "thơ@b.vn", "a@b..vn"])
def test_what_is_no_address_is_refused_before_a_mail_needs_it(tmp_path: Path, wrong: str) -> None:
    """Each by its key."""
    file = write(
        tmp_path, f'[mail]\nfrom = "{wrong}"\nreply_to = "{wrong}"\n[operators]\nemails = ["a@b.vn", "{wrong}"]'
    )
    found = refusal(file)
    assert [key for key, _, _ in found] == ["mail.from", "mail.reply_to", "operators.emails.1"]
    assert all("is not an address" in message for _, message, _ in found)


def test_paths_are_relative_to_the_file(tmp_path: Path) -> None:
    """So a daemon may be started from anywhere; absolute paths stay."""
    settings = load_settings(write(tmp_path, ""), {})
    assert settings.resolve("var") == tmp_path / "var"
    assert settings.resolve("/srv/var") == Path("/srv/var")


@pytest.mark.parametrize(
    ("url", "resolved"),
    [
        ("sqlite:///var/hanchot.db", "sqlite:///{folder}/var/hanchot.db"),
        ("sqlite:////srv/hanchot.db", "sqlite:////srv/hanchot.db"),
        ("sqlite://", "sqlite://"),
        ("postgresql+psycopg://user@host/name", "postgresql+psycopg://user@host/name"),
    ],
)
def test_a_relative_database_file_is_resolved_and_nothing_else(tmp_path: Path, url: str, resolved: str) -> None:
    """Four slashes make an absolute path."""
    settings = load_settings(write(tmp_path, f'[database]\nurl = "{url}"'), {})
    assert settings.database_url == resolved.format(folder=tmp_path)


def test_unknown_keys_are_refused_by_their_path(tmp_path: Path) -> None:
    """All of them at once, each with the near name."""
    file = write(tmp_path, '[mial]\nx = 1\n[mail]\nform = "a"\n[paths]\nzzz = 1')
    assert refusal(file) == [
        ("paths.zzz", "unknown key", "there are: workflows, templates, data"),
        ("mail.form", "unknown key", "did you mean from?"),
        ("mial", "unknown key", "did you mean mail?"),
    ]


@pytest.mark.parametrize("key", ["folder = 'x'", "[folder]\nx = 1", "[mail]\nsender = 'a@b.vn'"])
def test_names_that_exist_only_inside_are_unknown_keys(tmp_path: Path, key: str) -> None:
    """What is not in the shipped file is not a key."""
    assert [message for _, message, _ in refusal(write(tmp_path, key))] == ["unknown key"]


def test_wrong_values_are_refused_by_their_path(tmp_path: Path) -> None:
    """A table that is no table, a list that is a number, a word that is no choice."""
    keys = [key for key, _, _ in refusal(write(tmp_path, 'mail = 3\n[paths]\nworkflows = 3\n[engine]\nkind = "cron"'))]
    assert keys == ["paths.workflows", "engine.kind", "mail"]


def test_a_wrong_variable_is_named_instead_of_the_file(tmp_path: Path) -> None:
    """A person looks where the value came from."""
    ((key, _, hint),) = refusal(write(tmp_path, ""), HANCHOT_MAIL__TRANSPORT="pigeon")
    assert (key, hint) == ("HANCHOT_MAIL__TRANSPORT", "the variable overrides the file")


@pytest.mark.parametrize("name", ["HANCHOT_MAIL__FORM", "HANCHOT_MIAL__FROM", "HANCHOT_FOLDER__X"])
def test_a_variable_that_names_no_key_is_refused(tmp_path: Path, name: str) -> None:
    """A slip in a unit file would otherwise go unnoticed."""
    ((key, message, _),) = refusal(write(tmp_path, ""), **{name: "x"})
    assert (key, message) == (name, "names no setting")


def test_a_variable_over_something_that_is_no_table_is_told_once(tmp_path: Path) -> None:
    """The file is what is wrong."""
    assert [key for key, _, _ in refusal(write(tmp_path, "mail = 3"), HANCHOT_MAIL__FROM="a@b.vn")] == ["mail"]


def test_a_syntax_error_shows_its_line(tmp_path: Path) -> None:
    """In our words, with the source."""
    file = write(tmp_path, "[mail]\nfrom = \n")
    with pytest.raises(InvalidInput) as refused:
        load_settings(file, {})
    (problem,) = refused.value.problems
    assert (problem.line, problem.hint) == (2, "line 2 reads: from =")
    assert "is not valid TOML" in problem.message


def test_a_file_that_is_no_text_is_refused(tmp_path: Path) -> None:
    """Saved in an old encoding, for example."""
    file = tmp_path / "config.toml"
    file.write_bytes("organisation = 'Cụm'".encode("utf-16"))
    assert refusal(file) == [(None, "is not text in UTF-8", "save it as UTF-8")]


def test_what_is_not_a_file_is_refused(tmp_path: Path) -> None:
    """A folder cannot be read; a missing file is something else."""
    assert refusal(tmp_path)[0][1] == f"cannot read {tmp_path}: Is a directory"
    assert refusal(tmp_path / "nope.toml")[0][1] == f"no configuration at {tmp_path / 'nope.toml'}"


def test_a_secret_is_made_once_for_its_owner_only(tmp_path: Path) -> None:
    """64 hexadecimal digits that stay the same."""
    file = tmp_path / "var" / "secret"
    secret = read_secret(file)
    assert (len(secret), stat.S_IMODE(file.stat().st_mode)) == (64, 0o600)
    assert read_secret(file) == secret
    assert list(file.parent.iterdir()) == [file]


def test_processes_that_start_together_agree_on_the_secret(tmp_path: Path) -> None:
    """The first one to put its file in place wins; nobody reads half a file."""
    start = threading.Barrier(8)
    found: list[bytes] = []

    def look() -> None:
        start.wait()
        found.append(read_secret(tmp_path / "secret"))

    threads = [threading.Thread(target=look) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert (len(found), len(set(found))) == (8, 1)


def test_a_short_secret_is_refused(tmp_path: Path) -> None:
    """An empty file would make ids that anybody can guess."""
    (tmp_path / "secret").write_text("abc", encoding="utf-8")
    with pytest.raises(UserError, match="is too short"):
        read_secret(tmp_path / "secret")


@pytest.mark.parametrize(
    ("name", "words"), [("file/secret", "cannot write the secret"), (".", "cannot read the secret")]
)
def test_a_secret_that_cannot_be_kept_is_explained(tmp_path: Path, name: str, words: str) -> None:
    """A file where its folder should be, a folder where it should be."""
    (tmp_path / "file").touch()
    with pytest.raises(UserError, match=words) as refused:
        read_secret(tmp_path / name)
    assert "web.secret_file" in str(refused.value)


SMTP = '[mail]\ntransport = "smtp"\n[mail.smtp]\nhost = "mail.coquan.vn"\n'


def test_a_section_within_a_section_can_be_overridden(tmp_path: Path) -> None:
    """HANCHOT_MAIL__SMTP__PASSWORD: as many levels as the key has; numbers are read as such."""
    variables = {
        "HANCHOT_MAIL__TRANSPORT": "smtp",
        "HANCHOT_MAIL__SMTP__HOST": "mail.coquan.vn",
        "HANCHOT_MAIL__SMTP__PORT": "2525",
        "HANCHOT_MAIL__SMTP__USERNAME": "van-thu",
        "HANCHOT_MAIL__SMTP__PASSWORD": "s3cret",
        "HANCHOT_MAIL__LIMITS__PER_DAY": "0",
    }
    mail = load_settings(write(tmp_path, '[mail.smtp]\nhost = "x"\nusername = "y"'), variables).mail
    assert (mail.smtp.host, mail.smtp.usual_port, mail.smtp.username) == ("mail.coquan.vn", 2525, "van-thu")
    assert (mail.smtp.password.get_secret_value(), mail.limits.per_day) == ("s3cret", 0)


@pytest.mark.parametrize(
    "name", ["HANCHOT_MAIL__SMTP", "HANCHOT_MAIL__SMTP__PASWORD", "HANCHOT_MAIL__SMTP__HOST__X", "HANCHOT_MAIL__"]
)
def test_a_variable_of_a_wrong_depth_names_no_key(tmp_path: Path, name: str) -> None:
    """A section is no key, and a key no section."""
    ((key, message, hint),) = refusal(write(tmp_path, ""), **{name: "x"})
    assert (key, message) == (name, "names no setting")
    assert hint is not None
    assert "HANCHOT_MAIL__" in hint


def test_a_variable_below_something_that_is_no_table_is_told_once(tmp_path: Path) -> None:
    """The file is what is wrong."""
    file = write(tmp_path, "[mail]\nsmtp = 3")
    assert [key for key, _, _ in refusal(file, HANCHOT_MAIL__SMTP__HOST="x")] == ["mail.smtp"]


def test_keys_of_inner_sections_are_refused_by_their_path(tmp_path: Path) -> None:
    """With the near names of their own section."""
    file = write(tmp_path, '[mail.smtp]\nhots = "x"\nport = 70000\nsecurity = "ssl"\n[mail.limits]\nper_minute = -1')
    found = {key: (message, hint) for key, message, hint in refusal(file)}
    assert found["mail.smtp.hots"] == ("unknown key", "did you mean host or port?")
    assert set(found) == {"mail.smtp.hots", "mail.smtp.port", "mail.smtp.security", "mail.limits.per_minute"}


@pytest.mark.parametrize(("security", "port"), [("starttls", 587), ("tls", 465), ("none", 25)])
def test_the_usual_port_follows_from_the_security(tmp_path: Path, security: str, port: int) -> None:
    """Nobody has to know it."""
    settings = load_settings(write(tmp_path, f'{SMTP}security = "{security}"'), {})
    assert settings.mail.smtp.usual_port == port


@pytest.mark.parametrize(
    ("text", "keys"),
    [
        ('[mail]\ntransport = "smtp"', ["mail.smtp.host"]),
        (SMTP + 'password = "a"', ["mail.smtp.username"]),
        (SMTP + 'username = "a"\npassword = "b"\npassword_file = "c"', ["mail.smtp.password_file"]),
        ('[mail]\ntransport = "smtp"\n[mail.smtp]\nusername = "a"', ["mail.smtp.host"]),
    ],
)
def test_keys_that_contradict_each_other_are_refused_by_path(tmp_path: Path, text: str, keys: list[str]) -> None:
    """Each by itself would be sound."""
    found = refusal(write(tmp_path, text))
    assert [key for key, _, _ in found] == keys
    assert all(hint for _, _, hint in found)


def test_the_server_of_an_unused_transport_may_be_incomplete(tmp_path: Path) -> None:
    """It is prepared in peace."""
    settings = load_settings(write(tmp_path, '[mail.smtp]\nusername = "a"'), {})
    assert settings.mail.transport == "maildir"


def test_a_password_is_never_shown(tmp_path: Path) -> None:
    """Not by the settings themselves, not by what is wrong with them; one in a database's address neither."""
    file = write(tmp_path, SMTP + 'username = "a"\npassword = "s3cret"')
    settings = load_settings(file, {"HANCHOT_DATABASE__URL": "postgresql+psycopg://u:s3cret@h/n"})
    assert "s3cret" not in repr(settings) + str(settings) + settings.model_dump_json(include={"mail"})
    assert settings.smtp_password() == "s3cret"
    file.write_text('[mail.smtp]\npassword = ["s3cret"]\nuser = "s3cret"', encoding="utf-8")
    assert "s3cret" not in str(refusal(file))


def test_a_password_is_read_from_its_file(tmp_path: Path) -> None:
    """Relative to the configuration; the line's end does not belong to it, spaces do."""
    settings = load_settings(write(tmp_path, SMTP + 'username = "a"\npassword_file = "pw"'), {})
    (tmp_path / "pw").write_text(" mật khẩu \r\n", encoding="utf-8")
    assert settings.smtp_password() == " mật khẩu "


def test_a_password_that_is_missing_is_asked_for_by_whoever_needs_it(tmp_path: Path) -> None:
    """A unit may hand it to the daemon alone; that is no mistake of the file."""
    settings = load_settings(write(tmp_path, SMTP + 'username = "a"\n' + INBOX + 'sent = "Sent"'), {})
    for key, read in (("mail.smtp", settings.smtp_password), ("inbox", settings.inbox_password)):
        with pytest.raises(NoPassword, match=rf"{key}\.password: is missing") as refused:
            read()
        assert refused.value.exit_code == ExitCode.WRONG_INPUT
        assert f"{key}.password_file" in str(refused.value)


def test_without_a_login_there_is_no_password(tmp_path: Path) -> None:
    """A relay on this machine asks for none."""
    assert load_settings(write(tmp_path, SMTP), {}).smtp_password() == ""


@pytest.mark.parametrize(
    ("content", "words"),
    [
        (None, "No such file"),
        (b"", "is empty"),
        (b"\n", "is empty"),
        (b"one\ntwo\n", "more than one line"),
        (b"\xff\xfe", "not text in UTF-8"),
    ],
)
def test_a_password_file_that_does_not_serve_is_named_with_its_key(
    tmp_path: Path, content: bytes | None, words: str
) -> None:
    """And what is in it is not shown."""
    settings = load_settings(write(tmp_path, SMTP + 'username = "a"\npassword_file = "pw"'), {})
    if content is not None:
        (tmp_path / "pw").write_bytes(content)
    with pytest.raises(UserError, match=words) as refused:
        settings.smtp_password()
    assert str(tmp_path / "pw") in str(refused.value)
    assert "one" not in str(refused.value).replace("alone, on one line", "").replace("more than one line", "")


INBOX = '[inbox]\nhost = "imap.coquan.vn"\nusername = "a"\n'


@pytest.mark.parametrize(("security", "port"), [("tls", 993), ("starttls", 143), ("none", 143)])
def test_the_usual_port_of_an_inbox_follows_from_the_security(tmp_path: Path, security: str, port: int) -> None:
    """Another one may be named."""
    inbox = load_settings(write(tmp_path, f'{INBOX}security = "{security}"'), {}).inbox
    assert (inbox.security, inbox.usual_port) == (security, port)
    inbox = load_settings(write(tmp_path, f'{INBOX}security = "{security}"\nport = 1143'), {}).inbox
    assert inbox.usual_port == 1143


@pytest.mark.parametrize(
    ("text", "keys"),
    [
        ('[inbox]\nsent = "Sent"', ["inbox.host", "inbox.username"]),
        (INBOX + 'password = "b"\npassword_file = "c"', ["inbox.password_file"]),
        (INBOX + 'sent = "Sent"\npassword_file = "c"', []),
        (INBOX + 'sent = "Sent"', []),
        ('[inbox]\nusername = "a"', []),
    ],
)
def test_a_sent_folder_needs_a_whole_account(tmp_path: Path, text: str, keys: list[str]) -> None:
    """Without one an inbox is prepared in peace."""
    file = write(tmp_path, text)
    found = refusal(file) if keys else []
    assert [key for key, _, _ in found] == keys
    assert all(hint for _, _, hint in found)
    assert keys or load_settings(file, {}).inbox.username == "a"


def test_the_password_of_an_inbox_is_never_shown_and_may_lie_in_a_file(tmp_path: Path) -> None:
    """As that of the mail server; a variable wins."""
    settings = load_settings(write(tmp_path, INBOX), {"HANCHOT_INBOX__PASSWORD": "s3cret"})
    assert "s3cret" not in repr(settings) + str(settings) + settings.model_dump_json(include={"inbox"})
    assert settings.inbox_password() == "s3cret"
    settings = load_settings(write(tmp_path, INBOX + 'password_file = "pw"'), {})
    with pytest.raises(UserError, match=r"check inbox\.password_file"):
        settings.inbox_password()
    (tmp_path / "pw").write_text("mật khẩu\n", encoding="utf-8")
    assert settings.inbox_password() == "mật khẩu"


def test_the_digest_comes_on_a_weekday_at_a_time(tmp_path: Path) -> None:
    """As words."""
    digest = load_settings(write(tmp_path, '[digest]\nweekly = "friday 16:30"'), {}).digest
    assert (digest.weekday, digest.at, digest.to) == (4, time(16, 30), "lead")
    for wrong in ("8:00", "fri 08:00", "friday 24:00", "friday"):
        ((key, message, _),) = refusal(write(tmp_path, f'[digest]\nweekly = "{wrong}"'))
        assert (key, "monday 08:00" in message) == ("digest.weekly", True)


def test_the_lead_is_told_of_submissions_at_once_daily_or_not_at_all(tmp_path: Path) -> None:
    for word in ("at once", "daily", "off"):
        settings = load_settings(write(tmp_path, f'[digest]\nsubmissions = "{word}"'), {})
        assert settings.digest.submissions == word
    ((key, message, _),) = refusal(write(tmp_path, '[digest]\nsubmissions = "weekly"'))
    assert (key, "'at once', 'daily' or 'off'" in message) == ("digest.submissions", True)


@pytest.mark.parametrize(
    ("url", "file"),
    [("sqlite:///var/x.db", "{folder}/var/x.db"), ("sqlite:////srv/x.db", "/srv/x.db"), ("sqlite://", None)],
)
def test_the_file_of_a_database_is_known(tmp_path: Path, url: str, file: str | None) -> None:
    """Other databases have none."""
    settings = load_settings(write(tmp_path, f'[database]\nurl = "{url}"'), {})
    assert settings.database_file == (Path(file.format(folder=tmp_path)) if file else None)
    assert load_settings(write(tmp_path, '[database]\nurl = "postgresql://h/n"'), {}).database_file is None


@pytest.mark.parametrize(
    ("url", "is_public"),
    [
        ("", False),
        ("http://127.0.0.1:8321", False),
        ("http://[::1]:8321", False),
        ("http://localhost", False),
        ("http://board.localhost", False),
        ("https://thidua.coquan.example", True),
        ("http://10.1.2.3:8321", True),
    ],
)
def test_a_site_is_public_if_others_can_open_its_address(tmp_path: Path, url: str, is_public: bool) -> None:
    """Only then mails may lead there."""
    settings = load_settings(write(tmp_path, f'[server]\npublic_url = "{url}"'), {})
    assert (settings.server.public_url, settings.server.is_public) == (url, is_public)


@pytest.mark.parametrize(
    "url",
    ["thidua.coquan.example", "ftp://coquan.example", "https://", "https://a@b.example", "https://b.example/?x=1"],
)
def test_what_is_no_address_of_a_site_is_refused(tmp_path: Path, url: str) -> None:
    """With an example of one."""
    [(key, message, _)] = refusal(write(tmp_path, f'[server]\npublic_url = "{url}"'))
    assert (key, "https://thidua.coquan.vn" in message) == ("server.public_url", True)


def test_the_address_of_a_site_may_end_with_a_slash(tmp_path: Path) -> None:
    """As browsers show it; links are made without it."""
    settings = load_settings(write(tmp_path, '[server]\npublic_url = "https://thidua.coquan.vn/"'), {})
    assert settings.server.public_url == "https://thidua.coquan.vn"


@pytest.mark.parametrize("path", ["/thi-dua", "/thi-dua/", "//"])
def test_the_address_of_a_site_has_no_path(tmp_path: Path, path: str) -> None:
    """The pages link to each other from the root; the hint says what to write, a variable that it is the variable."""
    [(key, message, hint)] = refusal(write(tmp_path, f'[server]\npublic_url = "https://coquan.vn:8443{path}"'))
    assert (key, message) == ("server.public_url", "has a path; the address of the pages has none")
    assert str(hint).startswith('write public_url = "https://coquan.vn:8443"; ')
    [(key, message, _)] = refusal(write(tmp_path, ""), HANCHOT_SERVER__PUBLIC_URL=f"https://coquan.vn{path}")
    assert (key, message) == ("HANCHOT_SERVER__PUBLIC_URL", "has a path; the address of the pages has none")


def test_proxies_are_addresses_or_networks(tmp_path: Path) -> None:
    """Also from the environment."""
    file = write(tmp_path, '[server]\ntrusted_proxies = ["127.0.0.1", "10.0.0.0/8"]')
    assert load_settings(file, {}).server.trusted_proxies == ["127.0.0.1/32", "10.0.0.0/8"]
    assert load_settings(file, {"HANCHOT_SERVER__TRUSTED_PROXIES": "::1"}).server.trusted_proxies == ["::1/128"]
    [(key, message, _)] = refusal(write(tmp_path, '[server]\ntrusted_proxies = ["proxy"]'))
    assert (key, "'proxy'" in message) == ("server.trusted_proxies.0", True)


@pytest.mark.parametrize(
    ("words", "span"),
    [("30 minutes", timedelta(minutes=30)), ("1 hour", timedelta(hours=1)), ("14 days", timedelta(days=14))],
)
def test_spans_of_time_are_words(tmp_path: Path, words: str, span: timedelta) -> None:
    """In the unit that a person thinks in."""
    settings = load_settings(write(tmp_path, f'[web]\nsession = "{words}"'), {})
    assert read_span(settings.web.session) == span


@pytest.mark.parametrize("words", ["30", "0 days", "-1 days", "two days", "1 month", "99999 days", "3 days "])
def test_what_is_no_span_of_time_is_refused(tmp_path: Path, words: str) -> None:
    """With an example of one."""
    [(key, message, _)] = refusal(write(tmp_path, f'[web]\nlink = "{words}"'))
    assert (key, '"14 days"' in message) == ("web.link", True)


def test_every_problem_of_the_file_names_its_line(tmp_path: Path) -> None:
    """Of a key that is missing the line of its table."""
    file = write(tmp_path, '[mail]\ntransport = "smtp"\n\n[server]\nport = "x"\n[paths]\nworkflow = []\n')
    with pytest.raises(InvalidInput) as refused:
        load_settings(file, {})
    assert {problem.key: problem.line for problem in refused.value.problems} == {"server.port": 5, "paths.workflow": 7}
    file = write(tmp_path, '\n[mail]\ntransport = "smtp"\n')
    with pytest.raises(InvalidInput) as refused:
        load_settings(file, {})
    assert {problem.key: problem.line for problem in refused.value.problems} == {"mail.smtp.host": 2}


TOKENS = 'auth = "xoauth2"\nusername = "office@x.example"\n'
ADDRESS = '[mail.smtp.token]\nurl = "https://login.example/token"\nclient_id = "app"\n'


@pytest.mark.parametrize(
    ("smtp", "token", "key"),
    [
        ('username = "a"\npassword = "b"', '[mail.smtp.token]\ncommand = ["show"]', "mail.smtp.auth"),
        ('auth = "xoauth2"', '[mail.smtp.token]\ncommand = ["show"]', "mail.smtp.username"),
        (f'{TOKENS}password = "b"', '[mail.smtp.token]\ncommand = ["show"]', "mail.smtp.password"),
        (TOKENS, "", "mail.smtp.token"),
        (TOKENS, f'{ADDRESS}client_secret = "c"\ncommand = ["show"]', "mail.smtp.token"),
        (TOKENS, '[mail.smtp.token]\nurl = "https://x.example"\nclient_secret = "c"', "mail.smtp.token.client_id"),
        (TOKENS, ADDRESS, "mail.smtp.token.client_secret"),
        (TOKENS, f'{ADDRESS}client_secret = "c"\nclient_secret_file = "d"', "mail.smtp.token.client_secret_file"),
        (TOKENS, '[mail.smtp.token]\nurl = "http://login.example/token"', "mail.smtp.token.url"),
        (TOKENS, '[mail.smtp.token]\nurl = "https://me@login.example"', "mail.smtp.token.url"),
        (TOKENS, f'{ADDRESS}client_secret = "c"\nservice_account_file = "key.json"', "mail.smtp.token"),
        (TOKENS, '[mail.smtp.token]\ncommand = ["show"]\nscope = "mail"', "mail.smtp.token.scope"),
        (
            TOKENS,
            '[mail.smtp.token]\nservice_account_file = "key.json"\nrefresh_token_file = "r"',
            "mail.smtp.token.refresh_token_file",
        ),
        ('auth = "oauth"', "", "mail.smtp.auth"),
    ],
)
def test_a_source_of_tokens_that_is_incomplete_or_contradicts_itself_is_refused(
    tmp_path: Path, smtp: str, token: str, key: str
) -> None:
    found = refusal(write(tmp_path, f"[mail.smtp]\n{smtp}\n{token}"))
    assert key in [named for named, _, _ in found]


BY_REFRESH = '[{}.token]\nurl = "https://login.example/token"\nclient_id = "{}"\nrefresh_token_file = "{}"\n'


@pytest.mark.parametrize("name", ["config.toml", "./config.toml", "secret"])
def test_a_file_that_would_be_replaced_by_a_refresh_token_is_its_own(tmp_path: Path, name: str) -> None:
    text = f'[mail.smtp]\n{TOKENS}{BY_REFRESH.format("mail.smtp", "a", name)}client_secret_file = "secret"\n'
    found = refusal(write(tmp_path, text))
    assert [key for key, _, _ in found] == ["mail.smtp.token.refresh_token_file"]


def test_two_applications_do_not_share_a_refresh_token(tmp_path: Path) -> None:
    def both(client: str) -> Path:
        sending = f"[mail.smtp]\n{TOKENS}{BY_REFRESH.format('mail.smtp', 'a', 'refresh')}"
        return write(tmp_path, f"{sending}[inbox]\n{TOKENS}{BY_REFRESH.format('inbox', client, './refresh')}")

    assert [key for key, _, _ in refusal(both("b"))] == ["inbox.token.refresh_token_file"]
    assert load_settings(both("a"), {}).inbox.auth == "xoauth2"


def test_an_account_by_tokens_needs_no_password(tmp_path: Path) -> None:
    (tmp_path / "secret").write_text("ssss\n", encoding="utf-8")
    text = f'[mail.smtp]\n{TOKENS}{ADDRESS}client_secret_file = "secret"'
    settings = load_settings(write(tmp_path, text), {})
    assert settings.smtp_password() == ""
    assert settings.client_secret(settings.mail.smtp.token, "mail.smtp.token") == "ssss"
    plain = load_settings(write(tmp_path, f'[mail.smtp]\n{TOKENS}{ADDRESS}client_secret = "ssss"'), {})
    assert "ssss" not in repr(plain)
