"""Asking the labs: the form, the firm's requests, one with its answers, closing it, taking an answer as a quote."""

from typing import Any

from flask import Response, render_template, request, url_for
from flask_babel import gettext as _

from labshare.booking.terms import Party
from labshare.catalogue.terms import Category
from labshare.http.actor import current_actor
from labshare.http.limits import count
from labshare.http.rights import OWN_BOOKINGS, THE_INQUIRY, requires
from labshare.kernel.errors import Problem
from labshare.kernel.time import utc_now
from labshare.organisations.permissions import may
from labshare.settlement import services
from labshare.settlement.queries.inquiries import count_inquiries, list_inquiries
from labshare.web.asked import asked_day, asked_page, read_number
from labshare.web.client import blueprint
from labshare.web.inquiries import AskForm, found_inquiry, inquiry_page
from labshare.web.steps import posted, pressed
from labshare.web.talking import taken


@blueprint.get("/inquiries")
@requires("inquiry.see", of=OWN_BOOKINGS)
def inquiries() -> Any:
    actor = current_actor()
    page = asked_page(count_inquiries(actor, Party.CLIENT))
    rows = list_inquiries(actor, side=Party.CLIENT, limit=page.size, offset=page.offset)
    may_ask = may(actor, "inquiry.ask", client=actor.firm_id)
    return render_template("client/inquiries.html", rows=rows, page=page, now=utc_now(), may_ask=may_ask)


@blueprint.route("/inquiries/new", methods=["GET", "POST"])
@requires("inquiry.ask", of=OWN_BOOKINGS, verb="inquiry.ask", file=True)
def ask_labs() -> Any:
    """The form, filled in with what a search asked for."""
    form = AskForm()
    if request.method == "GET":
        _fill(form)
    else:
        count("message")
    files = taken(form.files) if form.is_submitted() and form.validate() else []
    answer = posted(
        form,
        lambda: services.ask_labs(
            actor=current_actor(),
            now=utc_now(),
            text=form.text.data or "",
            quantity=form.quantity.data or 0,
            category=form.category.data,
            start_by=form.start_by.data,
            report_by=form.report_by.data,
            files=files,
        ),
        lambda made: (
            _("The labs are asked; you are told of each answer."),
            url_for(".inquiry", inquiry_id=made.id),
        ),
    )
    return answer if isinstance(answer, Response) else (render_template("client/ask.html", form=form), answer)


def _fill(form: AskForm) -> None:
    """What the address of a search says."""
    form.text.data = request.args.get("q", "")[:200]
    form.quantity.data = read_number(request.args.get("quantity", ""), 5) or 1
    form.category.data = Category.known(request.args.get("category"))
    form.start_by.data, form.report_by.data = asked_day("start_by"), asked_day("by")


@blueprint.get("/inquiries/<int:inquiry_id>")
@requires("inquiry.see", of=THE_INQUIRY)
def inquiry(inquiry_id: int) -> Any:
    return inquiry_page(found_inquiry(inquiry_id, side=Party.CLIENT), side=Party.CLIENT)


@blueprint.post("/inquiries/<int:inquiry_id>/close")
@requires("inquiry.close", of=THE_INQUIRY, verb="inquiry.close")
def close_inquiry(inquiry_id: int) -> Any:
    answer = pressed(
        lambda: services.close_inquiry(actor=current_actor(), now=utc_now(), inquiry_id=inquiry_id),
        lambda _inquiry: (_("Closed; the labs can no longer answer."), url_for(".inquiry", inquiry_id=inquiry_id)),
    )
    return _refused_page(inquiry_id, answer) if isinstance(answer, Problem) else answer


@blueprint.post("/inquiries/<int:inquiry_id>/answers/<int:answer_id>/take")
@requires("booking.book", of=THE_INQUIRY, verb="inquiry.take")
def take_answer(*, inquiry_id: int, answer_id: int) -> Any:
    """To the quote made of it, or straight on to the form that books it."""
    book = "book" in request.form
    answer = pressed(
        lambda: services.take_answer(actor=current_actor(), now=utc_now(), inquiry_id=inquiry_id, answer_id=answer_id),
        lambda quote: (
            _("Quote %(number)s made.", number=quote.number),
            url_for(".new_booking", from_quote=quote.number) if book else url_for(".quote", number=quote.number),
        ),
    )
    return _refused_page(inquiry_id, answer) if isinstance(answer, Problem) else answer


def _refused_page(inquiry_id: int, problem: Problem) -> Any:
    """The page, with what stood in the way above it."""
    row = found_inquiry(inquiry_id, side=Party.CLIENT)
    return inquiry_page(row, side=Party.CLIENT, problem=problem, status=problem.status)
