"""The firm's labs: list, one lab, its form, its accreditations."""

from typing import Any

from flask import render_template, request, url_for
from flask_babel import gettext as _
from flask_babel import lazy_gettext as _l
from flask_login import current_user
from markupsafe import Markup
from werkzeug.wrappers import Response

from labshare.catalogue import queries
from labshare.catalogue.queries import own
from labshare.catalogue.queries.applications import last_application, open_lab_facts
from labshare.catalogue.queries.publishing import lab_conditions
from labshare.catalogue.rules.publishing import open_lab_conditions
from labshare.catalogue.services import accreditations, applications, labs
from labshare.http.actor import current_actor
from labshare.http.rights import OWN_FIRM, requires
from labshare.kernel.errors import Problem
from labshare.kernel.time import local_day, utc_now
from labshare.organisations.models import Firm
from labshare.organisations.queries import get_firm
from labshare.settlement.queries.photos import photos_of
from labshare.web.filters import localized
from labshare.web.forms import Form, StringField, length, optional
from labshare.web.lab import blueprint
from labshare.web.lab.catalogue import common
from labshare.web.lab.catalogue.forms import AccreditationForm, LabForm
from labshare.web.public.maps import towns_map
from labshare.web.steps import message_with, posted, pressed, problem_texts


@blueprint.get("/labs", endpoint="labs")
@requires("catalogue.see_drafts", of=OWN_FIRM)
def labs_list() -> Any:
    firm_id, today = common.firm_id(), local_day(utc_now())
    return render_template(
        "lab/catalogue/labs.html",
        labs=own.own_labs(firm_id, today),
        endings=own.endings(firm_id, today),
        may_change=common.may_change(),
    )


@blueprint.route("/labs/new", methods=["GET", "POST"])
@requires("catalogue.change", of=OWN_FIRM)
def lab_new() -> Any:
    firm_id = common.firm_id()
    form = LabForm()
    answer = posted(
        form,
        lambda: labs.create_lab(actor=current_actor(), now=utc_now(), firm_id=firm_id, details=form.details()),
        lambda lab: (
            message_with(
                _("%(name)s is there as a draft, code %(code)s. Others see it once it is published."),
                name=localized(lab),
                code=lab.code,
            ),
            url_for("lab.lab", lab_id=lab.id),
        ),
    )
    if isinstance(answer, Response):
        return answer
    if request.method == "GET":
        _fill_in(form, get_firm(firm_id))
    return render_template("lab/catalogue/lab_form.html", form=form, lab=None, map=towns_map()), answer


def _fill_in(form: LabForm, firm: Firm) -> None:
    """What the firm has said of itself need not be said again."""
    form.town.data = firm.town or form.town.data
    form.address.data, form.phone.data = firm.address, firm.phone
    form.contact.data, form.email.data = current_user.account.name, current_user.account.email


@blueprint.get("/labs/<int:lab_id>")
@requires("catalogue.see_drafts", of=OWN_FIRM)
def lab(lab_id: int) -> Any:
    return show_lab(lab_id)


class ApplyForm(Form):
    remark = StringField(_l("Remark"), [optional(), length(300)], description=_l("Seen by the officer."))


def show_lab(lab_id: int, problem: Problem | None = None, apply_form: ApplyForm | None = None) -> Any:
    common.firm_id()
    today = local_day(utc_now())
    shown = queries.lab_page(current_actor(), lab_id, today)
    common.mine(shown.lab)
    return render_template(
        "lab/catalogue/lab.html",
        shown=shown,
        lab=shown.lab,
        today=today,
        conditions=common.labelled(lab_conditions(shown.lab)),
        problems=problem_texts(problem),
        photos=photos_of(lab_id),
        application=last_application(lab_id),
        asked=[] if shown.admitted else common.labelled(open_lab_conditions(open_lab_facts(shown.lab, today))),
        apply_form=apply_form or ApplyForm(formdata=None),
        may_change=common.may_change(),
    ), (problem.status if problem else 200)


@blueprint.route("/labs/<int:lab_id>/edit", methods=["GET", "POST"])
@requires("catalogue.change", of=OWN_FIRM)
def lab_edit(lab_id: int) -> Any:
    lab = common.my_lab(lab_id)
    form = LabForm(obj=lab)
    answer = posted(
        form,
        lambda: labs.edit_lab(actor=current_actor(), now=utc_now(), lab_id=lab_id, details=form.details()),
        lambda changed: (
            message_with(_("Saved: %(name)s."), name=localized(changed)),
            url_for("lab.lab", lab_id=lab_id),
        ),
    )
    if isinstance(answer, Response):
        return answer
    return render_template("lab/catalogue/lab_form.html", form=form, lab=common.my_lab(lab_id), map=towns_map()), answer


