"""Who calls: a bearer token, or nobody. The browser's cookie is never looked at here, so no forged form gets in."""

from flask import g, request

from labshare.accounts.errors import FactorFirst
from labshare.http.actor import demonstration_allowed, factor_required, remote_address
from labshare.kernel.actor import Actor
from labshare.kernel.errors import SignInFirst
from labshare.kernel.time import utc_now
from labshare.organisations.queries import holder_of_token


def know_caller() -> None:
    """Before each request: the token's actor and language, or a visitor. Raises `SignInFirst` on a bad token,
    `FactorFirst` on one of somebody without the second factor that is required of tokens' holders (R-FACTOR-6)."""
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
    if factor_required() and not holder.has_factor:
        raise FactorFirst
    g.actor = holder.actor
    if holder.locale and "Accept-Language" not in request.headers:
        g.language = holder.locale[:2]
