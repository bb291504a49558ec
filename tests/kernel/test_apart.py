"""A file made to swallow time or memory ends the process it is read in, not ours."""

import os
import time
from collections.abc import Iterator
from pathlib import Path

import psutil
import pytest
from flask import Flask

from labshare.kernel.apart import NotReadInTime, read_apart
from tests.settlement.world import laughing_pdf, pdf

ENGINES = ("sqlite",)  # no database is asked


@pytest.fixture
def a_file(app: Flask, tmp_path: Path) -> Iterator[object]:
    with (tmp_path / "file").open("w+b") as file:

        def holding(content: bytes) -> object:
            file.seek(0)
            file.truncate()
            file.write(content)
            file.flush()
            return file

        yield holding


def readers() -> list[psutil.Process]:
    return [each for each in psutil.Process().children(recursive=True) if _reads(each)]


def _reads(process: psutil.Process) -> bool:
    try:
        return process.status() != psutil.STATUS_ZOMBIE and any("readers.py" in word for word in process.cmdline())
    except psutil.NoSuchProcess:  # one that ended just now
        return False


def test_good_and_bad_files_are_told_apart(a_file):
    assert read_apart("pdf", a_file(pdf())) is True
    assert read_apart("pdf", a_file(b"%PDF-1.7 nothing %%EOF")) is False


def test_what_takes_too_long_is_ended(app, a_file):
    """Under a kilobyte that claims a thousand million pages."""
    bomb = laughing_pdf()
    assert len(bomb) < 2_000
    app.config["PARSE_SECONDS"] = 1
    since = time.monotonic()
    with pytest.raises(NotReadInTime):
        read_apart("pdf", a_file(bomb))
    assert time.monotonic() - since < 10
    assert len(readers()) == 1, "the child is gone, the process apart stays"
    app.config["PARSE_SECONDS"] = 10
    assert read_apart("pdf", a_file(pdf())) is True


def test_what_takes_too_much_memory_is_ended(app, a_file):
    """The same file: each of its pages is kept."""
    assert read_apart("pdf", a_file(pdf())) is True
    used = readers()[0].memory_info().vms
    app.config.update(PARSE_SECONDS=60, PARSE_MEMORY=used + 8 * 1024 * 1024)
    since = time.monotonic()
    with pytest.raises(NotReadInTime):
        read_apart("pdf", a_file(laughing_pdf()))
    assert time.monotonic() - since < 50, "memory ended it, not time"


def test_another_process_takes_the_place_of_one_that_is_gone(a_file):
    assert read_apart("pdf", a_file(pdf())) is True
    gone = readers()[0]
    os.kill(gone.pid, 9)
    gone.wait(10)
    assert read_apart("pdf", a_file(pdf())) is True
