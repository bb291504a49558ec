"""The own account: name, language, password, sessions, API tokens, notices."""

from typing import Any

from flask import render_template, url_for
from flask_babel import gettext as _
from flask_babel import lazy_gettext as _l
from werkzeug.wrappers import Response

from labshare.accounts import passwords, services
from labshare.accounts.errors import WrongPresentPassword
from labshare.accounts.queries import get_person, open_sessions, own_session
from labshare.accounts.sessions import begin_session, digest
from labshare.http import limits
from labshare.http.actor import current_actor, current_person
from labshare.http.rights import SIGNED_IN, Of, proves, requires, signed_in
from labshare.kernel.errors import Problem, SignInFirst, raise_all
from labshare.kernel.terms import TokenScope
from labshare.kernel.time import utc_now
from labshare.notices.kinds import text_of, title_of
from labshare.notices.queries import notices_of, own_notice, unread_count
from labshare.notices.services import mark_read
from labshare.organisations import queries
from labshare.organisations import services as organisations
from labshare.organisations.services.tokens import own_token
from labshare.web.account import blueprint
from labshare.web.account.forms import AccountForm, ChangePasswordForm, TokenForm
from labshare.web.account.throttle import Guesses
from labshare.web.actor import act_for, begin_browser_session, end_browser_session, session_key
from labshare.web.asked import asked_number
from labshare.web.browsers import named_browser
from labshare.web.language import safe_next
from labshare.web.steps import Around, carry_out, posted

NOTICES_A_PAGE = 30


def signed_in_person() -> queries.Account:
    """The signed-in person. Raises `SignInFirst`."""
    person = current_person()
    if person is None:
        raise SignInFirst
    return person


@blueprint.route("/", methods=["GET", "POST"])
@signed_in
def index() -> Any:
    """Name and language, and the way to everything else of the account."""
    person = signed_in_person()
    form = AccountForm(data={"name": person.name, "locale": person.locale or ""})
    answer = posted(
        form,
        lambda: services.change_account(
            actor=current_actor(), now=utc_now(), name=form.name.data, locale=form.locale.data or None
        ),
        lambda _changed: (_("Saved."), url_for("account.index")),
    )
    if isinstance(answer, Response):
        return answer
    return render_template(
        "account/index.html", form=form, person=person, roles=queries.roles_of([person.id])[person.id]
    ), answer


@blueprint.route("/change-password", methods=["GET", "POST"])
@signed_in
@proves(_l("Change the password"), of_factor_alone=True)
def change_password() -> Any:
    """Change the own password. Every other session ends; this browser gets a new one."""
    form, actor, now = ChangePasswordForm(), current_actor(), utc_now()
    guesses = Guesses.of_person(signed_in_person().id)

    person = get_person(signed_in_person().id)
    seen_hash, new_hash = person.password_hash, []

    def check() -> None:
        guesses.admit()
        wrong: list[Problem] = []
        if not passwords.fits(seen_hash, form.present_password.data):
            wrong.append(WrongPresentPassword())
        raise_all(wrong + passwords.problems(form.password.data, email=person.email, name=person.name))
        new_hash.append(passwords.hashed(form.password.data))

    def change() -> str:
        changed = services.change_password(actor=actor, now=now, seen_hash=seen_hash, new_hash=new_hash[-1])
        return begin_session(changed, now, agent=actor.agent)

    def begin_anew(key: str) -> None:
        guesses.right()
        begin_browser_session(key)
        if actor.firm_id is not None:
            act_for(actor.firm_id)

    def count_guess(problem: Problem) -> None:
        if any(isinstance(one, WrongPresentPassword) for one in getattr(problem, "problems", (problem,))):
            guesses.failed()

    answer = posted(
        form,
        change,
        lambda _key: (
            _("The password is changed; every other session and every API token has ended."),
            url_for("account.index"),
        ),
        Around(before=check, after=begin_anew, refused=count_guess),
    )
    if isinstance(answer, Response):
        return answer
    return render_template("account/change_password.html", form=form), answer


