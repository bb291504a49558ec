"""The lab's lists: missing papers, receivables, the revenue ledger."""

from functools import partial
from typing import Any

from flask import render_template, request
from flask_babel import gettext as _
from werkzeug.wrappers import Response

from labshare.catalogue.models import Lab
from labshare.catalogue.queries.own import lab_choices
from labshare.http.actor import current_actor
from labshare.http.downloads import download_rows
from labshare.http.rights import OWN_LABS, requires
from labshare.kernel.actor import Actor
from labshare.kernel.formatting import twin
from labshare.kernel.tables import FORMATS, yuan
from labshare.kernel.time import local_day, utc_now
from labshare.organisations.permissions import may
from labshare.settlement.queries import missing as lists
from labshare.settlement.terms import DocumentKind, Lacking
from labshare.web.asked import asked_page
from labshare.web.documents import booking_href
from labshare.web.lab import blueprint
from labshare.web.ledger import ledger_page


def _may_record(actor: Actor) -> dict[str, bool]:
    """Which papers this member records: report, invoice, payment."""
    return {kind: may(actor, f"{kind}.record", lab=actor.firm_id) for kind in DocumentKind}


def _asked_lab(labs: list[Lab]) -> int | None:
    """The lab of the filter, if it is one of ours."""
    asked = request.args.get("lab")
    return next((lab.id for lab in labs if lab.code == asked), None)


@blueprint.get("/papers")
@requires("ledger.see", of=OWN_LABS)
def missing_documents() -> Any:
    """What still lacks a document, and the amount not counted for want of it."""
    actor = current_actor()
    labs = lab_choices(actor.firm_id)
    lab_id = _asked_lab(labs)
    kind, first = Lacking.known(request.args.get("lacks")), Lacking.known(request.args.get("held"))
    sums = lists.missing_sums(actor, lab_id=lab_id)
    held = lists.held_back(actor, lab_id=lab_id)
    page = asked_page(sum(one.bookings for one in held if one.lacking == first) if first else sums.of(kind or "all"))
    rows = lists.missing_documents(actor, kind=kind, first=first, lab_id=lab_id, limit=page.size, offset=page.offset)
    return render_template(
        "lab/documents/missing.html",
        rows=rows,
        sums=sums,
        held_back=held,
        lacking=kind,
        first=first,
        labs=labs,
        page=page,
        booking_href=partial(booking_href, actor=actor),
        may_record=_may_record(actor),
    )


@blueprint.get("/receivables")
@requires("ledger.see", of=OWN_LABS)
def receivables() -> Any:
    """What clients still owe for finished work and for cancellations, by age; as a file too."""
    actor = current_actor()
    labs = lab_choices(actor.firm_id)
    lab_id = _asked_lab(labs)
    format = request.args.get("format")
    if format in FORMATS:
        return _receivables_file(actor, lab_id, format)
    sums = lists.receivable_sums(actor, utc_now(), lab_id=lab_id)
    page = asked_page(sums.bookings)
    rows = list(lists.receivables(actor, lab_id=lab_id, limit=page.size, offset=page.offset))
    return render_template(
        "lab/documents/receivables.html",
        rows=rows,
        sums=sums,
        labs=labs,
        page=page,
        booking_href=partial(booking_href, actor=actor),
        may_record=_may_record(actor),
    )


def _receivables_file(actor: Actor, lab_id: int | None, format: str) -> Response:
    head = [
        _("Reference"),
        _("Client"),
        _("Unified social credit code"),
        _("Lab"),
        _("Test item"),
        _("Finished on"),
        _("Charged"),
        _("Invoiced (net)"),
        _("Paid (net)"),
        _("Receivables"),
    ]
    rows = (
        (
            booking.ref,
            twin(booking.client),
            booking.client.uscc,
            booking.lab.code,
            twin(booking.test_item),
            booking.finished_on,
            yuan(booking.charged_fen),
            yuan(booking.invoiced_fen),
            yuan(booking.paid_fen),
            yuan(booking.charged_fen - booking.paid_fen),
        )
        for booking in lists.receivables(actor, lab_id=lab_id, limit=None)
    )
    owed = yuan(lists.receivable_sums(actor, utc_now(), lab_id=lab_id).fen)
    total = [_("Total"), *[""] * (len(head) - 2), owed]
    name = f"receivables-{local_day(utc_now())}"
    return download_rows(name, head, rows, format, sheet=_("Receivables"), total=total)


@blueprint.get("/ledger")
@requires("ledger.see", of=OWN_LABS)
def ledger() -> Any:
    """The revenue ledger of our labs, by month."""
    actor = current_actor()
    labs = lab_choices(actor.firm_id)
    return ledger_page(actor, "lab/documents/ledger.html", labs, _asked_lab(labs))
