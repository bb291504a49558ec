"""Who calls: a bearer token, or nobody. The browser's cookie is never looked at here, so no forged form gets in."""

from collections.abc import Callable
from functools import wraps
from typing import Any, TypeVar

from flask import g, request

from labshare.http.actor import current_actor, demonstration_allowed, remote_address
from labshare.kernel.actor import Actor
from labshare.kernel.errors import SignInFirst
from labshare.kernel.time import utc_now
from labshare.organisations.queries import holder_of_token

F = TypeVar("F", bound=Callable[..., Any])


def know_caller() -> None:
    """Before each request: the token's actor and language, or a visitor. Raises `SignInFirst` on a bad token."""
    g.actor = Actor(address=remote_address())
    header = request.headers.get("Authorization")
    if header is None:
        return
    scheme, _, secret = header.partition(" ")
    holder = None
    if scheme.lower() == "bearer" and secret.strip():
        holder = holder_of_token(
            secret.strip(), utc_now(), address=remote_address(), demonstration=demonstration_allowed()
        )
    if holder is None:
        raise SignInFirst
    g.actor = holder.actor
    if holder.locale and "Accept-Language" not in request.headers:
        g.language = holder.locale[:2]


def signed_in(view: F) -> F:
    """This address needs a token."""

    @wraps(view)
    def guarded(*args: Any, **kwargs: Any) -> Any:
        if current_actor().person_id is None:
            raise SignInFirst
        return view(*args, **kwargs)

    return guarded  # type: ignore[return-value]
