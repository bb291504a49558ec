"""Who sends a request: the person, the firm acted for, and the network address. Pages know them by a browser's
session (`labshare.web.actor`), the API by a token (`labshare.api.access`)."""

from flask import current_app, g, has_request_context, request, session
from flask_login import current_user

from labshare.accounts.models import LONGEST_AGENT
from labshare.kernel.actor import VISITOR, Actor
from labshare.organisations.queries import Account

FIRM = "firm_id"
"""Where a browser's session keeps the firm acted for."""


def demonstration_allowed() -> bool:
    """Demonstration accounts sign in anywhere but in production."""
    return not current_app.config["PRODUCTION"]


def factor_required() -> bool:
    """Whether this installation requires a second factor of those whose roles need one (`SECOND_FACTOR`)."""
    return bool(current_app.config["SECOND_FACTOR"] == "required")


def current_person() -> Account | None:
    """The signed-in person, or nothing."""
    if not has_request_context() or not current_user.is_authenticated:
        return None
    account: Account = current_user.account
    return account


def remote_address() -> str | None:
    """The network address of this request, with trusted proxies taken off."""
    return request.remote_addr[:45] if has_request_context() and request.remote_addr else None


def current_actor() -> Actor:
    """Who acts in this request, for services. A visitor has no person and no roles."""
    if "actor" not in g:
        person = current_person()
        origin = {"address": remote_address(), "agent": request.user_agent.string[:LONGEST_AGENT] or None}
        g.actor = person.actor(session.get(FIRM), **origin) if person else Actor(**origin)
    actor: Actor = g.actor if has_request_context() else VISITOR
    return actor
