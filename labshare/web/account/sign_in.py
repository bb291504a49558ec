"""Signing up, in and out; a password by a mailed link."""

from typing import Any

from flask import current_app, flash, redirect, render_template, request, url_for
from flask_babel import gettext as _
from werkzeug.wrappers import Response

from labshare.accounts import passwords, services
from labshare.accounts.errors import LinkExpired, WrongPassword
from labshare.accounts.factors import factor_of
from labshare.accounts.links import person_of_password_link
from labshare.accounts.passkeys import SIGNING_IN, to_use
from labshare.accounts.queries import credentials_of
from labshare.accounts.sessions import Entered, enter
from labshare.accounts.terms import FactorKind
from labshare.http import limits
from labshare.http.actor import current_actor, current_person, demonstration_allowed, remote_address
from labshare.http.rights import public
from labshare.kernel.actor import Actor
from labshare.kernel.database import report_refusal, transaction
from labshare.kernel.errors import Problem
from labshare.kernel.time import utc_now
from labshare.kernel.verbs import Refusal
from labshare.web.account import blueprint
from labshare.web.account.forms import (
    FactorCodeForm,
    ForgotForm,
    PasswordForm,
    RecoveryCodeForm,
    SignInForm,
    SignUpForm,
)
from labshare.web.account.throttle import Guesses, failures_to_record
from labshare.web.actor import (
    act_for,
    begin_browser_session,
    begin_half_session,
    end_browser_session,
    half_session,
    session_key,
)
from labshare.web.forms import show_problem
from labshare.web.language import LOCALES, chosen_language, keep_choice_with_person, safe_next
from labshare.web.layout import flash_done, reader
from labshare.web.steps import Around, carry_out, posted


def locale_now() -> str:
    return LOCALES[chosen_language()]


@blueprint.route("/sign-in", methods=["GET", "POST"])
@public
def sign_in() -> Any:
    """Sign in, then go on to `next`. Where somebody is signed in already, go on at once."""
    target = request.values.get("next", "")
    if request.method == "GET" and current_person() is not None:
        return redirect(onward(target), 303)
    form, status = SignInForm(), 200
    if form.validate_on_submit():
        try:
            entered = verified(form.email.data, password=form.password.data)
        except Problem as problem:
            status = show_problem(form, problem)
        else:
            return go_on(entered, target)
    elif form.is_submitted():
        status = 422
    return render_template("account/sign_in.html", form=form, next=target), status


def go_on(entered: Entered, target: str = "") -> Response:
    """Signed in, on to `target`; where a second factor is asked for, to the page of its code first."""
    if entered.key is None:
        begin_half_session(entered)
        return redirect(url_for("account.enter_code", next=target or None), 303)
    begin_browser_session(entered.key)
    return redirect(onward(target), 303)


def code_page(form: FactorCodeForm, *, target: str = "", preserved: str = "") -> str:
    """The page that asks for the code, or a passkey; `target` and `preserved` are what comes after it."""
    half = half_session()
    asked = to_use(half.person_id, SIGNING_IN, bound=half.state, now=utc_now()) if half else None
    form.passkey.data = ""
    return render_template(
        "account/enter_code.html",
        form=form,
        next=target,
        preserved=preserved,
        asked=asked,
        has_app=half is not None and factor_of(half.person_id) is not None,
        recovery=isinstance(form, RecoveryCodeForm),
    )


def code_form(**given: Any) -> FactorCodeForm:
    """What asks for the app's code; where wished, or where there is no app, for a recovery code."""
    half = half_session()
    recovery = request.values.get("by") == FactorKind.RECOVERY or (half and factor_of(half.person_id) is None)
    return RecoveryCodeForm(**given) if recovery else FactorCodeForm(**given)


def onward(target: str) -> str:
    """Where to go after signing in: back to where one came from, else to what waits for this person."""
    if target:
        return safe_next(target)
    actor = current_actor()
    for endpoint, fits in (
        ("regulator.dashboard", actor.is_regulator),
        ("lab.today", reader().kind == "lab"),
        ("client.dashboard", actor.firm_id is not None),
        ("account.register_firm", actor.firm_id is None and not actor.roles),
    ):
        if fits and endpoint in current_app.view_functions:
            return url_for(endpoint)
    return url_for("public.home")


