"""The one list of settings, read from the environment."""

import os
import secrets
from collections.abc import Mapping
from contextlib import suppress
from ipaddress import IPv4Network, IPv6Network, ip_network
from pathlib import Path
from urllib.parse import urlsplit
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

ROOT = Path(__file__).resolve().parent
KEYS = ("SECRET_KEY", "AUDIT_KEY", "EVENT_KEY", "BANK_KEY")
"""Each of its own: who learns one has none of the others."""
SIGNING = "AUDIT_KEY"
"""The one that web processes do not have: they check signatures by `AUDIT_PUBLIC_KEY`."""


class UnsafeSetting(RuntimeError):
    """Production refuses to start, and says which setting is unsafe."""


def _kept_secret(instance: Path, name: str) -> str:
    """A key made once and kept in `instance/`, for development. Two processes that start together find one key."""
    path = instance / name.lower()
    _keep(path, secrets.token_hex(32))
    return path.read_text().strip()


def _keep(path: Path, text: str) -> None:
    """Write a file that is not there yet, whole or not at all."""
    if not path.exists():
        path.parent.mkdir(parents=True, exist_ok=True)
        made = path.with_name(f"{path.name}.{secrets.token_hex(8)}")
        made.touch(mode=0o600)
        made.write_text(text)
        with suppress(FileExistsError):
            path.hardlink_to(made)
        made.unlink()


def _signing_keys(
    env: Mapping[str, str], secret: str | None, instance: Path, *, production: bool, web: bool
) -> dict[str, str | None]:
    """`AUDIT_KEY`, None where this process does not sign, and `AUDIT_PUBLIC_KEY`, which every process has."""
    from labshare.kernel.signing import is_public_key, public_of

    public = env.get("AUDIT_PUBLIC_KEY", "").strip().lower()
    if public and not is_public_key(public):
        raise UnsafeSetting("AUDIT_PUBLIC_KEY: 64 hexadecimal digits; `labshare audit public-key` prints them")
    if secret is None:
        if not public:
            raise UnsafeSetting("AUDIT_PUBLIC_KEY: set what `labshare audit public-key` prints where AUDIT_KEY is")
        return {SIGNING: None, "AUDIT_PUBLIC_KEY": public}
    if production and web:
        raise UnsafeSetting("AUDIT_KEY: the scheduler's and `labshare audit seal`'s alone; here AUDIT_PUBLIC_KEY")
    if public and public != public_of(secret):
        raise UnsafeSetting("AUDIT_PUBLIC_KEY: does not belong to AUDIT_KEY")
    if not (production or env.get(SIGNING)):
        _keep(instance / "audit_public_key", public_of(secret))
    return {SIGNING: None if web else secret, "AUDIT_PUBLIC_KEY": public_of(secret)}


def _bank_keys(env: Mapping[str, str], key: str) -> tuple[str, ...]:
    """The key of bank accounts, and those that were it before and still open what lies under them."""
    before = tuple(part.strip() for part in env.get("BANK_KEYS_BEFORE", "").split(",") if part.strip())
    if any(len(one) < 32 for one in before):
        raise UnsafeSetting("BANK_KEYS_BEFORE: what BANK_KEY was before, several parted by commas, or nothing")
    return (key, *before)


def _zone(name: str) -> ZoneInfo:
    try:
        return ZoneInfo(name)
    except (ZoneInfoNotFoundError, ValueError) as problem:
        raise UnsafeSetting(f"TIME_ZONE: {name!r} is no zone; such as Asia/Shanghai") from problem


def _number(env: Mapping[str, str], name: str, default: str) -> int:
    value = env.get(name) or default
    if not value.isdecimal():
        raise UnsafeSetting(f"{name}: {value!r} is not a number")
    return int(value)


def _networks(value: str) -> tuple[IPv4Network | IPv6Network, ...]:
    try:
        return tuple(ip_network(part.strip()) for part in value.split(",") if part.strip())
    except ValueError as problem:
        raise UnsafeSetting(f"METRICS_FROM: {problem}; such as 127.0.0.0/8,10.1.2.3") from problem


