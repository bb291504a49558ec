"""Production: refuses to start on an unsafe setting and names it; cookies and headers of the strict kind."""

from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import pytest
from click import ClickException
from click.testing import CliRunner
from flask import Flask
from sqlalchemy.exc import TimeoutError as NoConnectionFree

from config import KEYS, ROOT, UnsafeSetting, settings
from labshare import create_app
from labshare.accounts.passwords import hashed
from labshare.accounts.services import checked_email
from labshare.audit.errors import NoSigningKey
from labshare.audit.services import signing_key
from labshare.commands import serve
from labshare.commands.scheduler import scheduler
from labshare.commands.serve import warn_of_counting_alone, without_signing_key
from labshare.kernel.database import db
from labshare.kernel.signing import public_of
from tests import factories as make

pytestmark = pytest.mark.slow

SAFE = {
    "LABSHARE_ENV": "production",
    "SECRET_KEY": "k3y-of-chance-0123456789abcdefghijklmnop",
    "AUDIT_PUBLIC_KEY": public_of("another-k3y-of-chance-9876543210zyxwvuts"),
    "EVENT_KEY": "a-third-k3y-of-chance-5647382910qponmlkj",
    "BANK_KEY": "a-fourth-k3y-of-chance-8192736450zyxwvuts",
    "MAIL_URL": "smtps://user:secret@mail.test.example",
    "BASE_URL": "https://labshare.test.example",
}
SIGNING = "another-k3y-of-chance-9876543210zyxwvuts"
PASSWORD = "nine green apples"


@pytest.fixture
def environment(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Any:
    """Set the environment: the safe one with changes; None takes a setting away."""

    def use(**changes: str | None) -> None:
        for name in (
            *KEYS,
            "AUDIT_PUBLIC_KEY",
            "MAIL_URL",
            "BASE_URL",
            "DATABASE_URL",
            "RATELIMIT_ENABLED",
            "FLASK_DEBUG",
            "UPLOAD_DIR",
            "TRUSTED_PROXIES",
            "TIME_ZONE",
            "RATELIMIT_STORAGE_URI",
            "MAIL_PER_HOUR",
            "CLAMD_URL",
            "THREADS",
        ):
            monkeypatch.delenv(name, raising=False)
        for name, value in {**SAFE, "LABSHARE_INSTANCE": str(tmp_path), **changes}.items():
            if value is not None:
                monkeypatch.setenv(name, value)

    return use


def test_starts_with_safe_settings(environment: Any) -> None:
    environment()
    assert settings()["PRODUCTION"] is True


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("SECRET_KEY", None),
        ("SECRET_KEY", "short"),
        ("SECRET_KEY", "a" * 64),
        ("AUDIT_KEY", SIGNING),
        ("AUDIT_KEY", SAFE["SECRET_KEY"]),
        ("AUDIT_PUBLIC_KEY", None),
        ("AUDIT_PUBLIC_KEY", "z" * 64),
        ("EVENT_KEY", None),
        ("EVENT_KEY", "short"),
        ("EVENT_KEY", "a" * 64),
        ("EVENT_KEY", SAFE["SECRET_KEY"]),
        ("BANK_KEY", None),
        ("BANK_KEY", SAFE["EVENT_KEY"]),
        ("BANK_KEYS_BEFORE", "short"),
        ("MAIL_URL", None),
        ("MAIL_URL", "console:"),
        ("BASE_URL", "http://labshare.test.example"),
        ("BASE_URL", None),
        ("RATELIMIT_STORAGE_URI", "memcached://localhost"),
        ("MAIL_PER_HOUR", "many"),
        ("DATABASE_URL", "mysql://root@localhost/labshare"),
        ("RATELIMIT_ENABLED", "0"),
        ("FLASK_DEBUG", "1"),
        ("UPLOAD_DIR", str(ROOT / "static" / "uploads")),
        ("TRUSTED_PROXIES", "many"),
        ("CLAMD_URL", "http://127.0.0.1:3310"),
        ("THREADS", "0"),
        ("TIME_ZONE", "Asia/Xinchang"),
        ("LABSHARE_ENV", "prod"),
    ],
)
def test_refuses_to_start_and_says_which_setting(environment: Any, name: str, value: str | None) -> None:
    environment(**{name: value})
    with pytest.raises(UnsafeSetting, match=f"^{name}: "):
        settings()


