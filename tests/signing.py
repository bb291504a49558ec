"""Signing in without the form, for tests about something else.

    sign_in(client, person, firm)          # a Flask test client
    sign_in_browser(page, person, firm)    # a Playwright page (or context) of `open_browser`

Both commit what the test has written so far, as a request has a connection of its own.
"""

from typing import Any

from flask import current_app
from flask.testing import FlaskClient

from labshare.accounts.models import Person
from labshare.accounts.sessions import begin_session
from labshare.kernel.database import db
from labshare.kernel.time import utc_now
from labshare.organisations.models import Firm


def _cookie(someone: Person, firm: Firm | None) -> dict[str, Any]:
    key = begin_session(someone, utc_now())
    values: dict[str, Any] = {"_user_id": key, "_fresh": True, "_permanent": True}
    if firm is not None:
        values["firm_id"] = firm.id
    db.session.commit()
    return values


def sign_in(client: FlaskClient, someone: Person, firm: Firm | None = None) -> FlaskClient:
    """This person in this client, acting for `firm`. Gives the client back."""
    values = _cookie(someone, firm)
    with client.session_transaction() as session:
        session.clear()
        session.update(values)
    return client


def sign_in_browser(page: Any, someone: Person, firm: Firm | None = None) -> Any:
    """The same for a Playwright page: sets the cookie on its context. Gives the page back."""
    app = current_app._get_current_object()  # type: ignore[attr-defined]
    serializer = app.session_interface.get_signing_serializer(app)
    page.context.add_cookies(
        [
            {
                "name": app.config["SESSION_COOKIE_NAME"],
                "value": serializer.dumps(_cookie(someone, firm)),
                "url": app.config["BASE_URL"],
                "httpOnly": True,
                "sameSite": "Lax",
            }
        ]
    )
    return page