def verified(email: str, *, password: str) -> Entered:
    """Who it is, with a new session where no second factor is asked for. Hashing takes its time, so it happens outside
    every transaction.

    What failed is in the trail, by the account's id alone. Raises `TooManyAttempts`, `TooManyRequests`,
    `WrongPassword`.
    """
    now, actor = utc_now(), current_actor()
    known = credentials_of(email, demonstration=demonstration_allowed())
    guesses = Guesses.at(email, known)
    try:
        guesses.admit()
        if not passwords.fits(known.password_hash if known else None, password) or known is None:
            guesses.failed()
            raise WrongPassword
    except Problem as problem:
        record_failure(problem, "account.sign_in", known.person_id if known else None)
        raise
    guesses.right()
    seen = known.password_hash or ""
    better = passwords.hashed(password) if passwords.weak(seen) else None
    with transaction():
        return services.sign_in(actor=actor, now=now, person_id=known.person_id, seen_hash=seen, new_hash=better)


def record_failure(problem: Problem, verb: str, person_id: int | None) -> None:
    """Have the trail know of a failed sign-in, with how many there were this hour; of thousands, of a few."""
    subject = ("person", str(person_id)) if person_id is not None else ("attempt", "-")
    number = failures_to_record(" ".join((verb, *subject)))
    if number is not None:
        problem.refusal = Refusal(verb, Actor(address=remote_address()), utc_now(), subject, {"failures": number})
        report_refusal(problem)


@blueprint.post("/sign-out")
@public
def sign_out() -> Any:
    """End this browser's session."""
    key, home = session_key(), url_for("public.home")
    if key is None:
        end_browser_session()
        return redirect(home, 303)
    return carry_out(
        lambda: services.sign_out(actor=current_actor(), now=utc_now(), key=key),
        lambda _done: (None, home),
        Around(after=lambda _done: end_browser_session()),
    )


@blueprint.route("/sign-up", methods=["GET", "POST"])
@public
def sign_up() -> Any:
    """Ask for an account. The answer is the same whether there is one already."""
    form = SignUpForm()
    answer = posted(
        form,
        lambda: services.sign_up(
            actor=current_actor(),
            now=utc_now(),
            email=form.email.data,
            name=form.name.data,
            locale=locale_now(),
        ),
        lambda _sent: lambda: render_template("account/sent.html", email=form.email.data, purpose="sign_up"),
        Around(before=lambda: limits.count("sign_up")),
    )
    if isinstance(answer, Response):
        return answer
    return render_template("account/sign_up.html", form=form), answer


@blueprint.route("/forgotten", methods=["GET", "POST"])
@public
def forgotten() -> Any:
    """Ask for a link to set a new password. The answer is the same whether there is such an account."""
    form = ForgotForm()
    answer = posted(
        form,
        lambda: services.ask_password_reset(
            actor=current_actor(), now=utc_now(), email=form.email.data, locale=locale_now()
        ),
        lambda _sent: lambda: render_template("account/sent.html", email=form.email.data, purpose="reset"),
        Around(before=lambda: limits.count("reset")),
    )
    if isinstance(answer, Response):
        return answer
    return render_template("account/forgotten.html", form=form), answer


@blueprint.route("/password/<token>", methods=["GET", "POST"])
@public
def choose_password(token: str) -> Any:
    """Choose a password by a mailed link; signs in with it. A dead link leads on to asking for a new one."""
    try:
        person = person_of_password_link(token, utc_now())
    except LinkExpired as problem:
        new_link = ForgotForm(formdata=None)
        return render_template("account/forgotten.html", form=new_link), show_problem(new_link, problem)
    is_new = person.password_hash is None
    form = PasswordForm()

    new_hash: list[str] = []

    def check() -> None:
        new_hash.append(passwords.checked(form.password.data, email=person.email, name=person.name))

    def choose() -> Entered | None:
        chosen = services.set_password(actor=current_actor(), now=utc_now(), token=token, new_hash=new_hash[-1])
        if chosen.demonstration and not demonstration_allowed():
            return None
        return enter(chosen, utc_now(), agent=current_actor().agent)

    def go_in(entered: Entered | None) -> Response:
        end_browser_session()
        answer = go_on(entered) if entered else redirect(onward(""), 303)
        signed_in = entered is not None and entered.key is not None
        flash_done(_("The password is set and you are signed in.") if signed_in else _("The password is set."))
        return answer

    answer = posted(form, choose, lambda entered: lambda: go_in(entered), Around(before=check))
    if isinstance(answer, Response):
        return answer
    return render_template("account/password.html", form=form, is_new=is_new, email=person.email), answer


@blueprint.post("/firm/switch")
@public
def switch_firm() -> Any:
    """Act for another of the own firms."""
    wished = request.form.get("firm_id", "")
    if not wished.isdigit() or not act_for(int(wished)):
        flash(_("You are not a member of this firm."), "bad")
    return redirect(onward(""), 303)


def _keep_choice(language: str) -> None:
    if current_person() is not None:
        with transaction():
            services.choose_language(actor=current_actor(), now=utc_now(), locale=LOCALES[language])


keep_choice_with_person(_keep_choice)
