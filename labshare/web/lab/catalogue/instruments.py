"""Instruments and their calibration."""

from typing import Any

from flask import render_template, url_for
from flask_babel import gettext as _
from werkzeug.wrappers import Response

from labshare.booking.services import change_units
from labshare.catalogue import queries
from labshare.catalogue.models import Instrument
from labshare.catalogue.queries import own
from labshare.catalogue.queries.publishing import instrument_conditions
from labshare.catalogue.queries.single import get_calibration
from labshare.catalogue.rules.class_codes import class_name
from labshare.catalogue.rules.entries import MOST_UNITS
from labshare.catalogue.services import instruments
from labshare.catalogue.services.copies import copy_instrument
from labshare.http.actor import current_actor
from labshare.http.bench_labels import instrument_label as label_of
from labshare.http.limits import limited
from labshare.http.rights import OWN_FIRM, requires
from labshare.kernel.errors import NotFound, Problem
from labshare.kernel.formatting import twin
from labshare.kernel.time import local_day, utc_now
from labshare.organisations.permissions import may
from labshare.web.asked import asked_number, asked_page
from labshare.web.codes import Answer, not_ours, of_another_lab, of_our_other_firm
from labshare.web.filters import localized
from labshare.web.lab import blueprint
from labshare.web.lab.catalogue import common
from labshare.web.lab.catalogue.filters import narrowed
from labshare.web.lab.catalogue.forms import CalibrationForm, InstrumentForm, default_day
from labshare.web.steps import message_with, posted, pressed, problem_texts


@blueprint.get("/instruments", endpoint="instruments")
@requires("catalogue.see_drafts", of=OWN_FIRM)
def instruments_list() -> Any:
    firm_id, today = common.firm_id(), local_day(utc_now())
    (labs, lab_id, state), asked = narrowed(firm_id), asked_page()
    page = own.own_instruments(firm_id, today, lab_id=lab_id, state=state, limit=asked.size, offset=asked.offset)
    return render_template(
        "lab/catalogue/instruments.html",
        page=page,
        labs=labs,
        lab_id=lab_id,
        state_filter=state,
        today=today,
        soon=today + own.SOON,
        endings=own.endings(firm_id, today),
        may_change=common.may_change(),
    )


@blueprint.route("/instruments/new", methods=["GET", "POST"])
@requires("catalogue.change", of=OWN_FIRM)
def instrument_new() -> Any:
    firm_id = common.firm_id()
    labs = own.lab_choices(firm_id)
    form = InstrumentForm()
    form.lab.choices = [(lab.id, f"{lab.code} {twin(lab)}") for lab in labs]
    if not form.is_submitted() and (asked := asked_number("lab", 0)):
        form.lab.data = asked
    answer = posted(
        form,
        lambda: instruments.add_instrument(
            actor=current_actor(), now=utc_now(), lab_id=form.lab.data, details=form.details(), units=form.units.data
        ),
        lambda added: (
            message_with(_("%(name)s is there as a draft."), name=localized(added)),
            url_for("lab.instrument", instrument_id=added.id),
        ),
    )
    if isinstance(answer, Response):
        return answer
    return render_template("lab/catalogue/instrument_form.html", form=form, instrument=None, labs=labs), answer


@blueprint.get("/instruments/<int:instrument_id>")
@requires("catalogue.see_drafts", of=OWN_FIRM)
def instrument(instrument_id: int) -> Any:
    """Where its code leads, too."""
    try:
        return show_instrument(instrument_id)
    except NotFound:
        return _of_others(instrument_id)


def _of_others(instrument_id: int) -> Answer:
    found, actor = queries.find_instrument(instrument_id), current_actor()
    if found is not None:
        answer = of_our_other_firm(lambda other: may(other, "catalogue.see_drafts", firm=found.lab.firm_id))
        if answer or queries.draft_or_published(actor, found.lab, found.state):
            return answer or of_another_lab(found)
    return not_ours(_("No instrument that you may see has this code. The lab where it stands can say more."))


@blueprint.get("/instruments/<int:instrument_id>/label")
@requires("catalogue.see_drafts", of=OWN_FIRM)
@limited("export")
def instrument_label(instrument_id: int) -> Any:
    common.firm_id()
    shown = queries.instrument_page(current_actor(), instrument_id, local_day(utc_now()))
    common.mine(shown.instrument.lab)
    return label_of(shown.instrument, shown.calibrated_until)


def show_instrument(instrument_id: int, problem: Problem | None = None) -> Any:
    common.firm_id()
    today = local_day(utc_now())
    shown = queries.instrument_page(current_actor(), instrument_id, today)
    common.mine(shown.instrument.lab)
    return render_template(
        "lab/catalogue/instrument.html",
        shown=shown,
        instrument=shown.instrument,
        class_label=class_name(shown.instrument.class_code),
        today=today,
        soon=today + own.SOON,
        conditions=common.labelled(instrument_conditions(shown.instrument, today, shown.calibrated_until, known=True)),
        problems=problem_texts(problem),
        may_change=common.may_change(),
    ), (problem.status if problem else 200)