def settings(*, web: bool = True, owner: bool = False) -> dict[str, object]:
    """Read the environment; `web`: for a process that serves strangers, which signs nothing; `owner`: for one that
    changes the tables themselves. Raises `UnsafeSetting` in production on a missing or unsafe value."""
    env = os.environ
    environment = env.get("LABSHARE_ENV", "development")
    if environment not in ("development", "testing", "production"):
        raise UnsafeSetting(f"LABSHARE_ENV: {environment!r} is none of development, testing, production")
    production = environment == "production"
    instance = Path(env.get("LABSHARE_INSTANCE", ROOT / "instance"))
    keys = {}
    for name in KEYS:
        value = env.get(name, "")
        if name == SIGNING and not value and (production or env.get("AUDIT_PUBLIC_KEY")):
            continue
        if production and (len(value) < 32 or len(set(value)) < 10):
            raise UnsafeSetting(f"{name}: set at least 32 characters of chance")
        keys[name] = value or _kept_secret(instance, name)
        same = next((other for other in KEYS if other != name and keys.get(other) == keys[name]), None)
        if production and same:
            raise UnsafeSetting(f"{name}: must differ from {same}")
    signing = _signing_keys(env, keys.pop(SIGNING, None), instance, production=production, web=web)
    url = env.get("DATABASE_URL") or f"sqlite:///{instance / 'labshare.db'}"
    if not url.startswith(("sqlite:///", "postgresql+psycopg://")):
        raise UnsafeSetting("DATABASE_URL: sqlite:///… or postgresql+psycopg://…")
    owners_url, runtime_role = env.get("MIGRATION_DATABASE_URL") if owner else None, None
    if owners_url:
        runtime_role = urlsplit(url).username
        if not owners_url.startswith("postgresql+psycopg://") or runtime_role == urlsplit(owners_url).username:
            raise UnsafeSetting("MIGRATION_DATABASE_URL: postgresql+psycopg://…, with another role than DATABASE_URL")
        url = owners_url
    rate_limits = env.get("RATELIMIT_ENABLED", "1").lower() not in ("0", "false", "no")
    if production and not rate_limits:
        raise UnsafeSetting("RATELIMIT_ENABLED: limits must be on")
    storage = env.get("RATELIMIT_STORAGE_URI") or "memory://"
    if not storage.startswith(("memory://", "valkey", "redis")):
        raise UnsafeSetting("RATELIMIT_STORAGE_URI: memory://, valkey://host:6379/0 or valkey+unix:///path/to/socket")
    mail = env.get("MAIL_URL", "" if production else "console:")
    if production and not mail.startswith(("smtp://", "smtps://")):
        raise UnsafeSetting("MAIL_URL: smtp://… or smtps://…")
    sms = env.get("SMS_URL", "" if production else "console:")
    if sms and not sms.startswith("https://" if production else ("https://", "http://127.0.0.1", "console:")):
        raise UnsafeSetting("SMS_URL: https://user:password@gateway/…, or nothing: then nobody signs in by a code")
    second_factor = env.get("SECOND_FACTOR") or ("required" if production else "offered")
    if second_factor not in ("required", "offered"):
        raise UnsafeSetting(f"SECOND_FACTOR: {second_factor!r} is neither required nor offered")
    zone = _zone(env.get("TIME_ZONE", "Asia/Shanghai"))
    uploads = Path(env.get("UPLOAD_DIR", instance / "uploads")).resolve()
    if uploads.is_relative_to(ROOT / "static"):
        raise UnsafeSetting("UPLOAD_DIR: must lie outside static/, which is served to everybody")
    base_url = env.get("BASE_URL", f"http://127.0.0.1:{env.get('PORT', '8000')}")
    if production and not base_url.startswith("https://"):
        raise UnsafeSetting("BASE_URL: https://…, which links in mails and the check of forms' origin need; "
                            "the session's cookie goes over https alone")  # fmt: skip
    if production and env.get("FLASK_DEBUG", "0").lower() not in ("", "0", "false", "no"):
        raise UnsafeSetting("FLASK_DEBUG: the debugger lets visitors run code")
    clamd = env.get("CLAMD_URL", "")
    if clamd and not clamd.startswith(("tcp://", "unix:///")):
        raise UnsafeSetting("CLAMD_URL: unix:///run/clamav/clamd.ctl or tcp://127.0.0.1:3310")
    lock_seconds = _number(env, "LOCK_SECONDS", "5")
    threads = _number(env, "THREADS", "8")
    if not threads:
        raise UnsafeSetting("THREADS: at least 1")
    # A thread has one connection, and a second one while a key of the API is held (labshare/api/writing.py)
    pool = {"pool_timeout": lock_seconds, "pool_size": threads, "max_overflow": threads}
    return {
        **keys,
        **signing,
        "BANK_KEYS": _bank_keys(env, keys["BANK_KEY"]),
        "ENVIRONMENT": environment,
        "INSTANCE": instance,
        "PRODUCTION": production,
        "TESTING": environment == "testing",
        "SQLALCHEMY_DATABASE_URI": url,
        "RUNTIME_ROLE": runtime_role,  # whom an upgrade gives the rights that the application needs
        "SQLALCHEMY_ENGINE_OPTIONS": {} if url == "sqlite:///:memory:" else pool,
        "THREADS": threads,
        # How long a request waits for others, then commands and jobs (labshare/kernel/waiting.py)
        "LOCK_SECONDS": lock_seconds,
        "STATEMENT_SECONDS": _number(env, "STATEMENT_SECONDS", "30"),
        "IDLE_SECONDS": _number(env, "IDLE_SECONDS", "60"),
        "JOB_LOCK_SECONDS": _number(env, "JOB_LOCK_SECONDS", "300"),
        "JOB_STATEMENT_SECONDS": _number(env, "JOB_STATEMENT_SECONDS", "3600"),
        "TIME_ZONE": zone.key,
        "ZONE": zone,
        "DIVISION": env.get("DIVISION", "330624"),
        "MAIL_URL": mail,
        "MAIL_FROM": env.get("MAIL_FROM", "labshare@localhost"),
        "MAIL_PER_HOUR": _number(env, "MAIL_PER_HOUR", "2000"),
        "SMS_URL": sms,
        "SECOND_FACTOR": second_factor,
        "RATELIMIT_STORAGE_URI": storage,
        "RATELIMIT_ENABLED": rate_limits,
        "UPLOAD_DIR": uploads,
        "CLAMD_URL": clamd,
        "MAP_TILE_URL": env.get("MAP_TILE_URL", ""),  # kept for maps with tiles; the built-in outline needs none
        "SERVICE_NAME": env.get("SERVICE_NAME", "新昌县共享实验室"),
        "SERVICE_NAME_EN": env.get("SERVICE_NAME_EN", "Xinchang County shared laboratories"),
        "TRUSTED_PROXIES": _number(env, "TRUSTED_PROXIES", "0"),
        "METRICS_FROM": _networks(env.get("METRICS_FROM", "127.0.0.0/8,::1")),
        "PORT": _number(env, "PORT", "8000"),
        "BASE_URL": base_url,
        # What a request may bring: without a file, with one (labshare/web/bodies.py); the file itself
        "MAX_CONTENT_LENGTH": 1024 * 1024,
        "MAX_UPLOAD_LENGTH": 256 * 1024 * 1024,
        "UPLOAD_LIMIT": 20 * 1024 * 1024,
        # How long it may take to bring it: the head, the body's first bytes, then so many a second
        # (labshare/commands/worker.py)
        "HEAD_SECONDS": _number(env, "HEAD_SECONDS", "10"),
        "BODY_SECONDS": _number(env, "BODY_SECONDS", "10"),
        "BODY_RATE": _number(env, "BODY_RATE", "8192"),
        # What reading one file may cost (labshare/kernel/apart.py)
        "PARSE_SECONDS": _number(env, "PARSE_SECONDS", "10"),
        "PARSE_MEMORY": _number(env, "PARSE_MEMORY", str(512 * 1024 * 1024)),
        "SESSION_COOKIE_NAME": "__Host-session" if production else "session",
        "SESSION_COOKIE_SECURE": production,
        "SESSION_COOKIE_HTTPONLY": True,
        "SESSION_COOKIE_SAMESITE": "Lax",
        "BABEL_DEFAULT_LOCALE": "zh_Hans_CN",
        "BABEL_DEFAULT_TIMEZONE": zone.key,
    }
