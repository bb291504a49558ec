"""Reward policies: the list, one policy, the form over a policy's JSON, publishing and ending.

Rates and coefficients are typed as decimals (0.10 is 10 %), money in yuan; both reach the policy exactly as typed.
"""

from typing import Any

from flask import render_template, request, url_for
from flask_babel import gettext as _
from flask_babel import lazy_gettext as _l
from werkzeug.wrappers import Response

from labshare.accounts.queries import names_of
from labshare.http.actor import current_actor
from labshare.http.rights import OWN_DIVISION, proves, requires
from labshare.kernel.errors import NotFound
from labshare.kernel.formatting import month as month_text
from labshare.kernel.months import Month
from labshare.kernel.time import utc_now
from labshare.organisations.permissions import may, may_anywhere
from labshare.organisations.terms import SizeClass
from labshare.rewards import services
from labshare.rewards.models import Policy
from labshare.rewards.queries import pages
from labshare.rewards.queries.runs import edits_of, get_policy, rules_of
from labshare.rewards.terms import BandKind, Cap, Grade, PolicyState, RewardUnit, Tax
from labshare.web.asked import own_division
from labshare.web.forms import (
    BooleanField,
    Form,
    Line,
    MoneyField,
    MonthField,
    MultipleField,
    RadioField,
    RateField,
    SelectField,
    StringField,
    WholeNumberField,
    length,
    lines,
    optional,
    required,
    show_problem,
)
from labshare.web.regulator import blueprint
from labshare.web.steps import posted, pressed

BANDS = 6
"""Rows for bands in the form; empty ones are left out."""


class BandLine(Line):
    from_fen = MoneyField(_l("From (CNY)"), [optional()])
    rate = RateField(_l("Rate (0.10 means a tenth)"), [optional()])

    @property
    def filled(self) -> bool:
        return self.from_fen.data is not None or self.rate.data is not None


class PolicyForm(Form):
    name = StringField(_l("Name"), [required(), length(200)])
    legal_basis = StringField(_l("Legal basis"), [required(), length(500)])
    division = StringField(
        _l("Applies to labs in"), [required(), length(12)], description=_l("Code of the division, such as 330624.")
    )
    effective_from = MonthField(_l("Effective from"), [required()])
    effective_to = MonthField(_l("Effective to"), [optional()], description=_l("Last month, included."))
    tax = RadioField(_l("Amounts of the ledger"), [required()], choices=Tax.choices())
    any_size = BooleanField(_l("Clients of any size, also those without a size class"))
    sizes = MultipleField(_l("Client sizes"), choices=SizeClass.choices())
    divisions = StringField(
        _l("Client divisions"),
        [optional(), length(200)],
        description=_l("Codes with a blank between them; empty: clients from anywhere."),
    )
    exclude_related = BooleanField(_l("Exclude related firms"))
    exclude_statutory = BooleanField(_l("Exclude statutory tests"))
    min_original_value_fen = MoneyField(_l("Minimum original value of the instrument (CNY)"), [required()])
    unit = SelectField(_l("Bands and threshold apply"), [required()], choices=RewardUnit.choices())
    threshold_fen = MoneyField(_l("Threshold (CNY)"), [required()], description=_l("Below it: nothing."))
    kind = RadioField(_l("Bands"), [required()], choices=BandKind.choices())
    bands = lines(BandLine, BANDS)
    budget_year_fen = MoneyField(_l("Budget of the year (CNY)"), [optional()])
    publicity_working_days = WholeNumberField(_l("Public notice, working days"), [required()], least=0, most=60)

    def document(self) -> dict[str, Any]:
        """A policy's JSON of what was typed."""
        return {
            "name": self.name.data,
            "legal_basis": self.legal_basis.data,
            "division": self.division.data,
            "effective_from": str(self.effective_from.data),
            "effective_to": str(self.effective_to.data) if self.effective_to.data else None,
            "tax": self.tax.data,
            "clients": {
                "sizes": None
                if self.any_size.data
                else [size for size in SizeClass if size in (self.sizes.data or [])],
                "divisions": (self.divisions.data or "").split() or None,
                "exclude_related": bool(self.exclude_related.data),
            },
            "instruments": {"min_original_value_fen": self.min_original_value_fen.data},
            "exclude_statutory": bool(self.exclude_statutory.data),
            "unit": self.unit.data,
            "threshold_fen": self.threshold_fen.data,
            "bands": {
                "kind": self.kind.data,
                "steps": [{"from_fen": band.from_fen.data, "rate": band.rate.data} for band in self.steps()],
            },
            "grades": {grade: self[f"grade_{grade}"].data for grade in Grade},
            "caps": {cap: self[cap].data for cap in Cap},
            "budget_year_fen": self.budget_year_fen.data,
            "publicity_working_days": self.publicity_working_days.data,
        }

    def steps(self) -> list[BandLine]:
        """The bands that were filled in."""
        return [entry.form for entry in self.bands if entry.form.filled]

    def places(self) -> dict[str, str]:
        """Where the problems of the document's fields are shown."""
        found = {
            "clients.sizes": "sizes",
            "clients.divisions": "divisions",
            "instruments.min_original_value_fen": "min_original_value_fen",
            "bands.kind": "kind",
            "bands.steps": self.bands[0].from_fen.name,
            **{f"grades.{grade}": f"grade_{grade}" for grade in Grade},
            **{f"caps.{cap}": cap for cap in Cap},
        }
        for place, band in enumerate(self.steps()):
            found[f"bands.steps.{place}.from_fen"] = band.from_fen.name
            found[f"bands.steps.{place}.rate"] = band.rate.name
        return found


