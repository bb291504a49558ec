"""The second factor of the own account: setting the app up, replacing it, recovery codes, turning it off (R-FACTOR)."""

from collections.abc import Sequence
from typing import Any

from flask import current_app, render_template, request, url_for
from flask_babel import gettext as _
from markupsafe import Markup
from werkzeug.wrappers import Response

from labshare.accounts import factors, passwords
from labshare.accounts.errors import SetUpAnew, WrongFactorCode, WrongPresentPassword
from labshare.accounts.passkeys import site
from labshare.accounts.queries import get_person, passkeys_of
from labshare.accounts.recovery import codes_left
from labshare.http.actor import current_actor, factor_required
from labshare.http.rights import signed_in
from labshare.kernel.errors import Problem
from labshare.kernel.time import utc_now
from labshare.web.account import blueprint
from labshare.web.account.forms import EitherCodeForm, SetUpFactorForm, TurnOffFactorForm
from labshare.web.account.settings import signed_in_person
from labshare.web.account.throttle import CodeGuesses, Guesses
from labshare.web.actor import session_key
from labshare.web.forms import Form
from labshare.web.language import chosen_language, safe_next
from labshare.web.steps import Around, posted


def fitting(form: Form) -> Around:
    """Look at the password and the code that a form asks for: each with its own throttle, the password outside every
    transaction."""
    person_id = signed_in_person().id
    guesses, codes = Guesses.of_person(person_id), CodeGuesses.of_person(person_id)

    def admit() -> None:
        if "present_password" in form:
            guesses.admit()
            if not passwords.fits(get_person(person_id).password_hash, form.present_password.data):
                guesses.failed()
                raise WrongPresentPassword
            guesses.right()
        if code := _code_in(form):
            codes.admit(code)

    def count_guess(problem: Problem) -> None:
        found = problem.problems
        if any(isinstance(one, WrongFactorCode) for one in found):
            codes.failed(_code_in(form) or "")

    return Around(before=admit, refused=count_guess, after=lambda _done: codes.right())


def _code_in(form: Form) -> str | None:
    """The code that the form asks for, if it asks for one."""
    return next((str(form[name].data) for name in ("present_code", "code") if name in form), None)


def _overview(*, renew: EitherCodeForm | None = None, off: TurnOffFactorForm | None = None, status: int = 200) -> Any:
    person = signed_in_person()
    renew, off = renew or EitherCodeForm(formdata=None), off or TurnOffFactorForm(formdata=None)
    off.with_ids("off")
    return render_template(
        "account/second_factor.html",
        factor=factors.factor_of(person.id),
        passkeys=passkeys_of(person.id),
        passkeys_work=site() is not None,
        left=codes_left(person.id),
        renew=renew,
        off=off,
        mandatory=factor_required() and person.needs_factor,
    ), status


def codes_page(codes: Sequence[str], onward: str) -> str:
    return render_template("account/recovery_codes.html", codes=codes, onward=onward)


@blueprint.get("/second-factor")
@signed_in
def second_factor() -> Any:
    """Whether there is one, how many recovery codes are left, and what can be done."""
    return _overview()


@blueprint.route("/second-factor/set-up", methods=["GET", "POST"])
@signed_in
def set_up_factor() -> Any:
    """Scan, type the code that the app shows, and keep the recovery codes. One that is there is replaced."""
    person, now = signed_in_person(), utc_now()
    target = request.values.get("next", "")
    form = SetUpFactorForm()
    if person.has_factor:
        del form.present_password
    else:
        del form.present_code
    set_up = str(form.set_up.data or "") or factors.new_set_up(person.id, now)
    try:
        secret = factors.secret_of_set_up(set_up, person.id, now)
    except SetUpAnew as problem:
        set_up = factors.new_set_up(person.id, now)
        secret = factors.secret_of_set_up(set_up, person.id, now)
        answer: Response | int = problem.status
        form.form_errors.append(problem.text)
    else:
        answer = posted(
            form,
            lambda: factors.set_factor(
                actor=current_actor(),
                now=now,
                set_up=set_up,
                code=form.code.data,
                key=session_key() or "",
                present_code=form.present_code.data if person.has_factor else "",
            ),
            lambda codes: lambda: codes_page(codes, safe_next(target) if target else url_for("account.second_factor")),
            fitting(form),
        )
        if isinstance(answer, Response):
            return answer
    form.set_up.data = set_up
    return render_template(
        "account/set_up_factor.html",
        form=form,
        secret=secret,
        picture=_picture(secret=secret, email=person.email),
        replaces=person.has_factor,
        mandatory=factor_required() and person.needs_factor and not person.has_factor,
        next=target,
    ), answer


def _picture(*, secret: str, email: str) -> Markup:
    """The QR code that the app scans, drawn on white whatever the theme."""
    import segno  # few requests draw one

    service = current_app.config["SERVICE_NAME_EN" if chosen_language() == "en" else "SERVICE_NAME"]
    address = factors.address_for_app(secret, email=email, service=service)
    drawn = segno.make(address, error="m", micro=False).svg_inline(omitsize=True, border=4, light="#fff")
    return Markup(drawn)  # noqa: S704 - drawn by the library


@blueprint.post("/second-factor/recovery-codes")
@signed_in
def renew_codes() -> Any:
    """Ten new recovery codes, shown once."""
    form = EitherCodeForm()
    answer = posted(
        form,
        lambda: factors.renew_codes(actor=current_actor(), now=utc_now(), code=form.code.data),
        lambda codes: lambda: codes_page(codes, url_for("account.second_factor")),
        fitting(form),
    )
    return answer if isinstance(answer, Response) else _overview(renew=form, status=answer)


@blueprint.post("/second-factor/off")
@signed_in
def remove_factor() -> Any:
    """Turn it off, with the password and a code."""
    form, person = TurnOffFactorForm(), signed_in_person()
    answer = posted(
        form,
        lambda: factors.remove_factor(
            actor=current_actor(),
            now=utc_now(),
            code=form.code.data,
            required=factor_required() and person.needs_factor,
        ),
        lambda _done: (_("The second factor is turned off."), url_for("account.second_factor")),
        fitting(form),
    )
    return answer if isinstance(answer, Response) else _overview(off=form, status=answer)
