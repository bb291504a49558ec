"""What clients ask our labs, and our answers, which the asker alone reads."""

from typing import Any

from flask import Response, render_template, url_for
from flask_babel import gettext as _

from labshare.booking.terms import Party
from labshare.http.actor import current_actor
from labshare.http.limits import limited
from labshare.http.rights import OWN_LABS, THE_INQUIRY, requires
from labshare.kernel.time import utc_now
from labshare.settlement import services
from labshare.settlement.queries.inquiries import count_inquiries, list_inquiries
from labshare.web.asked import asked_page
from labshare.web.inquiries import answer_form, found_inquiry, inquiry_page
from labshare.web.lab import blueprint
from labshare.web.steps import posted


@blueprint.get("/inquiries")
@requires("inquiry.see", of=OWN_LABS)
def inquiries() -> Any:
    actor = current_actor()
    page = asked_page(count_inquiries(actor, Party.LAB))
    rows = list_inquiries(actor, side=Party.LAB, limit=page.size, offset=page.offset)
    return render_template("lab/inquiries.html", rows=rows, page=page, now=utc_now())


@blueprint.get("/inquiries/<int:inquiry_id>")
@requires("inquiry.see", of=THE_INQUIRY)
def inquiry(inquiry_id: int) -> Any:
    row = found_inquiry(inquiry_id, side=Party.LAB)
    return inquiry_page(row, side=Party.LAB, form=answer_form(row))


@blueprint.post("/inquiries/<int:inquiry_id>")
@requires("inquiry.answer", of=THE_INQUIRY, verb="inquiry.answer")
@limited("message")
def answer_inquiry(inquiry_id: int) -> Any:
    row = found_inquiry(inquiry_id, side=Party.LAB)
    form = answer_form(row)
    answer = posted(
        form,
        lambda: services.answer_inquiry(
            actor=current_actor(),
            now=utc_now(),
            inquiry_id=inquiry_id,
            text=form.text.data or "",
            test_item_id=form.test_item.data,
            hours=form.hours.data,
            amount_fen=form.own_fen.data,
        ),
        lambda _answer: (_("Answered; the client alone reads it."), url_for(".inquiry", inquiry_id=inquiry_id)),
        amount_fen="own_fen",
        quantity="test_item",
    )
    if isinstance(answer, Response):
        return answer
    return inquiry_page(found_inquiry(inquiry_id, side=Party.LAB), side=Party.LAB, form=form, status=answer)
