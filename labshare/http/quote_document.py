"""A quote as a document, in the reader's language."""

from pathlib import Path
from typing import Any

from flask import Response
from flask_babel import gettext as _

import labshare.booking
from labshare.booking.queries.quotes import QuoteRow
from labshare.http.downloads import download
from labshare.kernel.capitals import capital
from labshare.kernel.formatting import counted, day, language, plain_amount, twin
from labshare.kernel.pdf import typeset
from labshare.organisations.models import Firm

TEMPLATE = Path(labshare.booking.__file__).with_name("quote.typ")


def quote_file(row: QuoteRow) -> Response:
    """The PDF of a quote."""
    quote = row.quote
    content = typeset(TEMPLATE, _values(row), made_at=quote.made_at)
    return download(content, f"{quote.number}.pdf")


def _values(row: QuoteRow) -> dict[str, Any]:
    quote = row.quote
    facts = [
        (_("Test item"), twin(quote.test_item)),
        (_("Standard"), ", ".join(one.number for one in quote.test_item.standards) or "—"),
        (_("Samples"), counted(quote.quantity, "sample")),
    ]
    if quote.hours is not None:
        facts.append((_("Test hours"), counted(quote.hours, "hour")))
    facts += [
        (_("Report"), _("%(days)s after the test", days=counted(quote.turnaround_days, "day"))),
        (_("Date of quote"), day(quote.made_at)),
        (_("Valid until"), _("%(day)s, included", day=day(row.last_day))),
    ]
    if quote.purchase_order:
        facts.append((_("Purchase order"), quote.purchase_order))
    return {
        "title": _("Quote"),
        "number": quote.number,
        "parties": [
            {"heading": _("Client"), "lines": _firm(quote.client)},
            {"heading": _("Lab"), "lines": [twin(quote.lab), *_firm(quote.lab_firm), quote.lab.phone or ""]},
        ],
        "facts": facts,
        "head": [_("Item"), _("Amount (CNY)")],
        "lines": [{"label": line.label, "how": list(line.how), "amount": plain_amount(line.fen)} for line in row.lines],
        "total": {"words": _("Total (CNY), tax included"), "amount": plain_amount(quote.amount_fen)},
        "capitals": capital(quote.amount_fen) if language() == "zh" else "",
        "notes": [
            _("The price is fixed while the quote is valid; a later fee does not change it."),
            _("The slot is chosen when booking."),
        ],
        "sign": [_("Client (signature, seal):"), _("Lab (signature, seal):")],
        "language": language(),
    }


def _firm(firm: Firm) -> list[str]:
    return [twin(firm), firm.uscc]