for _grade in Grade:
    setattr(PolicyForm, f"grade_{_grade}", RateField(_grade.label, [required()]))
for _cap in Cap:
    setattr(PolicyForm, _cap, MoneyField(_cap.label, [optional()]))


class EndForm(Form):
    effective_to = MonthField(_l("Last month"), [required()])


def _filled(policy: Policy | None, division: str = "") -> PolicyForm:
    """The form of a policy; of none: the usual terms in this division."""
    document = policy.document if policy is not None else {**USUAL, "division": division}
    steps = document["bands"]["steps"]
    last = document["effective_to"]
    values: dict[str, Any] = {
        **{
            name: document[name]
            for name in (
                "name",
                "legal_basis",
                "division",
                "tax",
                "exclude_statutory",
                "unit",
                "threshold_fen",
                "budget_year_fen",
                "publicity_working_days",
            )
        },
        "effective_from": Month.parse(document["effective_from"]) if document["effective_from"] else None,
        "effective_to": Month.parse(last) if last else None,
        "any_size": document["clients"]["sizes"] is None,
        "sizes": document["clients"]["sizes"] or [],
        "divisions": " ".join(document["clients"]["divisions"] or []),
        "exclude_related": document["clients"]["exclude_related"],
        "min_original_value_fen": document["instruments"]["min_original_value_fen"],
        "kind": document["bands"]["kind"],
        **document["caps"],
        **{f"grade_{grade}": document["grades"][grade] for grade in Grade},
        "bands": [{"from_fen": step["from_fen"], "rate": step["rate"]} for step in steps[:BANDS]],
    }
    return PolicyForm(formdata=None, **values)


USUAL: dict[str, Any] = {
    "name": "",
    "legal_basis": "",
    "effective_from": None,
    "effective_to": None,
    "tax": Tax.INCLUDED,
    "clients": {"sizes": list(SizeClass.smes()), "divisions": None, "exclude_related": True},
    "instruments": {"min_original_value_fen": 0},
    "exclude_statutory": True,
    "unit": RewardUnit.LAB,
    "threshold_fen": 0,
    "bands": {"kind": BandKind.MARGINAL, "steps": [{"from_fen": 0, "rate": "0.10"}]},
    "grades": {
        Grade.EXCELLENT: "1.2",
        Grade.GOOD: "1.0",
        Grade.QUALIFIED: "0.8",
        Grade.UNQUALIFIED: "0",
        Grade.UNGRADED: "1.0",
    },
    "caps": dict.fromkeys(Cap),
    "budget_year_fen": None,
    "publicity_working_days": 5,
}
"""What a new policy's form begins with."""


@blueprint.get("/policies")
@requires("policy.see", of=OWN_DIVISION)
def policies() -> Any:
    """All policies, drafts too."""
    actor = current_actor()
    return render_template(
        "regulator/policies/list.html",
        policies=pages.all_policies(actor),
        drafts=may_anywhere(actor, "policy.draft"),
        present=str(Month.at(utc_now())),
    )


