"""Dated fees: the overview, adding one from a day on, correcting an unused one, ending one."""

from datetime import timedelta
from typing import Any

from flask import render_template, url_for
from flask_babel import gettext as _
from werkzeug.wrappers import Response

from labshare.catalogue.models import Fee, TestItem
from labshare.catalogue.queries import own
from labshare.catalogue.queries.single import get_fee
from labshare.catalogue.services import fees
from labshare.http.actor import current_actor
from labshare.http.rights import OWN_FIRM, requires
from labshare.kernel.errors import Problem
from labshare.kernel.formatting import short_day
from labshare.kernel.time import local_day, utc_now
from labshare.web.asked import asked_page
from labshare.web.filters import localized
from labshare.web.lab import blueprint
from labshare.web.lab.catalogue import common
from labshare.web.lab.catalogue.fee_forms import SURCHARGES, EndFeeForm, FeeForm, NewFeeForm
from labshare.web.lab.catalogue.filters import narrowed
from labshare.web.lab.catalogue.forms import default_day
from labshare.web.lab.catalogue.test_items import show_test_item
from labshare.web.steps import message_with, posted, pressed


@blueprint.get("/fees", endpoint="fees")
@requires("catalogue.see_drafts", of=OWN_FIRM)
def fees_list() -> Any:
    firm_id, today = common.firm_id(), local_day(utc_now())
    (labs, lab_id, state), asked = narrowed(firm_id), asked_page()
    page = own.own_fees(firm_id, today, lab_id=lab_id, state=state, limit=asked.size, offset=asked.offset)
    return render_template(
        "lab/catalogue/fees.html",
        page=page,
        labs=labs,
        lab_id=lab_id,
        state_filter=state,
        may_change=common.may_change(),
    )


def _back(item_id: int) -> str:
    return url_for("lab.test_item", item_id=item_id, _anchor="fees")


@blueprint.route("/test-items/<int:item_id>/fees/new", methods=["GET", "POST"])
@requires("catalogue.change", of=OWN_FIRM)
def fee_new(item_id: int) -> Any:
    item = common.my_test_item(item_id)
    form = NewFeeForm()
    today = local_day(utc_now())
    default_day(form, "valid_from", today + timedelta(days=1) if item.published else today)
    answer = posted(
        form,
        lambda: fees.add_fee(
            actor=current_actor(),
            now=utc_now(),
            test_item_id=item_id,
            basis=form.basis.data,
            amount_fen=form.amount_fen.data,
            minimum_fen=form.minimum_fen.data,
            extras=form.extras(),
            valid_from=form.valid_from.data,
            valid_to=form.valid_to.data,
        ),
        lambda added: (_("The fee holds from %(day)s.", day=short_day(added.valid_from)), _back(item_id)),
        **form.places(),
    )
    if isinstance(answer, Response):
        return answer
    return _form_page(form, common.my_test_item(item_id), None, "new"), answer


def _form_page(form: Any, item: TestItem, fee: Fee | None, step: str) -> str:
    return render_template("lab/catalogue/fee_form.html", form=form, item=item, fee=fee, step=step, kinds=SURCHARGES)


def _my_fee(fee_id: int) -> tuple[Fee, TestItem]:
    fee = get_fee(fee_id)
    return fee, common.my_test_item(fee.test_item_id)


@blueprint.route("/fees/<int:fee_id>", methods=["GET", "POST"])
@requires("catalogue.change", of=OWN_FIRM)
def fee_edit(fee_id: int) -> Any:
    fee, item = _my_fee(fee_id)
    item_id = item.id
    form = FeeForm(data=FeeForm.of(fee))
    answer = posted(
        form,
        lambda: fees.change_fee(
            actor=current_actor(),
            now=utc_now(),
            fee_id=fee_id,
            basis=form.basis.data,
            amount_fen=form.amount_fen.data,
            minimum_fen=form.minimum_fen.data,
            extras=form.extras(),
        ),
        lambda _changed: (_("The fee is corrected."), _back(item_id)),
        **{"valid_from": "amount_fen", **form.places()},
    )
    if isinstance(answer, Response):
        return answer
    fee, item = _my_fee(fee_id)
    return _form_page(form, item, fee, "edit"), answer


@blueprint.route("/fees/<int:fee_id>/end", methods=["GET", "POST"])
@requires("catalogue.change", of=OWN_FIRM)
def fee_end(fee_id: int) -> Any:
    fee, item = _my_fee(fee_id)
    item_id = item.id
    form = EndFeeForm(obj=fee)
    answer = posted(
        form,
        lambda: fees.end_fee(actor=current_actor(), now=utc_now(), fee_id=fee_id, valid_to=form.valid_to.data),
        lambda ended: (
            _("The fee holds up to %(day)s, included.", day=short_day(ended.valid_to)),
            _back(item_id),
        ),
        valid_from="valid_to",
    )
    if isinstance(answer, Response):
        return answer
    fee, item = _my_fee(fee_id)
    return _form_page(form, item, fee, "end"), answer


@blueprint.post("/fees/<int:fee_id>/remove")
@requires("catalogue.change", of=OWN_FIRM)
def fee_remove(fee_id: int) -> Any:
    _fee, item = _my_fee(fee_id)
    item_id, name = item.id, localized(item)
    answer = pressed(
        lambda: fees.remove_fee(actor=current_actor(), now=utc_now(), fee_id=fee_id),
        lambda _none: (message_with(_("A fee of %(name)s is taken back."), name=name), _back(item_id)),
    )
    return show_test_item(item_id, answer) if isinstance(answer, Problem) else answer
