"""Affiliations as officers decide them: the list, one with its evidence, and each decision with what it changes.

A decision that touches published months is shown once more with months and money before it is taken: the form then
carries a digest of the decision's own fields, and is asked again where they have changed since.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime
from typing import Any

from flask import render_template, request, url_for
from flask_babel import gettext as _
from flask_babel import lazy_gettext as _l
from flask_babel.speaklater import LazyString
from werkzeug.wrappers import Response
from wtforms import HiddenField

from labshare.http.actor import current_actor
from labshare.http.rights import OWN_DIVISION, requires
from labshare.kernel.errors import NotAllowed, Problem
from labshare.kernel.seen import digest_of
from labshare.kernel.time import local_day, utc_now
from labshare.organisations import services as organisations
from labshare.organisations.errors import NoSuchFirm
from labshare.organisations.links import Link
from labshare.organisations.models import Affiliation, AffiliationChange
from labshare.organisations.permissions import may_anywhere
from labshare.organisations.queries import firm_by_code
from labshare.organisations.queries.affiliations import (
    affiliation_with_persons,
    change_in_sight,
    decides_link,
    search_affiliations,
)
from labshare.organisations.terms import AffiliationAct, AffiliationKind, AffiliationList, AffiliationSource, ToDecide
from labshare.rewards.queries.touched import Touched, bookings_between, touched
from labshare.web.asked import asked_choice, asked_page
from labshare.web.forms import (
    CreditCodeField,
    DayField,
    Form,
    SelectField,
    TextAreaField,
    length,
    optional,
    required,
)
from labshare.web.regulator import blueprint
from labshare.web.steps import posted, pressed, problem_texts

SOURCES = [(source, source.label) for source in AffiliationSource.of_officers()]


class StepForm(Form):
    """A decision; `checked` is what was shown of its effects."""

    checked = HiddenField()


class EnterForm(StepForm):
    firm_uscc = CreditCodeField(
        _l("Credit code of the first firm"), [required()], description=_l("Of a control: the controlling firm.")
    )
    other_uscc = CreditCodeField(_l("Credit code of the other firm"), [required()])
    kind = SelectField(_l("Kind"), choices=AffiliationKind.choices())
    source = SelectField(_l("Source"), choices=SOURCES)
    valid_from = DayField(_l("First day"), [required()])
    valid_to = DayField(_l("Last day, included"), [optional()], description=_l("Empty: until further notice."))
    note = TextAreaField(
        _l("Reason"),
        [required(_l("Give a reason.")), length(300)],
        description=_l("What was found, and where it can be looked up."),
    )


class ReasonForm(StepForm):
    reason = TextAreaField(_l("Reason"), [required(_l("Give a reason.")), length(300)])


class DecideForm(StepForm):
    source = SelectField(_l("Source"), choices=SOURCES)
    reason = TextAreaField(_l("Reason"), [required(_l("Give a reason.")), length(300)])


class EndForm(StepForm):
    valid_to = DayField(_l("Last day, included"), [required()])
    source = SelectField(_l("Source"), choices=SOURCES)
    reason = TextAreaField(_l("Reason"), [required(_l("Give a reason.")), length(300)])


class CorrectForm(StepForm):
    kind = SelectField(_l("Kind"), choices=AffiliationKind.choices())
    valid_from = DayField(_l("First day"), [required()])
    valid_to = DayField(_l("Last day, included"), [optional()], description=_l("Empty: until further notice."))
    source = SelectField(_l("Source"), choices=SOURCES)
    reason = TextAreaField(_l("Reason"), [required(_l("Give a reason.")), length(300)])


@dataclass(frozen=True)
class Act:
    """One thing an officer can do with an affiliation."""

    title: LazyString
    button: LazyString
    consequence: LazyString
    form: type[StepForm]
    becomes: Callable[[Link, Any, datetime], Link | None]
    """The link as it would be."""
    do: Callable[..., Affiliation | AffiliationChange]
    done: LazyString


def _changed(link: Link, change: AffiliationChange, now: datetime) -> Link | None:
    """The link once a second person has agreed to the change."""
    if change.act == AffiliationAct.VOID:
        return None
    if change.act == AffiliationAct.END:
        return replace(link, ended_at=now, ended_on=change.valid_to)
    return Link(
        id=link.id,
        firm=link.firm,
        other=link.other,
        kind=str(change.kind),
        valid_from=change.valid_from or link.valid_from,
        valid_to=change.valid_to,
        recorded_at=now,
        confirmed_at=now,
    )


def _typed(act: AffiliationAct, form: Any) -> dict[str, Any]:
    """What the form says of kind and days."""
    return {name: form[name].data for name in ("kind", "valid_from", "valid_to") if name in form} | {"act": act}


def _as_proposed(act: AffiliationAct) -> Callable[[Link, Any, datetime], Link | None]:
    return lambda link, form, now: _changed(link, AffiliationChange(**_typed(act, form)), now)


def _propose(act: AffiliationAct) -> Callable[..., AffiliationChange]:
    return lambda form, **who: organisations.propose_change(
        **who, **_typed(act, form), source=form.source.data, reason=form.reason.data
    )


PROPOSED = _l("Proposed. It counts once the approver, or an officer of a division around the county, agrees.")


ACTS: dict[str, Act] = {
    "confirm": Act(
        _l("Confirm an affiliation"),
        _l("Confirm affiliation"),
        _l(
            "It holds for all its days, for earlier bookings too, and chains of control run over it. "
            "Both firms are told."
        ),
        DecideForm,
        lambda link, _form, now: replace(link, confirmed_at=now),
        lambda form, **who: organisations.confirm_affiliation(**who, source=form.source.data, note=form.reason.data),
        _l("The affiliation is confirmed; both firms are told."),
    ),
    "leave": Act(
        _l("Leave it as declared"),
        _l("Leave as declared"),
        _l(
            "It relates the two firms as a declaration does. Where both sides declared a control, chains run over it "
            "from now on. Both firms are told."
        ),
        ReasonForm,
        lambda link, _form, now: replace(link, seen_at=now),
        lambda form, **who: organisations.leave_as_declared(**who, note=form.reason.data),
        _l("Left as declared; both firms are told."),
    ),
    "end": Act(
        _l("End an affiliation"),
        _l("Propose an end"),
        _l("A second person has to agree: then bookings made after its last day count again. Both firms are told."),
        EndForm,
        _as_proposed(AffiliationAct.END),
        _propose(AffiliationAct.END),
        PROPOSED,
    ),
    "decline": Act(
        _l("Do not end it as asked"),
        _l("Decline the end"),
        _l("The affiliation stays as it is. Both firms are told why."),
        ReasonForm,
        lambda link, _form, _now: link,
        lambda form, **who: organisations.decline_end(**who, reason=form.reason.data),
        _l("The end is declined; both firms are told why."),
    ),
    "correct": Act(
        _l("Correct an affiliation"),
        _l("Propose a correction"),
        _l(
            "A second person has to agree: then the present entry is voided and another one, confirmed, takes its "
            "place. Both firms are told."
        ),
        CorrectForm,
        _as_proposed(AffiliationAct.CORRECT),
        _propose(AffiliationAct.CORRECT),
        PROPOSED,
    ),
    "void": Act(
        _l("Void an affiliation"),
        _l("Propose to void"),
        _l(
            "A second person has to agree: then it never held, and earlier bookings count again as far as nothing "
            "else is against it. Both firms are told."
        ),
        DecideForm,
        _as_proposed(AffiliationAct.VOID),
        _propose(AffiliationAct.VOID),
        PROPOSED,
    ),
}
NAMES = {"confirm": {"note": "reason"}, "leave": {"note": "reason"}}
"""Where a service's field is called otherwise on the form."""


