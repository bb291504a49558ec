"""What a scanned code answers whoever may not open it: what to do, and whose it is only as far as they may know it
(R-BENCH-7). The status is that of what is not there: a stranger learns nothing by counting up an address."""

from collections.abc import Callable

from flask import url_for
from flask_babel import gettext as _

from labshare.catalogue.models import Instrument
from labshare.http.actor import current_actor, current_person
from labshare.kernel.actor import Actor
from labshare.organisations.queries import get_firm
from labshare.web.errors import page
from labshare.web.filters import localized
from labshare.web.steps import message_with

Answer = tuple[str, int]


def not_ours(advice: str) -> Answer:
    """The same for what others have and for what nobody has."""
    return page(404, advice, title=_("No code of yours"))


def of_our_other_firm(opens: Callable[[Actor], bool]) -> Answer | None:
    """Whose it is, where the person works for another firm for which it opens."""
    person, acted_for = current_person(), current_actor().firm_id
    for firm_id in dict.fromkeys(firm for firm, _role in person.memberships) if person else ():
        if person and firm_id != acted_for and opens(person.actor(firm_id)):
            text = _(
                "This code is of %(firm)s, for which you work, too. Choose it under “Acting for” in the account menu, "
                "then scan again."
            )
            return page(404, message_with(text, firm=localized(get_firm(firm_id))), title=_("A code of another firm"))
    return None


def of_another_lab(instrument: Instrument) -> Answer:
    """A published one: whose it is is no secret."""
    text = _("This code is on “%(instrument)s” of %(lab)s. What it is and does stands on its public page.")
    return page(
        404,
        message_with(text, instrument=localized(instrument), lab=localized(instrument.lab)),
        title=_("An instrument of another lab"),
        way=(url_for("public.instrument", instrument_id=instrument.id), _("Public page")),
    )
