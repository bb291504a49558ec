"""Loaded databases, kept in `.build/bench` from one run to the next as long as the sources of the generator stay.

A folder bears the hash of the sources and the day as of which everything in it was loaded, so that a county alone and
the same county in a province hold the same rows. The clock of the measuring process stands at ten o'clock of that day.
"""

import functools
import hashlib
import json
import os
import shutil
import tempfile
import time
import traceback
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, date, datetime
from datetime import time as clock_time
from pathlib import Path
from typing import Any

import psycopg
from flask import Flask

from labshare import ROOT
from labshare.demonstration.load import load
from labshare.demonstration.scale import SCALES
from labshare.kernel import time as kernel_time
from labshare.kernel.database import db
from tests import postgres
from tests.bench.measure import DURABLE, application, children_of, mebibytes_of
from tests.conftest import SHANGHAI

SOURCES = ("demonstration/**/*.py", "**/models.py", "rewards/assessments.py")
DAYS_KEPT = 14
KEPT_SERVER = "\n".join((*DURABLE, "autovacuum = on"))


@functools.cache
def folder() -> Path:
    """Where the databases of these sources lie; of today, where there are none or only old ones."""
    digest = hashlib.sha256()
    for source in sorted({path for pattern in SOURCES for path in (ROOT / "labshare").glob(pattern)}):
        digest.update(source.read_bytes())
    name, today = digest.hexdigest()[:12], datetime.now(SHANGHAI).date()
    of_these = [each for each in _home().glob(f"{name}-*") if (today - _day(each)).days < DAYS_KEPT]
    found = max(of_these, default=_home() / f"{name}-{today}")
    found.mkdir(parents=True, exist_ok=True)
    return found


def _home() -> Path:
    """Beside the build, unless PostgreSQL's unprivileged user does not get there."""
    beside = ROOT / ".build" / "bench"
    closed = os.geteuid() == 0 and any(not parent.stat().st_mode & 0o001 for parent in ROOT.parents)
    return Path(tempfile.gettempdir()) / "labshare-bench" if closed else beside


def _day(kept: Path) -> date:
    return date.fromisoformat(kept.name.partition("-")[2])


@contextmanager
def loaded(engine: str, scale: str, *, writes: bool = False) -> Iterator[Flask]:
    """An application on the loaded database of this scale, at ten o'clock of the day of loading; on a copy of it that
    goes at the end, where the measuring writes."""
    kept = folder()
    moment = datetime.combine(_day(kept), clock_time(10), tzinfo=SHANGHAI).astimezone(UTC)
    kernel_time.set_clock(lambda: moment)
    try:
        with _sqlite(kept, scale, writes) if engine == "sqlite" else _postgresql(kept, scale, writes) as app:
            yield app
    finally:
        kernel_time.set_clock(None)


def loading_of(engine: str, scale: str) -> dict[str, Any]:
    """`seconds` and `mebibytes` that the loading of a kept database took."""
    found: dict[str, Any] = json.loads((folder() / f"{engine}-{scale}" / "loading.json").read_text())
    return found


@contextmanager
def _sqlite(kept: Path, scale: str, writes: bool) -> Iterator[Flask]:
    instance = kept / f"sqlite-{scale}"
    if not instance.exists():
        beside = _fresh(kept / f"sqlite-{scale}.loading")
        _load(f"sqlite:///{beside / 'labshare.db'}", beside, scale)
        beside.rename(instance)
    if not writes:
        with application(f"sqlite:///{instance / 'labshare.db'}", instance) as app:
            yield app
        return
    with tempfile.TemporaryDirectory(prefix="labshare-bench-") as copy:
        shutil.copy(instance / "labshare.db", copy)
        with application(f"sqlite:///{copy}/labshare.db", instance) as app:
            yield app


@contextmanager
def _postgresql(kept: Path, scale: str, writes: bool) -> Iterator[Flask]:
    with postgres.running_server(kept / "postgresql", KEPT_SERVER) as url:
        administer = psycopg.connect(url.format(database="postgres").replace("+psycopg", ""), autocommit=True)
        with administer:
            instance = kept / f"postgresql-{scale}"
            if not instance.exists():
                beside = _fresh(kept / f"postgresql-{scale}.loading")
                administer.execute(f"DROP DATABASE IF EXISTS {scale}")
                administer.execute(f"CREATE DATABASE {scale}")
                _load(url.format(database=scale), beside, scale)
                with psycopg.connect(url.format(database=scale).replace("+psycopg", ""), autocommit=True) as connection:
                    connection.execute("VACUUM ANALYZE")
                beside.rename(instance)
            if not writes:
                with application(url.format(database=scale), instance) as app:
                    yield app
                return
            administer.execute("DROP DATABASE IF EXISTS written")
            administer.execute(f"CREATE DATABASE written TEMPLATE {scale} STRATEGY file_copy")
            try:
                with application(url.format(database="written"), instance) as app:
                    yield app
            finally:
                administer.execute("DROP DATABASE written WITH (FORCE)")


def _fresh(place: Path) -> Path:
    shutil.rmtree(place, ignore_errors=True)
    place.mkdir()
    return place


def _say(line: str) -> None:
    print(" ", line, flush=True)


def _load(url: str, instance: Path, scale: str) -> None:
    """In a child, so that what it took in memory is known and given back."""
    print(f"… loading {scale} into {url.partition(':')[0]}", flush=True)
    begun = time.monotonic()
    child = os.fork()
    if child == 0:
        code = 1
        try:
            with application(url, instance):
                db.create_all()
                load(scale=SCALES[scale], seed=1, now=kernel_time.utc_now(), say=_say)
            code = 0
        except BaseException:  # noqa: BLE001 - the child must say so and end
            traceback.print_exc()
        finally:
            os._exit(code)
    most = 0.0
    while not (ended := os.waitpid(child, os.WNOHANG))[0]:
        most = max(most, _mebibytes(child))
        time.sleep(1)
    if ended[1]:
        raise RuntimeError(f"loading {scale} failed")
    found = {"seconds": round(time.monotonic() - begun, 1), "mebibytes": round(most)}
    (instance / "loading.json").write_text(json.dumps(found))


def _mebibytes(loading: int) -> float:
    """What this process and those that draw other counties for it take together, what they share counted once."""
    try:
        return sum(mebibytes_of(each, "Pss") for each in (loading, *children_of(loading)))
    except OSError:  # one of them has just ended
        return 0.0
