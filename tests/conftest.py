"""What every test stands on: both databases, a frozen clock, a browser; no network, no mail.

`app` runs each test once on SQLite and once on PostgreSQL (`-k sqlite` picks one). The application is made once a
session and engine; each test gets a fresh copy of an empty database made once from the models, guards included.
"""

import contextvars
import functools
import gc
import os
import re
import shutil
import signal
import smtplib
import socket
import tempfile
import time
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import psycopg
import pytest
from argon2 import PasswordHasher
from flask import Flask, has_app_context
from flask.testing import FlaskClient
from hypothesis import HealthCheck, settings
from jinja2 import FileSystemBytecodeCache
from psycopg import pq

from labshare import create_app
from labshare.accounts import passwords
from labshare.commands.messages import compile_catalogues
from labshare.commands.serve import SMALL_COLLECTION
from labshare.kernel import time as kernel_time
from labshare.kernel.database import db
from tests import postgres
from tests.serving import serving

ENGINES = ("sqlite", "postgresql")
SLOW_FIXTURES = frozenset({"live_server", "browser", "postgres_server"})
SLOW_FOLDERS = frozenset({"demonstration", "migrations", "races"})
SHANGHAI = ZoneInfo("Asia/Shanghai")
PATIENCE = 20_000
"""Milliseconds that a test at a browser waits for what is to come, since a busy machine is no fault of ours."""
TUESDAY_MORNING = datetime(2026, 11, 24, 10, 0, tzinfo=SHANGHAI)

settings.register_profile("patient", deadline=None, suppress_health_check=[HealthCheck.too_slow])
settings.load_profile("patient")
"""What Hypothesis draws is judged by what holds, not by how busy the machine is."""


def pytest_configure() -> None:
    """Asked to end, end as after Ctrl-C: the database server is stopped, what it kept is removed. Hashes are quick
    before any test is read, since some keep one."""
    signal.signal(signal.SIGTERM, signal.default_int_handler)
    passwords._hasher = QuickHasher(time_cost=1, memory_cost=8, parallelism=1)


# --- accidents ---------------------------------------------------------------------------------------------------


@pytest.fixture(autouse=True)
def no_network(monkeypatch: pytest.MonkeyPatch) -> None:
    """Only this machine may be talked to: loopback and unix sockets."""
    connect = socket.socket.connect

    def connect_here(self: socket.socket, address: Any) -> None:
        if self.family != socket.AF_UNIX and address[0] not in ("127.0.0.1", "::1", "localhost"):
            raise RuntimeError(f"a test tried to reach {address!r}")
        connect(self, address)

    monkeypatch.setattr(socket.socket, "connect", connect_here)


@pytest.fixture(autouse=True)
def no_mail(monkeypatch: pytest.MonkeyPatch) -> None:
    """No letter leaves. A test of the SMTP mailer talks to a server of its own and brings `smtplib` back."""

    def refuse(*_args: Any, **_kwargs: Any) -> None:
        raise RuntimeError("a test tried to send mail")

    monkeypatch.setattr(smtplib.SMTP, "connect", refuse)


# --- passwords -----------------------------------------------------------------------------------------------------


REAL_HASHER = passwords._hasher


class QuickHasher(PasswordHasher):
    """Its hashes resist nobody, where a real one takes a tenth of a second on purpose, and again when it is checked."""

    def check_needs_rehash(self, kept: str | bytes) -> bool:
        return super().check_needs_rehash(kept) and REAL_HASHER.check_needs_rehash(kept)


