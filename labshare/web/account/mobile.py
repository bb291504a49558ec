"""Signing in by a code on the mobile phone, and the number of the own account."""

from typing import Any

from flask import abort, redirect, render_template, request, url_for
from flask_babel import gettext as _
from flask_babel import lazy_gettext as _l
from werkzeug.wrappers import Response

from labshare.accounts import mobile, passwords
from labshare.accounts.errors import WrongCode, WrongPresentPassword
from labshare.accounts.queries import get_person, person_by_mobile
from labshare.accounts.sessions import Entered
from labshare.accounts.terms import CodePurpose
from labshare.http import limits
from labshare.http.actor import current_actor, current_person, demonstration_allowed
from labshare.http.rights import proves, public, signed_in
from labshare.kernel.errors import NotAllowed, Problem
from labshare.kernel.time import utc_now
from labshare.organisations.queries import is_official
from labshare.web.account import blueprint
from labshare.web.account.forms import CodeForm, MobileForm, OwnMobileForm
from labshare.web.account.settings import signed_in_person
from labshare.web.account.sign_in import go_on, onward
from labshare.web.account.throttle import Guesses
from labshare.web.forms import show_problem
from labshare.web.layout import codes_offered
from labshare.web.steps import Around, carry_out, posted


def _offered_or_absent() -> None:
    if not codes_offered():
        abort(404)


def _signs_in(number: str) -> int | None:
    """Whom a code to this number signs in; never a regulator: a number can be taken over at a shop counter."""
    found = person_by_mobile(number, demonstration=demonstration_allowed())
    return found.id if found is not None and not is_official(found.id) else None


@blueprint.route("/sign-in/mobile", methods=["GET", "POST"])
@public
def sign_in_by_mobile() -> Any:
    """Have a code sent. The answer is the same whether the number signs in anybody."""
    _offered_or_absent()
    target = request.values.get("next", "")
    if request.method == "GET" and current_person() is not None:
        return redirect(onward(target), 303)
    form = MobileForm()

    def ask() -> None:
        number = mobile.checked_mobile(form.mobile.data)
        mobile.ask_code(
            actor=current_actor(),
            now=utc_now(),
            mobile=number,
            purpose=CodePurpose.SIGNING_IN,
            person_id=_signs_in(number),
        )

    answer = posted(
        form,
        ask,
        lambda _asked: lambda: _code_page(form.mobile.data, target=target),
        Around(before=lambda: _count_code(form.mobile.data)),
    )
    if isinstance(answer, Response):
        return answer
    return render_template("account/sign_in_mobile.html", form=form, next=target), answer


def _count_code(typed: str) -> None:
    """Raises `InvalidMobile`, `TooManyRequests`."""
    limits.count("code", about=mobile.checked_mobile(typed))


def _code_page(number: str, *, target: str = "", form: CodeForm | None = None, own: bool = False) -> str:
    form = form or CodeForm(formdata=None, data={"mobile": number})
    return render_template("account/code.html", form=form, number=number, next=target, own=own)


@blueprint.post("/sign-in/code")
@public
def sign_in_by_code() -> Any:
    """Sign in by the code that was sent, then go on to `next`."""
    _offered_or_absent()
    form, target = CodeForm(), request.form.get("next", "")

    def enter(entered: Entered | None) -> Any:
        return _wrong(form, target=target) if entered is None else go_on(entered, target)

    def begin() -> Entered | None:
        if _signs_in(mobile.checked_mobile(form.mobile.data)) is None:  # became a regulator since it was asked for
            return None
        return mobile.sign_in_by_code(
            actor=current_actor(), now=utc_now(), mobile=form.mobile.data, code=form.code.data
        )

    answer = posted(
        form,
        begin,
        lambda entered: lambda: enter(entered),
        Around(before=lambda: limits.count("sign_in")),
    )
    return answer if isinstance(answer, Response) else (_code_page(form.mobile.data, target=target, form=form), answer)


def _wrong(form: CodeForm, *, target: str = "", own: bool = False) -> Any:
    """The page again; the wrong try is written by now."""
    status = show_problem(form, WrongCode())
    return _code_page(form.mobile.data, target=target, form=form, own=own), status


@blueprint.route("/mobile", methods=["GET", "POST"])
@signed_in
@proves(_l("Change the mobile number"), of_factor_alone=True)
def own_mobile() -> Any:
    """The own number; another one gets a code first. The present password is asked for, as it opens the account."""
    _offered_or_absent()
    form, person = OwnMobileForm(), get_person(signed_in_person().id)
    official = is_official(person.id)
    guesses = Guesses.of_person(person.id)

    def admit() -> None:
        if official:
            raise NotAllowed
        guesses.admit()
        if not passwords.fits(person.password_hash, form.present_password.data):
            raise WrongPresentPassword
        guesses.right()
        _count_code(form.mobile.data)

    def count_guess(problem: Problem) -> None:
        if isinstance(problem, WrongPresentPassword):
            guesses.failed()

    answer = posted(
        form,
        lambda: mobile.ask_code(
            actor=current_actor(),
            now=utc_now(),
            mobile=form.mobile.data,
            purpose=CodePurpose.ADDING,
            person_id=person.id,
        ),
        lambda _asked: lambda: _code_page(form.mobile.data, own=True),
        Around(before=admit, refused=count_guess),
    )
    if isinstance(answer, Response):
        return answer
    return render_template("account/mobile.html", form=form, person=person, official=official), answer


@blueprint.post("/mobile/code")
@signed_in
def confirm_mobile() -> Any:
    """Put the number on the account by the code that was sent there."""
    _offered_or_absent()
    form = CodeForm()
    answer = posted(
        form,
        lambda: mobile.set_mobile(actor=current_actor(), now=utc_now(), mobile=form.mobile.data, code=form.code.data),
        lambda right: (
            (_("A code sent to this number signs in now."), url_for("account.own_mobile"))
            if right
            else lambda: _wrong(form, own=True)
        ),
        Around(before=lambda: limits.count("password")),
    )
    return answer if isinstance(answer, Response) else (_code_page(form.mobile.data, form=form, own=True), answer)


@blueprint.post("/mobile/remove")
@signed_in
def remove_mobile() -> Any:
    _offered_or_absent()
    return carry_out(
        lambda: mobile.remove_mobile(actor=current_actor(), now=utc_now()),
        lambda _done: (_("The number is removed."), url_for("account.own_mobile")),
    )
