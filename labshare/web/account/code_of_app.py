"""The second page of signing in: the code of the app, a passkey, or a recovery code (R-FACTOR-2)."""

from typing import Any

from flask import flash, redirect, request, url_for
from werkzeug.wrappers import Response

from labshare.accounts import factors
from labshare.accounts.errors import SignInAnew, WrongFactorCode
from labshare.accounts.passkeys import SIGNING_IN, Answer
from labshare.http.actor import current_actor
from labshare.http.rights import public
from labshare.kernel.errors import Problem
from labshare.kernel.time import utc_now
from labshare.web.account import blueprint
from labshare.web.account.expired import preserved_form, ready
from labshare.web.account.sign_in import code_form, code_page, onward, record_failure
from labshare.web.account.throttle import CodeGuesses
from labshare.web.actor import begin_browser_session, end_browser_session, half_session
from labshare.web.steps import Around, posted


@blueprint.route("/sign-in/code-of-app", methods=["GET", "POST"])
@public
def enter_code() -> Any:
    """The second factor, after the password; then on to `next`, or to the form that is kept."""
    target, preserved = request.values.get("next", ""), request.form.get("kept", "")
    half = half_session()
    if half is None or not factors.awaits_code(half.person_id, half.state):
        if request.method == "POST":
            end_browser_session()
            flash(str(SignInAnew.message), "bad")
        return redirect(url_for("account.sign_in", next=target or None), 303)
    form = code_form()
    given: str | Answer = form.code.data or ""
    if form.passkey.data:
        given = Answer(form.passkey.data, SIGNING_IN, half.state)
    guesses, found = CodeGuesses.at(half.person_id), preserved_form(preserved)

    def refused(problem: Problem) -> None:
        if isinstance(problem, WrongFactorCode):
            guesses.failed(given)
        record_failure(problem, "account.sign_in_by_factor", half.person_id)

    def go_in(key: str) -> Any:
        guesses.right()
        begin_browser_session(key)
        return ready(*found) if found is not None else redirect(onward(target), 303)

    answer = posted(
        form,
        lambda: factors.enter_code(
            actor=current_actor(), now=utc_now(), person_id=half.person_id, state=half.state, code=given
        ),
        lambda key: lambda: go_in(key),
        Around(before=lambda: guesses.admit(given), refused=refused),
    )
    return answer if isinstance(answer, Response) else (code_page(form, target=target, preserved=preserved), answer)
