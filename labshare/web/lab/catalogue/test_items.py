"""Test items and standards."""

from typing import Any

from flask import render_template, request, url_for
from flask_babel import gettext as _
from markupsafe import Markup
from werkzeug.wrappers import Response

from labshare.catalogue import queries
from labshare.catalogue.formatting import with_model
from labshare.catalogue.queries import own
from labshare.catalogue.queries.proposals import proposals_of
from labshare.catalogue.queries.publishing import item_conditions
from labshare.catalogue.services import standards, test_items
from labshare.catalogue.services.copies import copy_test_item
from labshare.catalogue.terms import Category
from labshare.http.actor import current_actor
from labshare.http.rights import OWN_FIRM, Of, requires
from labshare.kernel.errors import NotAllowed, Problem
from labshare.kernel.formatting import twin
from labshare.kernel.time import local_day, utc_now
from labshare.web.asked import asked_page
from labshare.web.filters import chinese, localized
from labshare.web.lab import blueprint
from labshare.web.lab.catalogue import common
from labshare.web.lab.catalogue.filters import narrowed
from labshare.web.lab.catalogue.forms import StandardForm, TestItemForm
from labshare.web.steps import message_with, posted, pressed, problem_texts


@blueprint.get("/test-items", endpoint="test_items")
@requires("catalogue.see_drafts", of=OWN_FIRM)
def test_items_list() -> Any:
    firm_id, today = common.firm_id(), local_day(utc_now())
    (labs, lab_id, state), asked = narrowed(firm_id), asked_page()
    page = own.own_test_items(firm_id, today, lab_id=lab_id, state=state, limit=asked.size, offset=asked.offset)
    return render_template(
        "lab/catalogue/test_items.html",
        page=page,
        labs=labs,
        lab_id=lab_id,
        state_filter=state,
        categories=dict(Category.choices()),
        may_change=common.may_change(),
    )


def _instrument_choices(form: TestItemForm, *, lab_id: int | None, firm_id: int) -> None:
    """The instruments of the item's lab; before a lab is chosen, of all labs of the firm, with the lab's code."""
    codes = dict(form.lab.choices or [])
    form.instruments.choices = [
        (
            one.id,
            Markup('{} <span class="ref dim">{}</span> {}').format(
                chinese(with_model(one)), one.inner_id, "" if lab_id else str(codes.get(one.lab_id, "")).split(" ")[0]
            ),
        )
        for one in own.instrument_choices(firm_id=firm_id, lab_id=lab_id)
    ]


@blueprint.route("/test-items/new", methods=["GET", "POST"])
@requires("catalogue.change", of=OWN_FIRM)
def test_item_new() -> Any:
    firm_id = common.firm_id()
    labs = own.lab_choices(firm_id)
    form = TestItemForm()
    form.lab.choices = [(lab.id, f"{lab.code} {twin(lab)}") for lab in labs]
    asked = request.args.get("lab", "")
    lab_id = next((lab.id for lab in labs if str(lab.id) == asked), labs[0].id if len(labs) == 1 else None)
    if not form.is_submitted() and lab_id is not None:
        form.lab.data = lab_id
    _instrument_choices(form, lab_id=lab_id, firm_id=firm_id)
    answer = posted(
        form,
        lambda: test_items.add_test_item(
            actor=current_actor(),
            now=utc_now(),
            lab_id=form.lab.data,
            details=form.details(),
            standards=form.standard_numbers(),
            instruments=form.instruments.data or [],
        ),
        lambda added: (
            message_with(
                _("%(name)s is there as a draft. It needs a fee before it is published."), name=localized(added)
            ),
            url_for("lab.fee_new", item_id=added.id),
        ),
    )
    if isinstance(answer, Response):
        return answer
    return render_template("lab/catalogue/test_item_form.html", form=form, item=None, labs=labs), answer


@blueprint.get("/test-items/<int:item_id>")
@requires("catalogue.see_drafts", of=OWN_FIRM)
def test_item(item_id: int) -> Any:
    return show_test_item(item_id)


def show_test_item(item_id: int, problem: Problem | None = None) -> Any:
    common.firm_id()
    today = local_day(utc_now())
    shown = queries.test_item_page(current_actor(), item_id, today)
    common.mine(shown.item.lab)
    return render_template(
        "lab/catalogue/test_item.html",
        shown=shown,
        item=shown.item,
        today=today,
        categories=dict(Category.choices()),
        conditions=common.labelled(item_conditions(shown.item, today, shown.fee, known=True)),
        problems=problem_texts(problem),
        may_change=common.may_change(),
    ), (problem.status if problem else 200)


