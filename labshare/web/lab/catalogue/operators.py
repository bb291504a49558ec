"""Who may work an instrument."""

from typing import Any

from flask import render_template, url_for
from flask_babel import gettext as _
from flask_babel import lazy_gettext as _l
from werkzeug.wrappers import Response

from labshare.catalogue.queries.authorisations import authorisations_of, get_authorisation, roles_at_bench
from labshare.catalogue.rules.authorising import may_record
from labshare.catalogue.services.authorisations import PAPER_LENGTH, authorise, withdraw_authorisation
from labshare.http.actor import current_actor
from labshare.http.rights import OWN_FIRM, requires
from labshare.kernel.time import local_day, utc_now
from labshare.organisations.queries import workers_of
from labshare.web.forms import DayField, Form, SelectField, StringField, length, named_choice, required
from labshare.web.lab import blueprint
from labshare.web.lab.catalogue import common
from labshare.web.lab.catalogue.forms import default_day
from labshare.web.steps import carry_out, posted


class AuthorisationForm(Form):
    person_id = SelectField(_l("Person"), [required()], coerce=int, choices=[], validate_choice=False)
    paper = StringField(
        _l("What it rests on"),
        [required(), length(PAPER_LENGTH)],
        description=_l("The number of a certificate, of a record of training."),
    )
    valid_from = DayField(_l("Authorised from"), [required()])
    valid_to = DayField(_l("Until, included"), [required()])


def people_to_authorise(firm_id: int) -> list[Any]:
    """Those whom the actor may authorise, as choices."""
    me, workers = current_actor().person_id, workers_of(firm_id)
    roles = {one.person_id: one.role for one in workers}
    return [
        named_choice(one.person_id, one.person.name)
        for one in workers
        if may_record(recorder=me, person=one.person_id, roles=roles)
    ]


@blueprint.route("/instruments/<int:instrument_id>/operators", methods=["GET", "POST"])
@requires("catalogue.change", of=OWN_FIRM)
def operators(instrument_id: int) -> Any:
    """Those authorised, and one more."""
    instrument, form, actor = common.my_instrument(instrument_id), AuthorisationForm(), current_actor()
    form.person_id.choices = people_to_authorise(instrument.lab.firm_id)
    roles = roles_at_bench(instrument.lab.firm_id)
    today = local_day(utc_now())
    default_day(form, "valid_from", today)
    answer = posted(
        form,
        lambda: authorise(
            actor=actor,
            now=utc_now(),
            instrument_id=instrument_id,
            person_id=form.person_id.data,
            paper=form.paper.data or "",
            valid_from=form.valid_from.data,
            valid_to=form.valid_to.data,
        ),
        lambda _made: (_("Authorised."), url_for("lab.operators", instrument_id=instrument_id)),
    )
    if isinstance(answer, Response):
        return answer
    return (
        render_template(
            "lab/catalogue/operators.html",
            form=form,
            instrument=instrument,
            authorisations=authorisations_of(instrument_id),
            today=today,
            may_record=lambda person_id: may_record(recorder=actor.person_id, person=person_id, roles=roles),
        ),
        answer,
    )


@blueprint.post("/authorisations/<int:authorisation_id>/withdraw")
@requires("catalogue.change", of=OWN_FIRM)
def authorisation_withdraw(authorisation_id: int) -> Any:
    instrument_id = get_authorisation(authorisation_id).instrument_id
    common.my_instrument(instrument_id)
    return carry_out(
        lambda: withdraw_authorisation(actor=current_actor(), now=utc_now(), authorisation_id=authorisation_id),
        lambda _found: (_("The authorisation is withdrawn."), url_for("lab.operators", instrument_id=instrument_id)),
    )
