"""What may be ordered on top of a test, as a field of a form."""

from typing import Any

from labshare.booking.formatting import surcharge_label, surcharge_text
from labshare.booking.queries.loading import BookableItem
from labshare.booking.queries.marks import offered_surcharges
from labshare.catalogue.rules.fees import Surcharge
from labshare.kernel.time import local_day
from labshare.web.forms import Form


def offer_surcharges(form: Any, bookable: BookableItem | None) -> None:
    """The choices of `form.surcharges`; without any the form has no such field."""
    offered: tuple[Surcharge, ...] = ()
    if bookable is not None and bookable.fee_terms is not None:
        offered = offered_surcharges(bookable.item.id, bookable.fee_terms.surcharges, local_day(bookable.now))
    form.surcharges.choices = [(one.code, f"{surcharge_label(one)} · {surcharge_text(one)}") for one in offered]
    if not offered:
        del form.surcharges


def chosen_codes(form: Form) -> list[str]:
    """The codes that were ticked, each once."""
    return list(dict.fromkeys(form.surcharges.data or [])) if "surcharges" in form else []