@blueprint.route("/test-items/<int:item_id>/edit", methods=["GET", "POST"])
@requires("catalogue.change", of=OWN_FIRM)
def test_item_edit(item_id: int) -> Any:
    found = common.my_test_item(item_id)
    form = TestItemForm.of(found)
    _instrument_choices(form, lab_id=found.lab_id, firm_id=found.lab.firm_id)
    answer = posted(
        form,
        lambda: test_items.edit_test_item(
            actor=current_actor(),
            now=utc_now(),
            test_item_id=item_id,
            details=form.details(),
            standards=form.standard_numbers(),
            instruments=form.instruments.data or [],
        ),
        lambda saved: (
            message_with(_("Saved: %(name)s."), name=localized(saved)),
            url_for("lab.test_item", item_id=item_id),
        ),
    )
    if isinstance(answer, Response):
        return answer
    return render_template(
        "lab/catalogue/test_item_form.html", form=form, item=common.my_test_item(item_id), labs=[]
    ), answer


@blueprint.post("/test-items/<int:item_id>/publish")
@requires("catalogue.change", of=OWN_FIRM)
def test_item_publish(item_id: int) -> Any:
    common.my_test_item(item_id)
    answer = pressed(
        lambda: test_items.publish_test_item(actor=current_actor(), now=utc_now(), test_item_id=item_id),
        lambda one: (
            message_with(_("%(name)s is published; it can be booked now."), name=localized(one)),
            url_for("lab.test_item", item_id=item_id),
        ),
    )
    return show_test_item(item_id, answer) if isinstance(answer, Problem) else answer


@blueprint.post("/test-items/<int:item_id>/withdraw")
@requires("catalogue.change", of=OWN_FIRM)
def test_item_withdraw(item_id: int) -> Any:
    common.my_test_item(item_id)
    answer = pressed(
        lambda: test_items.withdraw_test_item(actor=current_actor(), now=utc_now(), test_item_id=item_id),
        lambda one: (
            message_with(_("%(name)s is withdrawn; bookings that are made stay."), name=localized(one)),
            url_for("lab.test_item", item_id=item_id),
        ),
    )
    return show_test_item(item_id, answer) if isinstance(answer, Problem) else answer


@blueprint.post("/test-items/<int:item_id>/copy")
@requires("catalogue.change", of=OWN_FIRM)
def test_item_copy(item_id: int) -> Any:
    common.my_test_item(item_id)
    answer = pressed(
        lambda: copy_test_item(actor=current_actor(), now=utc_now(), test_item_id=item_id),
        lambda copy: (
            message_with(_("%(name)s is there as a draft, with its fees."), name=localized(copy)),
            url_for("lab.test_item_edit", item_id=copy.id),
        ),
    )
    return show_test_item(item_id, answer) if isinstance(answer, Problem) else answer


OWN_PROPOSAL = Of("own proposed standard", asks=standards.own_proposal)


# ── Standards ────────────────────────────────────────────────────────────


@blueprint.route("/standards/new", methods=["GET", "POST"])
@requires("catalogue.change", of=OWN_FIRM, then=("standard.propose",))
def standard_new() -> Any:
    """The firm's proposals, and a new one."""
    form = StandardForm()
    if not form.is_submitted():
        form.number.data = request.args.get("number", "")[:60]
    answer = posted(
        form,
        lambda: standards.propose_standard(actor=current_actor(), now=utc_now(), **form.standard),
        lambda made: (
            _("%(number)s is proposed; an administrator looks at it and you are told.", number=made.number),
            url_for("lab.standard_new"),
        ),
    )
    return answer if isinstance(answer, Response) else _standards_page(form, answer)


@blueprint.post("/standards/<int:proposal_id>/withdraw")
@requires("standard.propose", of=OWN_PROPOSAL)
def standard_withdraw(proposal_id: int) -> Any:
    answer = pressed(
        lambda: standards.withdraw_proposal(actor=current_actor(), now=utc_now(), proposal_id=proposal_id),
        lambda made: (
            _("The proposal of %(number)s is taken back.", number=made.number),
            url_for("lab.standard_new"),
        ),
    )
    if isinstance(answer, Response):
        return answer
    return _standards_page(StandardForm(formdata=None), answer.status, problem=answer)


def _standards_page(form: StandardForm, status: int, *, problem: Problem | None = None) -> Any:
    firm_id = common.firm_id()
    if not own.lab_choices(firm_id):
        raise NotAllowed
    page = render_template(
        "lab/catalogue/standard_form.html",
        form=form,
        proposals=proposals_of(firm_id),
        problems=[problem.text] if problem else [],
    )
    return page, status