@pytest.mark.parametrize(
    ("environment_name", "workers", "storage", "warned"),
    [
        ("production", 2, None, True),
        ("production", 1, None, False),
        ("production", 2, "valkey://127.0.0.1:6379/0", False),
        ("development", 2, None, False),
    ],
)
def test_workers_that_count_alone_are_warned_of(
    environment: Any,
    tmp_path: Path,
    capsys: Any,
    environment_name: str,
    workers: int,
    storage: str | None,
    warned: bool,
) -> None:
    environment(
        LABSHARE_ENV=environment_name,
        DATABASE_URL=f"sqlite:///{tmp_path / 'labshare.db'}",
        RATELIMIT_STORAGE_URI=storage,
    )
    warn_of_counting_alone(create_app(), workers)
    assert ("RATELIMIT_STORAGE_URI" in capsys.readouterr().err) == warned


def test_each_thread_finds_a_connection_and_one_for_its_key(
    environment: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """As many threads as `labshare serve` is told, each holding two connections: none waits for another's."""
    environment(LABSHARE_ENV="testing", DATABASE_URL=f"sqlite:///{tmp_path / 'labshare.db'}")
    monkeypatch.setattr(serve, "count_across_workers", lambda: None)
    monkeypatch.setattr(serve, "serve_app", lambda served, **_options: apps.append(served))
    apps: list[Flask] = []
    for threads in (3, 12):
        monkeypatch.setenv("THREADS", "8")
        assert CliRunner().invoke(serve.serve, ["--threads", str(threads)], catch_exceptions=False).exit_code == 0
        app = apps.pop()
        assert app.config["THREADS"] == threads
        with app.app_context(), ExitStack() as held:
            for _connection in range(2 * threads):
                held.enter_context(db.engine.connect())
            assert (db.engine.pool.checkedout(), db.engine.pool.size()) == (2 * threads, threads)
            monkeypatch.setattr(db.engine.pool, "_timeout", 0)
            with pytest.raises(NoConnectionFree):
                db.engine.connect()
        with app.app_context():
            db.engine.dispose()


def test_only_a_process_that_serves_nobody_may_have_the_signing_key(environment: Any) -> None:  # R-AUDIT-5
    environment(AUDIT_KEY=SIGNING)
    assert settings(web=False)["AUDIT_KEY"] == SIGNING
    environment(AUDIT_KEY=SIGNING, AUDIT_PUBLIC_KEY=None)
    assert settings(web=False)["AUDIT_PUBLIC_KEY"] == SAFE["AUDIT_PUBLIC_KEY"]
    for changes in ({"EVENT_KEY": SIGNING}, {"AUDIT_PUBLIC_KEY": public_of("another")}):
        environment(**{"AUDIT_KEY": SIGNING, **changes})
        with pytest.raises(UnsafeSetting):
            settings(web=False)


def test_a_web_process_has_nothing_to_sign_with(environment: Any, tmp_path: Path) -> None:  # R-AUDIT-5
    environment(DATABASE_URL=f"sqlite:///{tmp_path / 'labshare.db'}")
    app = create_app()
    with app.app_context(), pytest.raises(NoSigningKey):
        signing_key()
    refused = CliRunner().invoke(scheduler, ["--once"])
    assert (refused.exit_code, "AUDIT_KEY: not set here" in refused.output) == (1, True)
    environment(DATABASE_URL=f"sqlite:///{tmp_path / 'labshare.db'}", AUDIT_KEY=SIGNING)
    with pytest.raises(ClickException, match="AUDIT_KEY: a web process"):
        without_signing_key(create_app(serves=False))


def test_development_keeps_keys_of_its_own(environment: Any, tmp_path: Path) -> None:
    environment(
        LABSHARE_ENV="development",
        SECRET_KEY=None,
        AUDIT_PUBLIC_KEY=None,
        EVENT_KEY=None,
        BANK_KEY=None,
        MAIL_URL=None,
        BASE_URL=None,
    )
    first, second = settings(web=False), settings(web=False)
    assert settings()["AUDIT_KEY"] is None
    kept_public = (tmp_path / "audit_public_key").read_text()
    assert settings()["AUDIT_PUBLIC_KEY"] == kept_public == public_of(str(first["AUDIT_KEY"]))
    assert [first[key] for key in KEYS] == [second[key] for key in KEYS]
    assert len({first[key] for key in KEYS}) == 4
    for key in KEYS:
        kept = tmp_path / key.lower()
        assert kept.read_text() == first[key]
        assert kept.stat().st_mode & 0o077 == 0


def test_two_processes_that_start_together_keep_one_key(
    environment: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The slower one of two that found no key takes the faster one's, whole."""
    environment(LABSHARE_ENV="development", EVENT_KEY=None, AUDIT_KEY=SIGNING)
    theirs = settings()["EVENT_KEY"]
    missing = Path.exists
    monkeypatch.setattr(Path, "exists", lambda path: path.name != "event_key" and missing(path))
    assert settings()["EVENT_KEY"] == theirs
    assert [path.name for path in tmp_path.iterdir()] == ["event_key"]


@pytest.fixture
def production(environment: Any, tmp_path: Path, clock: Any) -> Iterator[Flask]:
    """A production application on a database of its own."""
    environment(DATABASE_URL=f"sqlite:///{tmp_path / 'labshare.db'}")
    app = create_app(WTF_CSRF_ENABLED=False)
    with app.app_context():
        db.create_all()
        yield app
        db.session.remove()
        db.engine.dispose()


def test_session_cookie_is_of_the_strict_kind(production: Flask) -> None:
    someone = make.person(password_hash=hashed(PASSWORD))
    db.session.commit()
    client = production.test_client()
    answer = client.post(
        "/account/sign-in", data={"email": someone.email, "password": PASSWORD}, base_url=SAFE["BASE_URL"]
    )
    assert answer.status_code == 303
    cookies = [cookie for cookie in answer.headers.getlist("Set-Cookie") if cookie.startswith("__Host-session=")]
    assert len(cookies) == 1
    parts = {part.strip().lower().split("=")[0] for part in cookies[0].split(";")[1:]}
    assert {"secure", "httponly", "path", "samesite"} <= parts
    assert "domain" not in parts
    assert "Path=/" in cookies[0].replace("path=/", "Path=/")


def test_headers_are_strict(production: Flask) -> None:
    headers = production.test_client().get("/account/sign-in", base_url=SAFE["BASE_URL"]).headers
    policy = headers["Content-Security-Policy"]
    assert "unsafe-inline" not in policy
    assert "unsafe-eval" not in policy
    assert "frame-ancestors 'none'" in policy
    assert headers["Strict-Transport-Security"].startswith("max-age=31536000")
    assert headers["X-Content-Type-Options"] == "nosniff"


def test_pages_for_developers_are_not_there(production: Flask) -> None:
    assert production.test_client().get("/dev/components", base_url=SAFE["BASE_URL"]).status_code == 404


def test_demonstration_account_does_not_sign_in(production: Flask) -> None:
    someone = make.person(password_hash=hashed(PASSWORD), demonstration=True, email="client@demo.example")
    db.session.commit()
    answer = production.test_client().post(
        "/account/sign-in", data={"email": someone.email, "password": PASSWORD}, base_url=SAFE["BASE_URL"]
    )
    assert answer.status_code == 422


def test_pages_of_the_signed_in_are_not_kept_by_caches(production: Flask) -> None:
    someone = make.person(password_hash=hashed(PASSWORD))
    db.session.commit()
    client = production.test_client()
    client.post("/account/sign-in", data={"email": someone.email, "password": PASSWORD}, base_url=SAFE["BASE_URL"])
    assert "no-store" in client.get("/account/", base_url=SAFE["BASE_URL"]).headers["Cache-Control"]


@pytest.mark.parametrize(
    ("proxies", "forwarded", "expected"),
    [
        (0, "198.51.100.9", "127.0.0.1"),
        (1, "198.51.100.9", "198.51.100.9"),
        (1, "1.1.1.1, 198.51.100.9", "198.51.100.9"),
    ],
)
def test_address_behind_proxies(
    environment: Any, tmp_path: Path, clock: Any, proxies: int, forwarded: str, expected: str
) -> None:
    environment(DATABASE_URL=f"sqlite:///{tmp_path / 'labshare.db'}", TRUSTED_PROXIES=str(proxies))
    app = create_app()
    from labshare.http.actor import remote_address

    app.add_url_rule("/-address", "-address", lambda: remote_address() or "")
    answer = app.test_client().get("/-address", headers={"X-Forwarded-For": forwarded})
    assert answer.text == expected


@pytest.mark.parametrize("text", ["", "x", "a@", "a@b@c", "a b@test.example", "a@test..example"])
def test_what_is_no_address(text: str, app: Flask) -> None:
    from labshare.accounts.errors import InvalidEmail

    with pytest.raises(InvalidEmail):
        checked_email(text)