@pytest.fixture
def real_hashes(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(passwords, "_hasher", REAL_HASHER)


# --- time --------------------------------------------------------------------------------------------------------


class Clock:
    """The clock of this process, standing still until a test moves it."""

    def __init__(self, now: datetime) -> None:
        self.set(now)

    def __call__(self) -> datetime:
        return self.now

    zone = SHANGHAI

    @staticmethod
    def at(text: str) -> datetime:
        """The moment of a text such as `2026-11-24 10:00`, Shanghai time, in UTC."""
        return datetime.fromisoformat(text).replace(tzinfo=SHANGHAI).astimezone(UTC)

    def set(self, now: datetime | str) -> datetime:
        """Stand at `now`: an aware datetime, or text such as `2026-11-24 10:00`, Shanghai time."""
        if isinstance(now, str):
            now = datetime.fromisoformat(now)
        if now.tzinfo is None:
            now = now.replace(tzinfo=SHANGHAI)
        self.now = now.astimezone(UTC)
        return self.now

    def advance(self, **by: float) -> datetime:
        """Move on: `clock.advance(hours=2, minutes=30)`."""
        self.now += timedelta(**by)
        return self.now


@pytest.fixture
def clock() -> Iterator[Clock]:
    """Tuesday 24 November 2026, 10:00 in Shanghai."""
    clock = Clock(TUESDAY_MORNING)
    kernel_time.set_clock(clock)
    yield clock
    kernel_time.set_clock(None)


# --- databases ---------------------------------------------------------------------------------------------------


class TestDatabase:
    """One engine's database under test: `url`, and `renew()` to make it fresh and empty."""

    __test__ = False

    def __init__(self, engine: str, folder: Path, server: str | None = None) -> None:
        self.engine = engine
        self.folder = folder
        self.server = server
        self.file = folder / "labshare.db"
        self.url = server.format(database="labshare") if server else f"sqlite:///{self.file}"
        self._meanwhile: dict[str, psycopg.Connection] = {}
        """What the server is about while a test runs: making the next copy, dropping the last one."""

    def make_template(self) -> None:
        """Make the empty database from the models, once, with `self.url` bound to the running application."""
        if self.server:
            self._administer("CREATE DATABASE labshare")
        db.create_all()
        db.engine.dispose()
        if self.server:
            self._administer("ALTER DATABASE labshare RENAME TO labshare_template")
        else:
            self.file.rename(self.folder / "template.db")

    @functools.cached_property
    def _strategy(self) -> str:
        """Copying files takes a third of the time of the default since version 15, which knows no other before."""
        with psycopg.connect(self.libpq("postgres")) as connection:
            return "STRATEGY FILE_COPY" if connection.info.server_version >= 150000 else ""

    def renew(self) -> None:
        if self.server:
            if "next" not in self._meanwhile:
                self._copy()
            self._finish("last")
            self._finish("next")
            try:
                self._administer("ALTER DATABASE labshare RENAME TO labshare_last")
            except psycopg.errors.InvalidCatalogName:
                pass  # the first time
            except psycopg.errors.ObjectInUse:  # a process of the test is still about
                self._administer("DROP DATABASE labshare WITH (FORCE)")
            self._administer("ALTER DATABASE labshare_next RENAME TO labshare")
            self._begin("last", "DROP DATABASE IF EXISTS labshare_last WITH (FORCE)")
            self._copy()
        else:
            for leftover in self.folder.glob("labshare.db*"):
                leftover.unlink()
            shutil.copyfile(self.folder / "template.db", self.file)

    def _copy(self) -> None:
        self._begin("next", f"CREATE DATABASE labshare_next TEMPLATE labshare_template {self._strategy}")

    def _begin(self, name: str, statement: str) -> None:
        """Send a statement and go on: there is no thread that a forked process of a test could find in the middle."""
        if name not in self._meanwhile:
            self._meanwhile[name] = psycopg.connect(self.libpq("postgres"), autocommit=True)
        self._meanwhile[name].pgconn.send_query(statement.encode())

    def _finish(self, name: str) -> None:
        """Wait for the statement begun under this name."""
        if name in self._meanwhile:
            connection = self._meanwhile[name].pgconn
            while result := connection.get_result():
                assert result.status == pq.ExecStatus.COMMAND_OK, result.error_message

    def close(self) -> None:
        for connection in self._meanwhile.values():
            connection.close()

    def _administer(self, *statements: str) -> None:
        assert self.server
        with psycopg.connect(self.libpq("postgres"), autocommit=True) as connection:
            for statement in statements:
                connection.execute(statement)  # type: ignore[call-overload]

    def libpq(self, database: str = "labshare") -> str:
        """The address as libpq and psycopg want it."""
        assert self.server
        return self.server.format(database=database).replace("+psycopg", "")


@pytest.fixture(scope="session")
def postgres_server() -> Iterator[str]:
    """The URL of a PostgreSQL server of the tests' own, with a place for the `{database}`."""
    with postgres.running_server() as url:
        yield url


@pytest.fixture(scope="session")
def _applications(request: pytest.FixtureRequest) -> Iterator[Callable[[str], tuple[Flask, TestDatabase]]]:
    """The application of each engine, made when first asked for."""
    made: dict[str, tuple[Flask, TestDatabase]] = {}
    home = Path(tempfile.mkdtemp(prefix="labshare-tests-", dir=postgres.fast_folder()))

    def application(engine: str) -> tuple[Flask, TestDatabase]:
        if engine not in made:
            server = request.getfixturevalue("postgres_server") if engine == "postgresql" else None
            (home / engine).mkdir()
            database = TestDatabase(engine, home / engine, server)
            app = _make_app(database)
            with app.app_context():
                database.make_template()
            made[engine] = app, database
        return made[engine]

    yield application
    for _app, database in made.values():
        database.close()
    shutil.rmtree(home, ignore_errors=True)


def environment_for(database: TestDatabase) -> dict[str, str]:
    """The settings of an application or a `labshare` process on this database."""
    return {
        "LABSHARE_ENV": "testing",
        "LABSHARE_INSTANCE": str(database.folder / "instance"),
        "DATABASE_URL": database.url,
        "TIME_ZONE": "Asia/Shanghai",
        "RATELIMIT_ENABLED": "0",
    }


COMPILED = Path(__file__).resolve().parent.parent / ".build" / "templates"


def made_app(**overrides: Any) -> Flask:
    """An application that finds its templates compiled, as those of this run and of earlier ones left them."""
    app = create_app(serves=False, **overrides)
    COMPILED.mkdir(parents=True, exist_ok=True)
    app.jinja_env.bytecode_cache = FileSystemBytecodeCache(str(COMPILED))
    return app


def _make_app(database: TestDatabase) -> Flask:
    compile_catalogues()
    with pytest.MonkeyPatch.context() as patch:
        for name, value in environment_for(database).items():
            patch.setenv(name, value)
        app = made_app()
    app.test_client_class = SeparateClient
    app.config["WTF_CSRF_ENABLED"] = False  # the browser's server turns it on; see live_server
    gc.collect()
    gc.freeze()  # what is loaded now stays: no collection looks at it again
    gc.set_threshold(SMALL_COLLECTION)
    return app


IN_TAGS = re.compile(r"<[a-zA-Z][^<>]*>")
AT_TAGS = re.compile(r"(?<=>)\s*\n\s*(?=<)|(<[a-zA-Z][^<>]*>)\s*\n\s*|\s*\n\s*(?=</)")


class Answer:
    """A page's text without what only the layout of its template made: line breaks and indents in tags and at them."""

    @property
    def text(self) -> str:
        text: str = super().text  # type: ignore[misc]
        if self.mimetype != "text/html":  # type: ignore[attr-defined]
            return text
        text = IN_TAGS.sub(lambda tag: re.sub(r"\s+", " ", tag[0]).replace(" >", ">"), text)
        return AT_TAGS.sub(lambda gap: gap[1] or "", text)


class SeparateClient(FlaskClient):
    """A client whose requests share nothing with the test's own application context: neither `g` nor the session.

    After each request the test's session begins afresh, so that it reads what the request wrote.
    """

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.response_wrapper = type("Page", (Answer, self.response_wrapper), {})

    def open(self, *args: Any, **kwargs: Any) -> Any:
        answer = contextvars.Context().run(super().open, *args, **kwargs)
        if has_app_context() and not db.session().info.get("writing"):
            db.session.rollback()
        return answer


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """The slow ones marked; the longest file first, then those that need more time than others or a browser, so that no
    worker is left alone with one in the end."""
    patience = float(config.getini("timeout"))
    long = set()
    for item in items:
        if is_slow(item, patience):
            item.add_marker("slow")
        browsing = "open_browser" in getattr(item, "fixturenames", ())
        if browsing or item.get_closest_marker("timeout") or item.path.parent.name in SLOW_FOLDERS:
            long.add(item.path)
    items.sort(key=lambda item: (item.path.name != "test_crawler.py", item.path not in long))


def is_slow(item: pytest.Item, patience: float) -> bool:
    """Whether `make test-fast` leaves it out: on the second engine, in a browser, of a slow kind, or by its own word in
    need of more time than others. What is slow for other reasons says so: `pytest.mark.slow`."""
    given = getattr(item, "callspec", None)
    own_time = item.get_closest_marker("timeout")
    return (
        (given is not None and "postgresql" in given.params.values())
        or bool(SLOW_FIXTURES.intersection(getattr(item, "fixturenames", ())))
        or item.path.parent.name in SLOW_FOLDERS
        or (own_time is not None and own_time.args[0] > patience)
    )


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    """Run what uses a database on both engines. `LABSHARE_TEST_DB` narrows it while developing.

    A module or a test may say why one is enough: `ENGINES = ("sqlite",)`, `@pytest.mark.engines("sqlite")`. What is
    looked at in a browser is the same on both, so SQLite is enough unless the module says otherwise.
    """
    if "engine_name" in metafunc.fixturenames:
        wanted = os.environ.get("LABSHARE_TEST_DB")
        if wanted and wanted not in ENGINES:
            raise pytest.UsageError(f"LABSHARE_TEST_DB: {wanted!r} is none of {', '.join(ENGINES)}")
        mark = metafunc.definition.get_closest_marker("engines")
        browsing = "open_browser" in metafunc.fixturenames
        engines = mark.args if mark else getattr(metafunc.module, "ENGINES", ENGINES[:1] if browsing else ENGINES)
        metafunc.parametrize("engine_name", [wanted] if wanted else engines, scope="session")


@pytest.fixture
def database(engine_name: str, _applications: Callable[[str], tuple[Flask, TestDatabase]]) -> TestDatabase:
    """The fresh database of this test, for those who want its address."""
    _app, database = _applications(engine_name)
    database.renew()
    return database


@pytest.fixture
def app(
    engine_name: str,
    database: TestDatabase,
    clock: Clock,
    _applications: Callable[[str], tuple[Flask, TestDatabase]],
) -> Iterator[Flask]:
    """The application on a fresh database, with its context pushed and the clock standing still."""
    app, _database = _applications(engine_name)
    settings = dict(app.config)
    with app.app_context():
        yield app
        db.session.remove()
        db.engine.dispose()
    app.config.clear()
    app.config.update(settings)


@pytest.fixture
def client(app: Flask) -> FlaskClient:
    return app.test_client()


# --- limits ------------------------------------------------------------------------------------------------------


class WallClock:
    """The clock by which limits count: the machine's, moved on by a test."""

    def __init__(self) -> None:
        self.ahead = 0.0
        self.real = time.time

    def __call__(self) -> float:
        return self.real() + self.ahead

    def advance(self, seconds: float) -> None:
        self.ahead += seconds


@pytest.fixture
def wall_clock(monkeypatch: pytest.MonkeyPatch) -> WallClock:
    clock = WallClock()
    monkeypatch.setattr(time, "time", clock)
    return clock


@pytest.fixture
def make_limited(app: Flask, database: TestDatabase, monkeypatch: pytest.MonkeyPatch) -> Iterator[Callable[..., Flask]]:
    """Make an application on this test's database in which limits hold; settings may be added."""
    made: list[Flask] = []

    def make(**settings: str) -> Flask:
        for name, value in {**environment_for(database), "RATELIMIT_ENABLED": "1", **settings}.items():
            monkeypatch.setenv(name, value)
        limited = made_app(WTF_CSRF_ENABLED=False)
        limited.test_client_class = SeparateClient
        made.append(limited)
        return limited

    yield make
    for one in made:
        with one.app_context():
            db.engine.dispose()


@pytest.fixture
def limited(make_limited: Callable[..., Flask]) -> Flask:
    """An application in which limits hold, counted in its memory."""
    return make_limited()


# --- browser -----------------------------------------------------------------------------------------------------


@pytest.fixture
def live_server(app: Flask) -> Iterator[str]:
    """The address of the application on a free port, in this process."""
    app.config["WTF_CSRF_ENABLED"] = True
    with serving(app) as address:
        yield address


CHROMIUMS = ("chromium-headless-shell", "chromium", "chromium-browser", "google-chrome")
CHROMIUM_FLAGS = [
    "--headless",
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
]


@pytest.fixture(scope="session")
def browser_type_launch_args() -> dict[str, Any]:
    """The system's Chromium, of two the one that draws no window. Without one the tests fail: the browser is never left
    out."""
    chromium = next(filter(None, map(shutil.which, CHROMIUMS)), None)
    if chromium is None:
        pytest.fail("no Chromium: apt-get install chromium fonts-noto-cjk", pytrace=False)
    from playwright.sync_api import expect  # most tests need no browser

    expect.set_options(timeout=PATIENCE)
    return {"executable_path": chromium, "args": CHROMIUM_FLAGS, "headless": True}


@pytest.fixture
def open_browser(browser: Any, live_server: str, clock: Clock) -> Iterator[Callable[..., Any]]:
    """Make a fresh browser, with cookies of its own, and give its page; its scripts see the frozen clock's time.

    `open_browser("en-GB", width=390, color_scheme="dark")`; any option of Playwright's `new_context` goes.
    """
    contexts = []

    def opened(locale: str = "zh-CN", width: int = 1440, height: int = 900, **options: Any) -> Any:
        context = browser.new_context(
            base_url=live_server,
            locale=locale,
            viewport={"width": width, "height": height},
            **{"timezone_id": "Asia/Shanghai", **options},
        )
        contexts.append(context)
        page = context.new_page()
        page.clock.set_fixed_time(clock.now)
        return page

    yield opened
    for context in contexts:
        context.close()


@pytest.fixture
def page(open_browser: Callable[..., Any]) -> Any:
    """The page of a Chinese reader at a desk."""
    return open_browser()


@pytest.fixture
def english_page(open_browser: Callable[..., Any]) -> Any:
    """The page of someone who reads English, in another browser."""
    return open_browser("en-GB")
