"""A form that was sent after a long pause, when the session had ended: signing in keeps what was typed.

Only a form of our own pages is kept (the browser says where it comes from), only of the acts of `resumable_acts`, and
only for the browser it came from and, where that is known, the person. What was typed travels in the page itself,
signed. After signing in the page says which act on which object it would do; a click does it, nothing by itself.
Files cannot be kept, passwords are not.
"""

import secrets
from typing import Any
from urllib.parse import urlsplit

from flask import current_app, flash, redirect, render_template, request, session
from flask_babel import gettext as _
from itsdangerous import BadSignature, URLSafeTimedSerializer
from werkzeug.exceptions import HTTPException, RequestEntityTooLarge
from wtforms import HiddenField

from labshare.accounts.queries import person_of_any_session
from labshare.http.actor import current_actor, current_person
from labshare.http.rights import public
from labshare.kernel.errors import Conflict, NotFound, Problem
from labshare.web.account import blueprint
from labshare.web.account.forms import SignInForm
from labshare.web.account.resumable_acts import Act, act_of
from labshare.web.account.sign_in import code_form, code_page, onward, verified
from labshare.web.actor import MARK, begin_browser_session, begin_half_session
from labshare.web.forms import show_problem

OWN = frozenset({"csrf_token", "kept"})
PRESERVED_SECONDS = 3600


class SignInAgainForm(SignInForm):
    kept = HiddenField()


def _serializer() -> URLSafeTimedSerializer:
    return URLSafeTimedSerializer(current_app.config["SECRET_KEY"], salt="kept.form")


def worth_keeping() -> bool:
    """Whether this request is a form of our own pages, of somebody whose session has ended, that may be kept."""
    return (
        request.method == "POST"
        and current_person() is None
        and _from_own_page()
        and act_of(request.endpoint, request.view_args or {}) is not None
        and bool(_names() - OWN)
    )


def _from_own_page() -> bool:
    """Whether the browser says that a page of ours sent this. One that says nothing is not believed."""
    site = request.headers.get("Sec-Fetch-Site")
    if site is not None:
        return site == "same-origin"
    own = urlsplit(current_app.config["BASE_URL"])
    return request.headers.get("Origin") == f"{own.scheme}://{own.netloc}"


def _names() -> set[str]:
    """What the form holds; nothing where it is too large to be read."""
    try:
        return set(request.form)
    except RequestEntityTooLarge:
        return set()


def sign_in_and_keep() -> tuple[str, int]:
    """The page that asks to sign in and keeps what this request brought."""
    fields = [
        [name, value]
        for name in request.form
        for value in request.form.getlist(name)
        if name not in OWN and "password" not in name
    ]
    ended = person_of_any_session(session["_user_id"]) if "_user_id" in session else None
    mark = session.setdefault(MARK, secrets.token_urlsafe(16))
    form = SignInAgainForm(formdata=None)
    form.kept.data = _serializer().dumps([mark, ended, request.full_path.rstrip("?"), fields])
    return render_template("account/expired.html", form=form, files=bool(request.files)), 401


@blueprint.post("/sign-in-again")
@public
def sign_in_again() -> Any:
    """Sign in; then, after the second factor where there is one, the form stands ready to be sent again."""
    form = SignInAgainForm()
    preserved = form.kept.data or ""
    found = preserved_form(preserved)
    if found is None:
        raise Conflict
    status = 422
    if form.validate_on_submit():
        try:
            entered = verified(form.email.data, password=form.password.data)
        except Problem as problem:
            status = show_problem(form, problem)
        else:
            if entered.key is None:
                begin_half_session(entered)
                return code_page(code_form(formdata=None), preserved=preserved)
            begin_browser_session(entered.key)
            return ready(*found)
    return render_template("account/expired.html", form=form, files=False), status


PreservedForm = tuple[int | None, str, list[list[str]]]
"""Whose session it was, the address and the fields."""


def preserved_form(preserved: str) -> PreservedForm | None:
    """The form that this browser keeps; nothing where it is none, too old, or another browser's."""
    try:
        mark, ended, path, fields = _serializer().loads(preserved, max_age=PRESERVED_SECONDS)
    except (BadSignature, ValueError):
        return None
    return (ended, path, fields) if secrets.compare_digest(str(session.get(MARK, "")), mark) else None


def ready(ended: int | None, path: str, fields: list[list[str]]) -> Any:
    """The page with the act and its button; where the act is not this person's, on to the own work without it."""
    actor = current_actor()
    found = _act(path, fields)
    if found is not None and not actor.is_regulator and ended in (None, actor.person_id):
        act, given = found
        try:
            about = act.about(actor, given)
        except NotFound:
            pass
        else:
            return render_template("account/resume.html", act=act, about=about, path=path, fields=fields)
    flash(_("What was typed before signing in was another account's work. It was not kept."), "bad")
    return redirect(onward(""), 303)


def _act(path: str, fields: list[list[str]]) -> tuple[Act, dict[str, Any]] | None:
    """The act that the address does, and what it is given."""
    try:
        endpoint, values = current_app.create_url_adapter(request).match(urlsplit(path).path, method="POST")
    except HTTPException:
        return None
    given = {**dict(fields), **values}
    act = act_of(endpoint, given)
    return (act, given) if act is not None else None