@blueprint.route("/affiliations", methods=["GET", "POST"])
@requires("dashboard.see", to_post="affiliation.enter", of=OWN_DIVISION)
def affiliations() -> Any:
    """All affiliations, those to decide first where asked for; an officer enters one that was found."""
    actor = current_actor()
    form = EnterForm()
    if not form.is_submitted() and request.args.get("firm"):
        form.firm_uscc.data = request.args["firm"][:18]
    shown, changes = None, None

    def enter() -> Affiliation:
        firm = firm_by_code(form.firm_uscc.data)
        if firm is None:
            raise NoSuchFirm("firm_uscc")
        return organisations.enter_affiliation(
            actor=actor,
            now=utc_now(),
            firm_id=firm.id,
            other_uscc=form.other_uscc.data,
            kind=form.kind.data,
            valid_from=form.valid_from.data,
            valid_to=form.valid_to.data,
            source=form.source.data,
            note=form.note.data,
        )

    fields = (form.firm_uscc.data, form.other_uscc.data, form.kind.data, form.valid_from.data, form.valid_to.data)
    if form.is_submitted() and form.validate() and not _was_shown(form, fields):
        shown, changes = digest_of(fields), _of_a_new_one(form)
    if changes:
        form.checked.data = shown
        answer: Response | int = 200
    else:
        answer = posted(
            form,
            enter,
            lambda made: (_("The affiliation is entered; both firms are told."), _address(made.id)),
        )
    if isinstance(answer, Response):
        return answer
    show = asked_choice("show", AffiliationList)
    q, page = request.args.get("q", "")[:80], asked_page()
    rows, total = search_affiliations(actor, local_day(utc_now()), q=q, show=show, limit=page.size, offset=page.offset)
    return render_template(
        "regulator/affiliations/list.html",
        form=form,
        rows=rows,
        show=show,
        q=q,
        kinds=dict(AffiliationKind.choices()),
        sources=dict(AffiliationSource.choices()),
        reasons=dict(ToDecide.choices()),
        changes=changes or [],
        may_enter=may_anywhere(actor, "affiliation.enter"),
        page=page.of(total),
    ), answer