@blueprint.post("/labs/<int:lab_id>/publish")
@requires("catalogue.change", of=OWN_FIRM)
def lab_publish(lab_id: int) -> Any:
    common.my_lab(lab_id)
    answer = pressed(
        lambda: labs.publish_lab(actor=current_actor(), now=utc_now(), lab_id=lab_id),
        lambda lab: (
            message_with(_("%(name)s is published; anyone can find it."), name=localized(lab)),
            url_for("lab.lab", lab_id=lab_id),
        ),
    )
    return show_lab(lab_id, answer) if isinstance(answer, Problem) else answer


@blueprint.post("/labs/<int:lab_id>/withdraw")
@requires("catalogue.change", of=OWN_FIRM)
def lab_withdraw(lab_id: int) -> Any:
    common.my_lab(lab_id)
    answer = pressed(
        lambda: labs.withdraw_lab(actor=current_actor(), now=utc_now(), lab_id=lab_id),
        lambda lab: (
            message_with(_("%(name)s is withdrawn; bookings that are made stay."), name=localized(lab)),
            url_for("lab.lab", lab_id=lab_id),
        ),
    )
    return show_lab(lab_id, answer) if isinstance(answer, Problem) else answer


@blueprint.post("/labs/<int:lab_id>/apply")
@requires("catalogue.change", of=OWN_FIRM)
def lab_apply(lab_id: int) -> Any:
    common.my_lab(lab_id)
    form = ApplyForm()
    answer = posted(
        form,
        lambda: applications.apply(actor=current_actor(), now=utc_now(), lab_id=lab_id, remark=form.remark.data or ""),
        lambda _made: (_("The application is sent; an officer decides."), url_for("lab.lab", lab_id=lab_id)),
    )
    if isinstance(answer, Response):
        return answer
    page, _status = show_lab(lab_id, apply_form=form)
    return page, answer


@blueprint.post("/labs/<int:lab_id>/withdraw-application")
@requires("catalogue.change", of=OWN_FIRM)
def lab_withdraw_application(lab_id: int) -> Any:
    common.my_lab(lab_id)
    answer = pressed(
        lambda: applications.withdraw_application(actor=current_actor(), now=utc_now(), lab_id=lab_id),
        lambda _made: (_("The application is withdrawn."), url_for("lab.lab", lab_id=lab_id)),
    )
    return show_lab(lab_id, answer) if isinstance(answer, Problem) else answer


# ── Accreditations ───────────────────────────────────────────────────────


@blueprint.route("/labs/<int:lab_id>/accreditations/new", methods=["GET", "POST"])
@requires("catalogue.change", of=OWN_FIRM)
def accreditation_new(lab_id: int) -> Any:
    lab = common.my_lab(lab_id)
    form = AccreditationForm()
    answer = posted(
        form,
        lambda: accreditations.add_accreditation(
            actor=current_actor(),
            now=utc_now(),
            lab_id=lab_id,
            kind=form.kind.data,
            number=form.number.data,
            valid_from=form.valid_from.data,
            valid_to=form.valid_to.data,
        ),
        lambda added: (
            _("%(kind)s %(number)s is added. Now say which tests it covers.", kind=added.kind, number=added.number),
            url_for("lab.accreditation", accreditation_id=added.id),
        ),
    )
    if isinstance(answer, Response):
        return answer
    return render_template("lab/catalogue/accreditation.html", form=form, lab=lab, accreditation=None), answer


@blueprint.route("/accreditations/<int:accreditation_id>", methods=["GET", "POST"])
@requires("catalogue.change", of=OWN_FIRM)
def accreditation(accreditation_id: int) -> Any:
    found = common.my_accreditation(accreditation_id)
    form = AccreditationForm(obj=found)
    scope, covered = own.scope_to_choose(found)
    form.scope.choices = [
        (f"{item.id}-{standard.id}", Markup("{} · {}").format(localized(item), standard.number))
        for item, standard in scope
    ]
    if not form.is_submitted():
        form.scope.data = [f"{item_id}-{standard_id}" for item_id, standard_id in covered]

    def save() -> Any:
        who = {"actor": current_actor(), "now": utc_now(), "accreditation_id": accreditation_id}
        accreditations.edit_accreditation(
            **who,
            kind=form.kind.data,
            number=form.number.data,
            valid_from=form.valid_from.data,
            valid_to=form.valid_to.data,
        )
        return accreditations.set_scope(**who, scope=form.scope_pairs())

    answer = posted(
        form,
        save,
        lambda saved: (
            _("Saved: %(kind)s %(number)s.", kind=saved.kind, number=saved.number),
            url_for("lab.lab", lab_id=saved.lab_id),
        ),
    )
    if isinstance(answer, Response):
        return answer
    found = common.my_accreditation(accreditation_id)
    return render_template("lab/catalogue/accreditation.html", form=form, lab=found.lab, accreditation=found), answer
