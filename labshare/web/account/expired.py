"""A form that was sent after a long pause, when the session had ended: signing in keeps what was typed.

What was typed travels in the page itself, signed, so that nobody can have another's browser send a form of his own. It
is sent again by a button, not by itself. Files cannot be kept, passwords are not.
"""

from typing import Any

from flask import current_app, render_template, request
from itsdangerous import BadSignature, URLSafeTimedSerializer
from werkzeug.exceptions import RequestEntityTooLarge
from wtforms import HiddenField

from labshare.kernel.errors import Conflict, Problem
from labshare.web.account import blueprint
from labshare.web.account.forms import SignInForm
from labshare.web.account.sign_in import verified
from labshare.web.actor import begin_browser_session, current_person
from labshare.web.forms import show_problem

OWN = frozenset({"csrf_token", "kept"})
KEPT_SECONDS = 3600


class AgainForm(SignInForm):
    kept = HiddenField()


def _serializer() -> URLSafeTimedSerializer:
    return URLSafeTimedSerializer(current_app.config["SECRET_KEY"], salt="kept.form")


def worth_keeping() -> bool:
    """Whether this request is a form of somebody whose session has ended."""
    return (
        request.method == "POST"
        and current_person() is None
        and bool(_names() - OWN)
        and request.endpoint is not None
        and not request.path.startswith("/account/")
        and request.blueprint != "preferences"
    )


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
    kept = _serializer().dumps([request.full_path.rstrip("?"), fields])
    form = AgainForm(formdata=None)
    form.kept.data = kept
    return render_template("account/expired.html", form=form, files=bool(request.files)), 401


@blueprint.post("/sign-in-again")
def sign_in_again() -> Any:
    """Sign in; then the form stands ready to be sent again."""
    form = AgainForm()
    try:
        path, fields = _serializer().loads(form.kept.data or "", max_age=KEPT_SECONDS)
    except BadSignature:
        raise Conflict from None
    status = 422
    if form.validate_on_submit():
        try:
            key = verified(form.email.data, form.password.data)
        except Problem as problem:
            status = show_problem(form, problem)
        else:
            begin_browser_session(key)
            return render_template("account/again.html", path=path, fields=fields)
    return render_template("account/expired.html", form=form, files=False), status