def _of_a_new_one(form: EnterForm) -> list[Touched]:
    """What entering it would change; nothing where the firms are not known, which the service says."""
    firm, other = firm_by_code(form.firm_uscc.data), firm_by_code(form.other_uscc.data)
    if firm is None or other is None or firm.id == other.id:
        return []
    now = utc_now()
    link = Link(
        id=0,
        firm=firm.id,
        other=other.id,
        kind=form.kind.data,
        valid_from=form.valid_from.data,
        valid_to=form.valid_to.data,
        recorded_at=now,
        confirmed_at=now,
    )
    return touched(None, link)


@blueprint.get("/affiliations/<int:affiliation_id>")
@requires("dashboard.see")
def affiliation(affiliation_id: int) -> Any:
    """One affiliation: who said what and when, what is between the two firms, and what an officer can do."""
    return _page(affiliation_id)


def _page(affiliation_id: int, problem: Problem | None = None, *, status: int = 200) -> Any:
    actor = current_actor()
    found = affiliation_with_persons(actor, affiliation_id)
    one, waiting = found.affiliation, found.waiting

    def decides(action: str) -> bool:
        return decides_link(actor, firm_id=one.firm_id, other_id=one.other_firm_id, action=action)

    html = render_template(
        "regulator/affiliations/one.html",
        problems=problem_texts(problem),
        found=found,
        waiting=waiting,
        changes=touched(one.link, _changed(one.link, waiting, utc_now())) if waiting else [],
        agrees=waiting is not None and decides("affiliation.agree_change"),
        drops=waiting is not None and decides("affiliation.drop_change"),
        me=actor.person_id,
        one=one,
        link=one.link,
        bookings=bookings_between(actor, firm_id=one.firm_id, other_id=one.other_firm_id),
        kinds=dict(AffiliationKind.choices()),
        sources=dict(AffiliationSource.choices()),
        reasons=dict(ToDecide.choices()),
        acts=_possible(one.link) if waiting is None and decides("affiliation.enter") else [],
        titles=ACTS,
    )
    return html, status