@blueprint.post("/sign-out-everywhere")
@signed_in
def sign_out_everywhere() -> Any:
    """End every session of the account, this one too."""
    return carry_out(
        lambda: services.sign_out_everywhere(actor=current_actor(), now=utc_now()),
        lambda _done: (_("Signed out everywhere."), url_for("account.sign_in")),
        Around(after=lambda _done: end_browser_session()),
    )


@blueprint.get("/sessions")
@signed_in
def sessions() -> Any:
    """The browsers in which one is signed in, to be signed out one by one."""
    own = digest(session_key() or "")
    rows = [
        (named_browser(one.agent), one, one.key_digest == own)
        for one in open_sessions(signed_in_person().id, utc_now())
    ]
    return render_template("account/sessions.html", rows=rows)


@blueprint.post("/sessions/<int:session_id>/end")
@signed_in
@proves(_l("Sign another browser out"))
def end_session(session_id: int) -> Any:
    """End the session of another browser."""
    person = signed_in_person()
    return carry_out(
        lambda: services.end_one_session(actor=current_actor(), now=utc_now(), session_id=session_id),
        lambda _done: (_("That browser is signed out."), url_for("account.sessions")),
        Around(before=lambda: own_session(person_id=person.id, session_id=session_id, now=utc_now())),
    )


@blueprint.route("/tokens", methods=["GET", "POST"])
@signed_in
@proves(_l("Issue a token"))
def tokens() -> Any:
    """API tokens: issue one, whose secret is shown once; list; revoke."""
    form = TokenForm()
    answer = posted(
        form,
        lambda: organisations.issue_token(
            actor=current_actor(),
            now=utc_now(),
            scope=TokenScope.WRITE if form.writes.data else TokenScope.READ,
            name=form.name.data,
        ),
        lambda issued: lambda: _tokens(TokenForm(formdata=None), secret=issued[1]),
        Around(before=lambda: limits.count("token")),
    )
    return answer if isinstance(answer, Response) else _tokens(form, answer)


def _tokens(form: TokenForm, status: int = 200, secret: str | None = None) -> Any:
    tokens = queries.tokens_of(signed_in_person().id)
    return (
        render_template("account/tokens.html", form=form, secret=secret, tokens=tokens),
        status,
        {"Cache-Control": "no-store"},
    )


OWN_TOKEN = Of("own token", asks=own_token)


@blueprint.post("/tokens/<int:token_id>/revoke")
@requires(SIGNED_IN, of=OWN_TOKEN)
def revoke_token(token_id: int) -> Any:
    return carry_out(
        lambda: organisations.revoke_token(actor=current_actor(), now=utc_now(), token_id=token_id),
        lambda _done: (_("The token is revoked."), url_for("account.tokens")),
    )


@blueprint.get("/notices")
@signed_in
def notices() -> Any:
    """What this person was told, the newest first."""
    person = signed_in_person()
    before = asked_number("before", 0) or None
    found = list(notices_of(person.id, before=before, limit=NOTICES_A_PAGE))
    more = len(found) > NOTICES_A_PAGE
    found = found[:NOTICES_A_PAGE]
    lines = [(one, title_of(one.kind, one.params), text_of(one.kind, one.params)) for one in found]
    return render_template(
        "account/notices.html", lines=lines, unread=unread_count(person.id), next=found[-1].id if more else None
    )


@blueprint.post("/notices/read")
@signed_in
def read_notices() -> Any:
    """Mark all as read."""
    return carry_out(
        lambda: mark_read(actor=current_actor(), now=utc_now()), lambda _done: (None, url_for("account.notices"))
    )


@blueprint.post("/notices/<int:notice_id>/open")
@signed_in
def open_notice(notice_id: int) -> Any:
    """Mark one as read and go to where one can act."""
    person = signed_in_person()
    notice = own_notice(person_id=person.id, notice_id=notice_id)
    target = notice.url
    if notice.firm_id is not None:
        act_for(notice.firm_id)
    return carry_out(
        lambda: mark_read(actor=current_actor(), now=utc_now(), notice_ids=[notice_id]),
        lambda _done: (None, safe_next(target) if target else url_for("account.notices")),
    )
