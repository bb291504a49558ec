"""Labels to stick on samples, instruments and reports: their QR code opens the right page on a phone."""

import io
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

from flask import Response, request, url_for
from flask_babel import gettext as _

import labshare.kernel
from labshare.booking.models import Booking, StoragePlace
from labshare.catalogue.models import Instrument, Lab
from labshare.http.downloads import download
from labshare.kernel.formatting import day, language, twin
from labshare.kernel.pdf import typeset
from labshare.kernel.time import utc_now
from labshare.notices.services import absolute
from labshare.settlement.models import Report

TEMPLATE = Path(labshare.kernel.__file__).with_name("label.typ")
SHEET = "a4"
"""Many on one sheet, as the address says it; else one a page, for a printer of labels."""


@dataclass(frozen=True)
class Label:
    head: str
    lines: tuple[str, ...]
    corner: str = ""
    address: str = ""
    """Where its code leads, if not where those of the whole paper do."""


def sample_labels(booking: Booking, *, for_lab: bool) -> Response:
    """One for each sample booked, which says whose it is to nobody who cannot see the booking; for the lab also where
    it lies."""
    place = booking.storage_place if for_lab else None
    start = _("start %(day)s", day=day(booking.starts_at))
    lines = (twin(booking.test_item), twin(booking.lab), f"{start} · {place.name}" if place else start)
    labels = [Label(booking.ref, lines, f"{number}/{booking.quantity}") for number in range(1, booking.quantity + 1)]
    return _labels(booking.ref, url_for("client.scanned", ref=booking.ref), labels, made_at=booking.booked_at)


def report_label(report: Report) -> Response:
    """One to stick on a report: whoever holds the paper proves it, and nobody else (R-RESULT-4)."""
    address = url_for("public.verify", number=report.number, code=report.printed_code)
    lines = (twin(report.lab), day(report.issued_on), _("Code %(code)s", code=report.printed_code))
    return _labels(f"label-{report.id}", address, [Label(report.number, lines)], made_at=report.recorded_at)


def instrument_label(instrument: Instrument, calibrated_until: object) -> Response:
    """One, for the instrument itself."""
    lines = (
        " ".join(part for part in (instrument.manufacturer, instrument.model) if part),
        " ".join(part for part in (_("Own number"), instrument.inner_id) if instrument.inner_id),
        _("calibrated until %(day)s", day=day(calibrated_until)) if calibrated_until else "",
    )
    address = url_for("lab.instrument", instrument_id=instrument.id)
    label = Label(twin(instrument), tuple(line for line in lines if line))
    return _labels(f"instrument-{instrument.id}", address, [label], made_at=utc_now())


def place_labels(lab: Lab, places: Sequence[StoragePlace]) -> Response:
    """One for each storage place: its code opens on a phone what is put there (R-BENCH-3)."""
    labels = [
        Label(place.name, (twin(lab), _("Scan: put samples here")), address=url_for("lab.put_into", place_id=place.id))
        for place in places
    ]
    return _labels(f"places-{lab.code}", "", labels, made_at=utc_now())


def _labels(name: str, address: str, labels: Sequence[Label], *, made_at: datetime) -> Response:
    """One paper; the codes of its labels lead to their own pages, or all to the same."""
    codes = {each: _code(absolute(each) or each) for each in {one.address or address for one in labels}}
    data = {
        "title": _("Labels"),
        "sheet": request.args.get("paper") == SHEET,
        "codes": codes,
        "labels": [vars(label) | {"address": label.address or address} for label in labels],
        "language": language(),
    }
    return download(typeset(TEMPLATE, data, made_at=made_at), f"{name}.pdf")


def _code(address: str) -> str:
    """The QR code of an address, as SVG. A quarter of it may be lost to dirt."""
    import segno  # few workers ever make one

    written = io.BytesIO()
    segno.make(address, error="q", micro=False).save(written, kind="svg", border=2, xmldecl=False)
    return written.getvalue().decode()