@blueprint.post("/affiliations/changes/<int:change_id>/<any(agree, drop):act>")
@requires("affiliation.drop_change", of=OWN_DIVISION, then=("affiliation.agree_change",))
def affiliation_change(change_id: int, act: str) -> Any:
    """The second person's answer to what an officer proposed; or who proposed it withdraws it."""
    given: dict[str, Any] = {"actor": current_actor(), "now": utc_now(), "change_id": change_id}
    of = change_in_sight(current_actor(), change_id)
    if act == "agree":
        seen, message = request.form.get("seen", ""), _("Agreed to; both firms are told.")
        answer = pressed(
            lambda: organisations.agree_change(**given, seen=seen), lambda made: (message, _address(made.id))
        )
    else:
        message = _("The change is refused; the affiliation stays as it is.")
        answer = pressed(lambda: organisations.drop_change(**given), lambda _dropped: (message, _address(of)))
    return answer if isinstance(answer, Response) else _page(of, answer, status=answer.status)


def _address(affiliation_id: int) -> str:
    return url_for("regulator.affiliation", affiliation_id=affiliation_id)


def _possible(link: Link) -> list[str]:
    if link.voided_at is not None:
        return []
    acts = ["confirm"] if link.confirmed_at is None else []
    if link.confirmed_at is None and link.seen_at is None and set(link.to_decide) - {"end_asked"}:
        acts.append("leave")
    if link.ended_at is None:
        acts.append("end")
    if link.end_asked_at is not None:
        acts.append("decline")
    return [*acts, "correct", "void"]


@blueprint.route(
    "/affiliations/<int:affiliation_id>/<any(confirm, leave, end, decline, correct, void):act>", methods=["GET", "POST"]
)
@requires("affiliation.enter", of=OWN_DIVISION)
def affiliation_decide(affiliation_id: int, act: str) -> Any:
    """Take one decision: typed, shown with what it changes in published months, taken."""
    actor = current_actor()
    found, what = affiliation_with_persons(actor, affiliation_id), ACTS[act]
    one, link, now = found.affiliation, found.affiliation.link, utc_now()
    if not decides_link(actor, firm_id=one.firm_id, other_id=one.other_firm_id):
        raise NotAllowed
    form: Any = what.form(obj=_filled(one, act) if not request.form else None)
    changes: list[Touched] = []
    fields = (act, affiliation_id, *(form[name].data for name in ("kind", "valid_from", "valid_to") if name in form))
    if form.is_submitted() and form.validate() and not _was_shown(form, fields):
        changes = touched(link, what.becomes(link, form, now))
    if changes:
        form.checked.data = digest_of(fields)
        answer: Response | int = 200
    else:
        answer = posted(
            form,
            lambda: what.do(form, actor=actor, now=now, affiliation_id=affiliation_id),
            lambda _done: (str(what.done), _address(affiliation_id)),
            **NAMES.get(act, {}),
        )
    if isinstance(answer, Response):
        return answer
    return render_template(
        "regulator/affiliations/decide.html",
        form=form,
        found=affiliation_with_persons(actor, affiliation_id),
        what=what,
        changes=changes,
        kinds=dict(AffiliationKind.choices()),
    ), answer


def _filled(one: Affiliation, act: str) -> Any:
    """What the form begins with: the row's own dates, or the end that was asked for."""
    if act != "end" or one.end_asked_on is None:
        return one
    return _Asked(one.end_asked_on)


@dataclass(frozen=True)
class _Asked:
    valid_to: date


def _was_shown(form: StepForm, fields: Sequence[Any]) -> bool:
    return form.checked.data == digest_of(fields)
