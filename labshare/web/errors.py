"""Error pages: what happened, what was saved, how to go on, with a reference number. `/api/` answers for itself."""

import logging
from typing import Any

from flask import Flask, current_app, jsonify, redirect, render_template, request, url_for
from flask_babel import gettext as _
from flask_wtf.csrf import CSRFError
from sqlalchemy.exc import DBAPIError
from sqlalchemy.exc import TimeoutError as NoConnectionFree
from werkzeug.exceptions import HTTPException
from werkzeug.wrappers import Response

from labshare.accounts.errors import ProofNeeded
from labshare.http.actor import current_actor
from labshare.http.bodies import unseal
from labshare.http.references import reference
from labshare.kernel.database import db, report_refusal
from labshare.kernel.errors import Busy, NotAllowed, Problem, SignInFirst
from labshare.kernel.time import utc_now
from labshare.kernel.verbs import Refusal
from labshare.kernel.waiting import waited_in_vain
from labshare.web.proof import show_proof

log = logging.getLogger("labshare.web")


def is_api() -> bool:
    return request.path.startswith("/api/")


def _explanation(status: int) -> tuple[str, str]:
    """Title and explanation."""
    table = {
        400: (
            _("This request cannot be read"),
            _("Something in the address or the form is not as expected. Go back and try again."),
        ),
        401: (_("Sign in first"), _("This page is for people who are signed in.")),
        403: (_("You may not do this"), _("Your roles do not include this. The owner of your firm can change them.")),
        404: (_("Not found"), _("Not found, or not yours to see. The address may be old, or something was withdrawn.")),
        405: (_("Not possible this way"), _("This address does not take what was sent. Nothing was saved.")),
        409: (_("Not possible now"), _("Something changed in the meantime. Nothing was saved.")),
        413: (_("Too large"), _("Larger than %(n)s MB. Nothing was saved.", n=_limit())),
        422: (_("Check what was entered"), _("Something that was sent breaks a rule. Nothing was saved.")),
        429: (_("Too many requests"), _("Wait a few minutes, then try again.")),
        500: (
            _("Something went wrong on our side"),
            _("Nothing was saved. If it happens again, tell us the number below."),
        ),
        503: (_("Not available for the moment"), _("Try again in a minute. Nothing was saved.")),
    }
    return table.get(status) or table[500 if status >= 500 else 400]