@blueprint.get("/policies/<int:policy_id>")
@requires("policy.see", of=OWN_DIVISION)
def policy(policy_id: int) -> Any:
    """One policy, in words."""
    return _policy_page(policy_id)


def _policy_page(policy_id: int, form: EndForm | None = None, above: Form | None = None, *, status: int = 200) -> Any:
    actor = current_actor()
    found = get_policy(current_actor(), policy_id)
    edits = edits_of(policy_id)
    html = render_template(
        "regulator/policies/policy.html",
        policy=found,
        rules=rules_of(found),
        caps=tuple(Cap),
        edits=edits,
        edited_it=actor.person_id in {found.created_by, *(one.edited_by for one in edits)},
        names=names_of((found.created_by, found.published_by, *(one.edited_by for one in edits))),
        may_draft=may(actor, "policy.draft", division=found.division),
        may_publish=may(actor, "policy.publish", division=found.division),
        form=form or EndForm(formdata=None),
        above=above,
        present=str(Month.at(utc_now())),
    )
    return html, status


@blueprint.get("/policies/new")
@requires("policy.draft", of=OWN_DIVISION)
def policy_new() -> Any:
    return _form_page(_filled(None, own_division(current_actor(), "policy.draft")), None)


@blueprint.get("/policies/<int:policy_id>/edit")
@requires("policy.draft", of=OWN_DIVISION)
def policy_edit(policy_id: int) -> Any:
    found = get_policy(current_actor(), policy_id)
    if found.state != PolicyState.DRAFT:
        raise NotFound
    return _form_page(_filled(found), policy_id)


def _form_page(form: PolicyForm, policy_id: int | None, *, status: int = 200) -> Any:
    html = render_template(
        "regulator/policies/form.html", form=form, policy_id=policy_id, grades=tuple(Grade), caps=tuple(Cap)
    )
    return html, status


@blueprint.post("/policies/new")
@requires("policy.draft", of=OWN_DIVISION, verb="policy.draft")
def policy_create() -> Any:
    return _save(None)


@blueprint.post("/policies/<int:policy_id>/edit")
@requires("policy.draft", of=OWN_DIVISION, verb="policy.draft")
def policy_change(policy_id: int) -> Any:
    return _save(policy_id)


def _save(policy_id: int | None) -> Any:
    form = PolicyForm()
    answer = posted(
        form,
        lambda: services.draft_policy(
            actor=current_actor(), now=utc_now(), document=form.document(), policy_id=policy_id
        ),
        lambda saved: (
            _("The draft is saved; an approver publishes it."),
            url_for("regulator.policy", policy_id=saved.id),
        ),
        **form.places(),
    )
    return answer if isinstance(answer, Response) else _form_page(form, policy_id, status=answer)


@blueprint.post("/policies/<int:policy_id>/publish")
@requires("policy.publish", of=OWN_DIVISION, verb="policy.publish")
@proves(_l("Publish the policy"))
def policy_publish(policy_id: int) -> Any:
    """From here on it governs, and never changes."""
    answer = pressed(
        lambda: services.publish_policy(
            actor=current_actor(), now=utc_now(), policy_id=policy_id, seen=request.form.get("seen", "")
        ),
        lambda _published: (_("The policy is published."), url_for("regulator.policy", policy_id=policy_id)),
    )
    if isinstance(answer, Response):
        return answer
    above = Form(formdata=None)
    return _policy_page(policy_id, above=above, status=show_problem(above, answer))


@blueprint.post("/policies/<int:policy_id>/end")
@requires("policy.publish", of=OWN_DIVISION, verb="policy.end")
def policy_end(policy_id: int) -> Any:
    """Give a published policy its last month."""
    form = EndForm()
    answer = posted(
        form,
        lambda: services.end_policy(
            actor=current_actor(), now=utc_now(), policy_id=policy_id, effective_to=form.effective_to.data
        ),
        lambda _ended: (
            _("The policy ends with %(month)s.", month=month_text(form.effective_to.data)),
            url_for("regulator.policy", policy_id=policy_id),
        ),
    )
    return answer if isinstance(answer, Response) else _policy_page(policy_id, form, status=answer)