@blueprint.route("/instruments/<int:instrument_id>/edit", methods=["GET", "POST"])
@requires("catalogue.change", of=OWN_FIRM)
def instrument_edit(instrument_id: int) -> Any:
    found = common.my_instrument(instrument_id)
    form = InstrumentForm.of(found)

    def save() -> Instrument:
        who = {"actor": current_actor(), "now": utc_now(), "instrument_id": instrument_id}
        instruments.edit_instrument(**who, details=form.details())
        return change_units(**who, units=form.units.data)

    answer = posted(
        form,
        save,
        lambda saved: (
            message_with(_("Saved: %(name)s."), name=localized(saved)),
            url_for("lab.instrument", instrument_id=instrument_id),
        ),
    )
    if isinstance(answer, Response):
        return answer
    found = common.my_instrument(instrument_id)
    return render_template(
        "lab/catalogue/instrument_form.html", form=form, instrument=found, most_units=MOST_UNITS
    ), answer


@blueprint.post("/instruments/<int:instrument_id>/publish")
@requires("catalogue.change", of=OWN_FIRM)
def instrument_publish(instrument_id: int) -> Any:
    common.my_instrument(instrument_id)
    answer = pressed(
        lambda: instruments.publish_instrument(actor=current_actor(), now=utc_now(), instrument_id=instrument_id),
        lambda one: (
            message_with(_("%(name)s is published; anyone can find it."), name=localized(one)),
            url_for("lab.instrument", instrument_id=instrument_id),
        ),
    )
    return show_instrument(instrument_id, answer) if isinstance(answer, Problem) else answer


@blueprint.post("/instruments/<int:instrument_id>/withdraw")
@requires("catalogue.change", of=OWN_FIRM)
def instrument_withdraw(instrument_id: int) -> Any:
    common.my_instrument(instrument_id)
    answer = pressed(
        lambda: instruments.withdraw_instrument(actor=current_actor(), now=utc_now(), instrument_id=instrument_id),
        lambda one: (
            message_with(_("%(name)s is withdrawn; bookings that are made stay."), name=localized(one)),
            url_for("lab.instrument", instrument_id=instrument_id),
        ),
    )
    return show_instrument(instrument_id, answer) if isinstance(answer, Problem) else answer


@blueprint.post("/instruments/<int:instrument_id>/copy")
@requires("catalogue.change", of=OWN_FIRM)
def instrument_copy(instrument_id: int) -> Any:
    common.my_instrument(instrument_id)
    answer = pressed(
        lambda: copy_instrument(actor=current_actor(), now=utc_now(), instrument_id=instrument_id),
        lambda copy: (
            message_with(
                _("%(name)s is copied under the number %(number)s."), name=localized(copy), number=copy.inner_id
            ),
            url_for("lab.instrument_edit", instrument_id=copy.id),
        ),
    )
    return show_instrument(instrument_id, answer) if isinstance(answer, Problem) else answer


# ── Calibration ──────────────────────────────────────────────────────────


@blueprint.route("/instruments/<int:instrument_id>/calibrations/new", methods=["GET", "POST"])
@requires("catalogue.change", of=OWN_FIRM)
def calibration_new(instrument_id: int) -> Any:
    found = common.my_instrument(instrument_id)
    form = CalibrationForm()
    default_day(form, "valid_from", local_day(utc_now()))
    answer = posted(
        form,
        lambda: instruments.add_calibration(
            actor=current_actor(),
            now=utc_now(),
            instrument_id=instrument_id,
            certificate=form.certificate.data,
            issuer=form.issuer.data or "",
            valid_from=form.valid_from.data,
            valid_to=form.valid_to.data,
        ),
        lambda added: (
            _("Certificate %(number)s is added.", number=added.certificate),
            url_for("lab.instrument", instrument_id=instrument_id),
        ),
    )
    if isinstance(answer, Response):
        return answer
    found = common.my_instrument(instrument_id)
    return render_template("lab/catalogue/calibration_form.html", form=form, instrument=found), answer


@blueprint.post("/calibrations/<int:calibration_id>/remove")
@requires("catalogue.change", of=OWN_FIRM)
def calibration_remove(calibration_id: int) -> Any:
    instrument_id = get_calibration(calibration_id).instrument_id
    common.my_instrument(instrument_id)
    answer = pressed(
        lambda: instruments.remove_calibration(actor=current_actor(), now=utc_now(), calibration_id=calibration_id),
        lambda _none: (_("The certificate is taken back."), url_for("lab.instrument", instrument_id=instrument_id)),
    )
    return show_instrument(instrument_id, answer) if isinstance(answer, Problem) else answer