def _limit() -> int:
    """MB: of a form, or of the file in it where it takes one."""
    most = min(request.max_content_length or 0, current_app.config["UPLOAD_LIMIT"])
    return max(1, int(most) // (1024 * 1024))


def page(
    status: int, message: str | None = None, *, title: str | None = None, way: tuple[str, str] | None = None
) -> tuple[str, int]:
    """An error page of this status. `message` replaces the usual words; `way` is where to go on, with its words."""
    usual_title, usual_message = _explanation(status)
    values: dict[str, Any] = {
        "status": status,
        "title": title or usual_title,
        "message": message or usual_message,
        "reference": reference(),
        "way": way,
        "again": request.full_path.rstrip("?") if request.method == "GET" else None,  # with what was asked
    }
    try:
        return render_template("errors/error.html", **values), status
    except Exception:  # the page around it may need what has just failed (the database)
        log.exception("error page %s failed", values["reference"])
        db.session.rollback()
        return render_template("errors/plain.html", **values), status


def _sign_in_or(status: int, message: str | None) -> Any:
    """Visitors are led to the sign-in page and back; a form that was sent gets the page with its status."""
    if "account.sign_in" in current_app.view_functions and request.method in ("GET", "HEAD"):
        return redirect(url_for("account.sign_in", next=request.full_path.rstrip("?")), 303)
    return page(401 if status == 401 else status, message)


def _api_answer(error: Exception) -> Any:
    """The API's own words (`app.extensions["labshare.api_errors"]`), or a plain problem document (RFC 9457)."""
    answer = current_app.extensions.get("labshare.api_errors")
    if answer is not None:
        return answer(error)
    status, title = 500, "Internal Server Error"
    if isinstance(error, Problem):
        status, title = error.status, error.text
    elif isinstance(error, HTTPException):
        status, title = error.code or 500, error.name
    response = jsonify({"type": "about:blank", "title": title, "status": status})
    response.status_code, response.mimetype = status, "application/problem+json"
    if isinstance(error, HTTPException):
        for name, value in error.get_headers(request.environ):
            if name.lower() in ("allow", "retry-after"):
                response.headers[name] = value
    return response


def show_problem_page(problem: Problem) -> Any:
    """A refusal that no form took in."""
    _stamp_attempt(problem)
    report_refusal(problem)
    if is_api():
        return _api_answer(problem)
    if isinstance(problem, Busy):
        return _busy(problem)
    if isinstance(problem, ProofNeeded):
        return show_proof(problem)
    if isinstance(problem, SignInFirst):
        return _preserved_form() or _sign_in_or(401, None)
    if isinstance(problem, NotAllowed) and current_actor().person_id is None:
        return _sign_in_or(403, problem.text)
    return page(problem.status, problem.text)


def _busy(problem: Busy) -> Any:
    """What was typed stands ready to be sent again: by a button, as nothing was saved. Passwords are not repeated,
    files cannot be."""
    if request.method != "POST" or request.sealed:  # type: ignore[attr-defined]
        return page(problem.status, problem.text)
    fields = [(name, value) for name, value in request.form.items(multi=True) if name != "csrf_token"]
    if any("password" in name for name, _value in fields):
        return page(problem.status, problem.text)
    try:
        return render_template(
            "errors/busy.html",
            message=problem.text,
            fields=fields,
            files=bool(request.files),
            path=request.full_path.rstrip("?"),
            reference=reference(),
        ), problem.status
    except Exception:  # the page around it may need the database, too
        log.exception("error page %s failed", reference())
        db.session.rollback()
        return page(problem.status, problem.text)


def _stamp_attempt(problem: Problem) -> None:
    """An attempt to change something that a page refused before any service was asked is in the trail all the same."""
    changing = request.method not in ("GET", "HEAD", "OPTIONS")
    actor = current_actor()
    if problem.money_or_rights and problem.refusal is None and changing and actor.person_id is not None:
        subject = next(iter((request.view_args or {}).items()), None)
        place = (subject[0].removesuffix("_id"), str(subject[1])[:60]) if subject else None
        problem.refusal = Refusal(f"page.{request.endpoint}"[:60], actor, utc_now(), place)


def _preserved_form() -> Any:
    """The sign-in page that keeps a form sent after the session had ended; nothing where there is no such form."""
    from labshare.web.account import expired  # its form stands on this frame

    unseal()
    return expired.sign_in_and_keep() if expired.worth_keeping() else None


def show_http_error(error: HTTPException) -> Any:
    if error.response is not None:
        return error
    if is_api():
        return _api_answer(error)
    status = error.code or 500
    if status < 400:
        return error
    if status == 401:
        return _sign_in_or(401, None)
    if isinstance(error, CSRFError) and (answer := _preserved_form()):
        return answer
    if isinstance(error, CSRFError):
        body, status = page(400, _("The form had expired; send it again."), title=_("Send the form again"))
    elif status == 429:
        body, status = page(429)
    else:
        body, status = page(status)
    response = Response(body, status, mimetype="text/html")
    for name, value in error.get_headers(request.environ):
        if name.lower() in ("allow", "retry-after"):
            response.headers[name] = value
    return response


def show_database_error(error: DBAPIError | NoConnectionFree) -> Any:
    """Waiting that ended outside a transaction; anything else is a failure like others."""
    if waited_in_vain(error):
        log.warning("%s %s waited in vain: %s", request.method, request.path, error)
        db.session.rollback()
        return show_problem_page(Busy())
    raise error


def add_retry_after(response: Response) -> Response:
    if response.status_code == Busy.status:
        response.headers.setdefault("Retry-After", str(Busy.retry_after))
    return response


def show_failure(error: Exception) -> Any:
    """An exception nobody foresaw: logged with its number, told with the same number."""
    number = reference()
    log.exception("error %s %s %s", number, request.method, request.path, exc_info=error)
    db.session.rollback()
    if is_api():
        return _api_answer(error)
    return page(500, _("Something went wrong on our side (no. %(id)s). Nothing was saved.", id=number))


def init(app: Flask) -> None:
    app.register_error_handler(Problem, show_problem_page)
    app.register_error_handler(HTTPException, show_http_error)
    app.register_error_handler(DBAPIError, show_database_error)
    app.register_error_handler(NoConnectionFree, show_database_error)
    app.after_request(add_retry_after)
    if not app.config.get("PROPAGATE_EXCEPTIONS") and not app.debug and not app.testing:
        app.register_error_handler(Exception, show_failure)
