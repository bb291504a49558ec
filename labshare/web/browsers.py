"""Browsers in which an account has signed in before: each keeps a signed cookie that says so for a year.

The cookie opens nothing. It gives the browser an allowance of its own for wrong passwords, so that strangers who guess
at an account hold up other strangers and never its owner (`throttle`). A new password and "sign out everywhere" end it.
"""

import secrets
from datetime import timedelta

from flask import Response, after_this_request, current_app, request
from flask_babel import gettext as _
from itsdangerous import BadSignature, URLSafeTimedSerializer

LASTS = timedelta(days=365)
MOST = 5
"""Accounts that one browser is known for: at a lab's shared desk several people sign in."""


def named_browser(agent: str | None) -> str:
    """What a browser calls itself, for people: "Edge · Windows"; "" where it says nothing that is known."""
    from ua_parser import parse  # its patterns, where somebody asks

    parsed = parse(agent or "")
    family = _("WeChat") if "MicroMessenger" in (agent or "") else parsed.user_agent and parsed.user_agent.family
    return " · ".join(part for part in (family, parsed.os and parsed.os.family) if part)


def _serializer() -> URLSafeTimedSerializer:
    return URLSafeTimedSerializer(current_app.config["SECRET_KEY"], salt="known.browser")


def _cookie() -> str:
    return "__Host-known" if current_app.config["PRODUCTION"] else "known"


def _accounts() -> list[list[str | int]]:
    """[person, epoch, mark of this browser] of each account that signed in here, the latest first."""
    try:
        held = _serializer().loads(request.cookies.get(_cookie(), ""), max_age=int(LASTS.total_seconds()))
    except BadSignature:
        return []
    return list(held)


def mark_of_browser(person_id: int, *, epoch: int) -> str | None:
    """The mark of a browser in which this person, at this epoch, has signed in before; nothing of any other."""
    return next((str(mark) for person, at, mark in _accounts() if (person, at) == (person_id, epoch)), None)


def remember_browser(person_id: int, *, epoch: int) -> None:
    """Have this request's answer mark the browser as one of this person's."""
    others = [one for one in _accounts() if one[0] != person_id]
    mark = mark_of_browser(person_id, epoch=epoch) or secrets.token_urlsafe(12)
    value = _serializer().dumps([[person_id, epoch, mark], *others][:MOST])

    @after_this_request
    def keep(response: Response) -> Response:
        response.set_cookie(
            _cookie(),
            value,
            max_age=int(LASTS.total_seconds()),
            path="/",
            httponly=True,
            samesite="Lax",
            secure=current_app.config["PRODUCTION"],
        )
        return response
