"""How often a stranger, an account or a firm may ask for what costs or can be misused. Flask-Limiter counts, in the
storage of `RATELIMIT_STORAGE_URI`; what an excess is answered with is an ordinary refusal (429 with `Retry-After`), so
that a form keeps what was typed.

Where that storage cannot be reached each process counts for itself meanwhile, and says so in the log. Guessing at
passwords has a throttle of its own on the same storage: `labshare.web.account.throttle`.
"""

from collections.abc import Callable
from dataclasses import dataclass
from functools import wraps
from ipaddress import IPv6Address, ip_address
from typing import Any, TypeVar

from flask import Flask, Response, current_app, g, request
from flask_limiter import Limiter, RateLimitExceeded
from limits.storage import Storage

from labshare.http.actor import current_actor, remote_address
from labshare.http.downloads import TYPES
from labshare.kernel.errors import TooManyRequests
from labshare.kernel.time import machine_seconds

F = TypeVar("F", bound=Callable[..., Any])
HOME_BITS = 64
"""What one customer of an IPv6 provider has at least: its addresses count as one."""


def address() -> str:
    """The network address of this request, of IPv6 its network."""
    text = remote_address() or "-"
    try:
        found = ip_address(text)
    except ValueError:
        return text
    if not isinstance(found, IPv6Address):
        return text
    return str(found.ipv4_mapped or IPv6Address(int(found) >> (128 - HOME_BITS) << (128 - HOME_BITS)))


def stranger() -> str | None:
    """The address of somebody who is not signed in."""
    return address() if current_actor().person_id is None else None


def account() -> str | None:
    person = current_actor().person_id
    return f"person {person}" if person is not None else None


def firm() -> str | None:
    acted_for = current_actor().firm_id
    return f"firm {acted_for}" if acted_for is not None else None


def mailbox() -> str | None:
    """One address that a firm writes to."""
    acted_for = firm()
    return f"{acted_for} {g.counted_about}" if acted_for is not None and g.counted_about else None


def phone() -> str | None:
    """One number that codes are asked for, from wherever."""
    return g.counted_about or None


def browser() -> str | None:
    """A browser in which the account signed in before."""
    return g.counted_about or None


def feed() -> str | None:
    """A calendar address, by its digest."""
    return g.counted_about or None


@dataclass(frozen=True)
class Limit:
    """At most `most` times within `seconds` for whoever `by` names; where it names nobody, no limit."""

    most: int
    seconds: int
    by: Callable[[], str | None]


MINUTE, HOUR = 60, 3600
LIMITS: dict[str, tuple[Limit, ...]] = {
    "sign_in": (Limit(200, 5 * MINUTE, address),),
    "sign_in_again": (Limit(60, 5 * MINUTE, browser),),
    "password": (Limit(30, 5 * MINUTE, account),),
    "sign_up": (Limit(30, HOUR, address),),
    "reset": (Limit(20, HOUR, address),),
    "code": (Limit(20, HOUR, address), Limit(5, HOUR, phone)),
    "invitation": (Limit(30, HOUR, account), Limit(60, HOUR, firm), Limit(3, HOUR, mailbox)),
    "search": (Limit(120, MINUTE, stranger),),
    "offers": (Limit(240, MINUTE, stranger),),
    "sitemap": (Limit(10, MINUTE, address),),
    "verify": (Limit(30, MINUTE, address),),
    "token": (Limit(10, HOUR, account),),
    "feed": (Limit(120, HOUR, feed), Limit(1200, HOUR, address)),
    "feed_made": (Limit(10, HOUR, account),),
    "message": (Limit(60, HOUR, account),),
    "export": (Limit(60, 10 * MINUTE, account), Limit(300, HOUR, firm), Limit(30, 10 * MINUTE, stranger)),
    "report": (Limit(120, MINUTE, account),),
    "progress": (Limit(1200, 10 * MINUTE, account),),
    "calculation": (Limit(30, 10 * MINUTE, account),),
}
"""What is limited. `docs/operating.md` tells operators the same (a test compares)."""


@dataclass(frozen=True)
class _Counting:
    """The limits of one application."""

    limiter: Limiter
    gates: dict[str, Callable[[], None]]


def _gate(limiter: Limiter, name: str, limits: tuple[Limit, ...]) -> Callable[[], None]:
    """A function that does nothing, as often as it may be called."""

    def gate() -> None:
        pass

    gate.__name__ = gate.__qualname__ = f"gate_{name}"  # Flask-Limiter tells them apart by it
    for limit in limits:
        gate = limiter.shared_limit(
            f"{limit.most} per {limit.seconds} seconds",
            scope=f"{name} {limit.by.__name__}",
            key_func=lambda limit=limit: limit.by() or "",
            exempt_when=lambda limit=limit: limit.by() is None,
        )(gate)
    return gate


def _counting() -> _Counting:
    found: _Counting = current_app.extensions["labshare.limits"]
    return found


def counted() -> bool:
    """Whether limits hold here (`RATELIMIT_ENABLED`)."""
    return bool(current_app.config["RATELIMIT_ENABLED"])


def storage() -> Storage:
    """Where counts are kept: what all processes share or, while `count` has found that away, this process."""
    found: Storage = _counting().limiter.limiter.storage
    return found


def count(name: str, *, about: str = "") -> None:
    """Count this request under the limit `name`; `about` is what `mailbox` and `browser` go by.

    Raises `TooManyRequests` on an excess, which is not counted.
    """
    if not counted():
        return
    g.counted_about = about
    try:
        _counting().gates[name]()
    except RateLimitExceeded as excess:
        breached = _counting().limiter.current_limit
        left = breached.window.reset_time - machine_seconds() if breached else excess.limit.limit.get_expiry()
        raise refusal(left) from None


def refusal(seconds: float, kind: type[TooManyRequests] = TooManyRequests) -> TooManyRequests:
    """The refusal to raise; whatever form or page shows it, the answer says to programs, too, when to come again."""
    made = kind(seconds)
    g.retry_after = made.seconds
    return made


def limited(name: str) -> Callable[[F], F]:
    """Count each request of a view under the limit `name`."""

    def decorate(view: F) -> F:
        @wraps(view)
        def counting(*args: Any, **kwargs: Any) -> Any:
            count(name)
            return view(*args, **kwargs)

        return counting  # type: ignore[return-value]

    return decorate


def _count_files() -> None:
    """Whatever page makes a file of what it shows. The API knows its caller later and counts for itself."""
    if request.args.get("format") in TYPES and not request.path.startswith("/api/"):
        count("export")


def _say_when(response: Response) -> Response:
    if response.status_code == 429 and "retry_after" in g:
        response.headers["Retry-After"] = str(g.retry_after)
    return response


def init(app: Flask) -> None:
    if app.config["RATELIMIT_ENABLED"]:
        limiter = Limiter(address, strategy="moving-window", key_prefix="labshare", in_memory_fallback_enabled=True)
        limiter.init_app(app)
        gates = {name: _gate(limiter, name, limits) for name, limits in LIMITS.items()}
        app.extensions["labshare.limits"] = _Counting(limiter, gates)
    app.before_request(_count_files)
    app.after_request(_say_when)
