"""The sessions of browsers: beginning and ending one, the firm acted for in it, what a visitor is shown.

A browser's cookie holds a secret; person, memberships and roles are read anew at every request (one statement), so a
membership, an account or a session that ended has ended at the next request.

Behind proxies, `TRUSTED_PROXIES` says how many of ours stand in front; that many entries of `X-Forwarded-For` (and
`-Proto`, `-Host`) are believed, none by default. That is the one way an address gets here.
"""

from dataclasses import dataclass
from datetime import timedelta
from typing import Any

from flask import Flask, Response, g, has_request_context, redirect, request, session, url_for
from flask_login import LoginManager, current_user, login_user, logout_user
from werkzeug.middleware.proxy_fix import ProxyFix

from labshare.accounts.errors import FactorFirst
from labshare.accounts.factors import HALF_LASTS
from labshare.accounts.sessions import Entered
from labshare.http.actor import FIRM, current_person, demonstration_allowed, factor_required
from labshare.http.rights import right_of
from labshare.kernel.errors import SignInFirst
from labshare.kernel.time import utc_now
from labshare.organisations.queries import Account, account_of_session
from labshare.web.browsers import remember_browser

HALF, MARK = "half", "kept_by"
"""In the session's cookie: who proved one factor of two; which browser keeps a form (`web.account.expired`)."""
IDLE = timedelta(hours=12)
"""A browser that asked for nothing this long is signed out."""


class SignedIn:
    """What Flask-Login keeps of a signed-in browser: its secret and the account behind it."""

    is_authenticated = True
    is_active = True
    is_anonymous = False

    def __init__(self, key: str, account: Account | None) -> None:
        self.key = key
        self.account = account

    def get_id(self) -> str:
        return self.key


def _load(key: str) -> SignedIn | None:
    account = account_of_session(key, utc_now(), demonstration=demonstration_allowed())
    return SignedIn(key, account) if account else None


def _forget_loaded() -> None:
    """Who was loaded in this request is no longer who acts; forms of its page belong to the new session."""
    for name in ("actor", "reader", "language", "csrf_token"):
        g.pop(name, None)


@dataclass(frozen=True)
class Half:
    """Somebody who gave the password, or a code from the phone, and whose second factor is still asked for."""

    person_id: int
    state: str
    """Of the account when the first factor was given: any change of it ends this."""


def begin_half_session(entered: Entered) -> None:
    """Remember for a few minutes who proved one factor. Nobody is signed in by it: whoever was before is not any
    more, and nothing else the old cookie held stays but the mark of a form that is kept."""
    mark = session.get(MARK)
    end_browser_session()
    session[HALF] = [entered.person_id, entered.state, int((utc_now() + HALF_LASTS).timestamp())]
    if mark is not None:
        session[MARK] = mark


def half_session() -> Half | None:
    """Whose second factor is asked for in this browser."""
    found = session.get(HALF)
    if found is None or utc_now().timestamp() >= found[2]:
        return None
    return Half(found[0], found[1])


def begin_browser_session(key: str) -> None:
    """Keep this session's secret in this browser. Everything the old cookie held is dropped."""
    session.clear()
    session.permanent = True
    account = account_of_session(key, utc_now(), demonstration=demonstration_allowed())
    login_user(SignedIn(key, account), force=True)
    if account is not None:
        remember_browser(account.id, epoch=account.epoch)
    _forget_loaded()


def end_browser_session() -> None:
    """Drop everything the cookie held; the session itself is ended by its service."""
    logout_user()
    session.clear()
    _forget_loaded()


def session_key() -> str | None:
    """The secret of this browser's session."""
    return current_user.key if has_request_context() and current_user.is_authenticated else None


def reload_account() -> None:
    """Read the person anew: a membership was written in this request."""
    key = session_key()
    if key is not None:
        g.pop("_login_user", None)
        _forget_loaded()


def act_for(firm_id: int) -> bool:
    """Act for this firm from now on; false where the person is no member."""
    person = current_person()
    if person is None or firm_id not in [firm for firm, _role in person.memberships]:
        return False
    session[FIRM] = firm_id
    _forget_loaded()
    return True


def init(app: Flask) -> None:
    """Sign-in for every page."""
    app.config["PERMANENT_SESSION_LIFETIME"] = IDLE
    proxies = int(app.config.get("TRUSTED_PROXIES", 0))
    if proxies:
        app.wsgi_app = ProxyFix(app.wsgi_app, x_for=proxies, x_proto=proxies, x_host=proxies)  # type: ignore[method-assign]
    manager = LoginManager()
    manager.session_protection = None  # addresses of phones change; the secret is what counts
    manager.user_loader(_load)
    manager.init_app(app)
    app.before_request(_visitors_sign_in_first)
    app.before_request(_second_factor_first)
    app.after_request(_keep_private)


def _visitors_sign_in_first() -> None:
    """A page that is not for everybody shows a visitor nothing but the way to sign in. The API knows its caller
    later."""
    right = right_of(request.endpoint)
    if right is not None and not right.public and not request.path.startswith("/api/") and current_person() is None:
        raise SignInFirst


WITHOUT_FACTOR = frozenset(
    {
        "static",
        "account.add_passkey",
        "account.set_up_factor",
        "account.sign_out",
        "account.sign_out_everywhere",
        "preferences.choose_language",
        "preferences.choose_theme",
    }
)
"""What is open to somebody signed in whose roles need a second factor and who has none yet."""


def _second_factor_first() -> Any:
    """Where second factors are required, who needs one and has none is led to set it up, and reaches nothing else."""
    if request.path.startswith("/api/") or request.endpoint in WITHOUT_FACTOR or not factor_required():
        return None
    person = current_person()
    if person is None or person.has_factor or not person.needs_factor:
        return None
    if request.method in ("GET", "HEAD"):
        return redirect(url_for("account.set_up_factor", next=request.full_path.rstrip("?")), 303)
    raise FactorFirst


PUBLIC = frozenset({"public", "api_catalogue"})
PUBLIC_ENDPOINTS = frozenset(
    {"static", "documentation", "api-docs.openapi_json", "api_booking.slots", "api_oversight.public_statistics"}
)
"""What everybody gets alike; a cache may keep the answers that visitors get."""


def _keep_private(response: Response) -> Response:
    """No cache, the browser's own either, keeps what is not public: pages, files and the API's answers. After signing
    out, "back" shows nothing."""
    if not _is_public(response):
        response.headers["Cache-Control"] = "private, no-store"
    return response


def _is_public(response: Response) -> bool:
    if request.endpoint == "static":
        return True
    if request.blueprint not in PUBLIC and request.endpoint not in PUBLIC_ENDPOINTS:
        return False
    known = "Authorization" in request.headers if request.path.startswith("/api/") else "_user_id" in session
    return not known and response.status_code < 400
