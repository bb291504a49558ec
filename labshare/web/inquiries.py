"""The page of a request to the labs: the asker compares all answers, a lab sees its own and answers."""

from typing import Any

from flask import render_template
from flask_babel import lazy_gettext as _l

from labshare.catalogue.models import TestItem
from labshare.catalogue.terms import Category
from labshare.http.actor import current_actor
from labshare.kernel.errors import NotFound, Problem
from labshare.kernel.formatting import twin
from labshare.kernel.time import utc_now
from labshare.organisations.permissions import may
from labshare.settlement.queries.inquiries import InquiryRow, earliest_starts, get_inquiry, items_of_firm
from labshare.settlement.services.inquiries import MOST_QUANTITY, TEXT_LENGTH
from labshare.web.forms import (
    DayField,
    FilesField,
    Form,
    HoursField,
    MoneyField,
    OptionalSelectField,
    TextAreaField,
    WholeNumberField,
    length,
    optional,
    required,
)
from labshare.web.steps import problem_texts
from labshare.web.talking import FILES_HINT


class AskForm(Form):
    text = TextAreaField(
        _l("What is to be tested, and why"),
        description=_l("The part, its material, what is to be found out. A photo or drawing helps."),
        validators=[required(_l("Write it in words.")), length(TEXT_LENGTH)],
    )
    quantity = WholeNumberField(_l("Samples"), validators=[required()], least=1, most=MOST_QUANTITY)
    category = OptionalSelectField(
        _l("Category"),
        choices=Category.choices(),
        blank=_l("Not sure: ask all labs"),
        validators=[optional()],
    )
    start_by = DayField(_l("Start needed by"), validators=[optional()])
    report_by = DayField(_l("Report needed by"), validators=[optional()])
    files = FilesField(_l("Files"), description=FILES_HINT)


class InquiryAnswerForm(Form):
    test_item = OptionalSelectField(_l("Test item"), coerce=int, blank=_l("None, only words"), validators=[optional()])
    hours = HoursField(
        _l("Test hours"), description=_l("Where the test item leaves them to choose."), validators=[optional()]
    )
    own_fen = MoneyField(
        _l("Our own price, CNY"),
        description=_l("Leave empty for the published fee; lower only within its discount table."),
        validators=[optional()],
    )
    text = TextAreaField(_l("Comment or question"), validators=[length(TEXT_LENGTH)])


def answer_form(row: InquiryRow) -> InquiryAnswerForm:
    """With the firm's published tests, those of the category first."""
    form = InquiryAnswerForm()
    items = items_of_firm(current_actor().firm_id or 0, row.inquiry.category)
    several = len({item.lab_id for item in items}) > 1
    form.test_item.choices = [(item.id, _named(item, several=several)) for item in items]
    return form


def _named(item: TestItem, *, several: bool) -> str:
    return f"{twin(item)} · {twin(item.lab)}" if several else twin(item)


def found_inquiry(inquiry_id: int, *, side: str) -> InquiryRow:
    """The request, for its asker (`client`) or a lab that is asked. Raises `NotFound`."""
    actor = current_actor()
    row = get_inquiry(actor, inquiry_id)
    if (row.inquiry.client_firm_id == actor.firm_id) != (side == "client"):
        raise NotFound
    return row


def inquiry_page(
    row: InquiryRow, *, side: str, form: Form | None = None, problem: Problem | None = None, status: int = 200
) -> Any:
    """The page as `side` sees it; `form`, of a lab, as it was refused or empty, where the reader may answer: a refused
    one is shown after the end, too, with what was typed; `problem`: what stood in the way of a step."""
    actor, now = current_actor(), utc_now()
    running = row.inquiry.open_at(now)
    asks = side == "client"
    refused = form is not None and form.errors
    last = {(one.test_item_id, one.hours): one for one in row.answers if one.test_item_id is not None}
    offered = [one for one in row.answers if one.quote is not None or one in last.values()]
    return (
        render_template(
            "inquiry/page.html",
            row=row,
            inquiry=row.inquiry,
            side=side,
            inquiry_state=row.state_at(now),
            category=Category(row.inquiry.category).label if row.inquiry.category else None,
            offered=sorted(offered, key=lambda one: one.price_fen or 0),
            without_offer=[one for one in row.answers if one.test_item_id is None],
            earliest=earliest_starts(row, now) if asks and running else {},
            running=running,
            problems=problem_texts(problem),
            may_close=asks and running and may(actor, "inquiry.close", client=actor.firm_id),
            may_book=asks and running and may(actor, "booking.book", client=actor.firm_id),
            form=form if (running or refused) and may(actor, "inquiry.answer", lab=actor.firm_id) else None,
        ),
        status,
    )
