"""The form of a fee: amounts, quantity steps, surcharges, the discounts that the lab may give. What is right is said by
the catalogue's rules."""

from typing import Any

from flask_babel import gettext as _
from flask_babel import lazy_gettext as _l

from labshare.catalogue.models import Fee
from labshare.catalogue.rules.fees import (
    MOST_NAME,
    Discount,
    Extras,
    Step,
    Surcharge,
    read_discounts,
    read_steps,
    read_surcharges,
)
from labshare.catalogue.terms import FeeBasis, SurchargeKind
from labshare.web.forms import (
    DayField,
    Form,
    Line,
    MoneyField,
    PercentField,
    SelectField,
    StringField,
    WholeNumberField,
    length,
    lines,
    optional,
    required,
)

STEPS, COMPONENTS, DISCOUNTS = 4, 6, 3
"""Rows of the form of a fee; empty ones are left out."""
SURCHARGES = (*SurchargeKind.single(), *(SurchargeKind.COMPONENT,) * COMPONENTS)
"""What each row of surcharges is for."""


class StepLine(Line):
    since = WholeNumberField(_l("From (samples)"), [optional()])
    amount_fen = MoneyField(_l("Fee, CNY"), [optional()])
    sme_amount_fen = MoneyField(_l("For SMEs, CNY"), [optional()])

    @property
    def filled(self) -> bool:
        return any(one.data is not None for one in self)


class SurchargeLine(Line):
    name = StringField(_l("Component"), [optional(), length(MOST_NAME)])
    name_en = StringField(_l("Component in English"), [optional(), length(MOST_NAME)])
    amount_fen = MoneyField(_l("Fixed, CNY"), [optional()])
    percent = PercentField(_l("or % of the product"), [optional()])
    days = WholeNumberField(_l("Report within (days)"), [optional()])

    @property
    def filled(self) -> bool:
        return any(one.data not in (None, "") for one in self)


class DiscountLine(Line):
    since = WholeNumberField(_l("From (samples)"), [optional()])
    percent = PercentField(_l("At most (% off)"), [optional()])

    @property
    def filled(self) -> bool:
        return any(one.data is not None for one in self)


class FeeForm(Form):
    basis = SelectField(_l("Charged by"), choices=FeeBasis.choices())
    amount_fen = MoneyField(_l("Fee, CNY"), [required()], description=_l("Tax included."))
    minimum_fen = MoneyField(_l("Minimum charge, CNY"), [required()], default=0)
    sme_amount_fen = MoneyField(
        _l("Fee for SMEs, CNY"), [optional()], description=_l("Medium, small and micro firms, as last confirmed.")
    )
    steps = lines(StepLine, STEPS)
    surcharges = lines(SurchargeLine, len(SURCHARGES))
    discounts = lines(DiscountLine, DISCOUNTS)

    def validate(self, extra_validators: Any = None) -> bool:
        """Every row begun is whole."""
        fine: bool = super().validate(extra_validators)
        for name, needed in (("steps", ("since", "amount_fen")), ("discounts", ("since", "percent"))):
            for row in self._rows(name):
                for one in (row[each] for each in needed):
                    if one.data is None and not one.errors:
                        one.errors = [_("Fill this in.")]
                        fine = False
        for kind, row in zip(SURCHARGES, self.surcharges, strict=True):
            component = row.form
            if kind == SurchargeKind.COMPONENT and component.filled and not component.name.data:
                component.name.errors = [_("Fill this in.")]
                fine = False
        return fine

    def _rows(self, name: str) -> list[Any]:
        return [entry.form for entry in self[name] if entry.form.filled]

    def extras(self) -> Extras:
        """What was filled in beside the amount and the minimum."""
        return Extras(
            sme_amount_fen=self.sme_amount_fen.data,
            steps=tuple(
                Step(row.since.data, row.amount_fen.data, row.sme_amount_fen.data) for row in self._rows("steps")
            ),
            surcharges=tuple(
                Surcharge(
                    code=str(kind) if kind in SurchargeKind.single() else f"{kind}-{place}",
                    kind=kind,
                    amount_fen=row.amount_fen.data,
                    percent=row.percent.data,
                    days=row.days.data if kind == SurchargeKind.RUSH else None,
                    name=row.name.data or "",
                    name_en=row.name_en.data or "",
                )
                for place, kind, row in self._surcharges()
            ),
            discounts=tuple(Discount(row.since.data, row.percent.data) for row in self._rows("discounts")),
        )

    def _surcharges(self) -> list[tuple[int, SurchargeKind, Any]]:
        """The rows filled in: a component's number among the components, what for, the row."""
        rows = zip(SURCHARGES, self.surcharges, strict=True)
        first = len(SurchargeKind.single()) - 1
        return [(n - first, kind, entry.form) for n, (kind, entry) in enumerate(rows) if entry.form.filled]

    def places(self) -> dict[str, str]:
        """Where the problems of the rows are shown."""
        rows = {name: self._rows(name) for name in ("steps", "discounts")}
        rows["surcharges"] = [row for _place, _kind, row in self._surcharges()]
        return {
            f"{name}-{place}-{field.short_name}": field.name
            for name, given in rows.items()
            for place, row in enumerate(given)
            for field in row
        }

    @staticmethod
    def of(fee: Fee) -> dict[str, Any]:
        """A fee's values as the form shows them."""
        surcharges: list[dict[str, Any]] = [{} for _kind in SURCHARGES]
        components = len(SurchargeKind.single())
        for one in read_surcharges(fee.surcharges):
            single = one.kind in SurchargeKind.single()
            place = SURCHARGES.index(one.kind) if single else components
            components += not single
            surcharges[place] = one._asdict()
        return {
            "basis": fee.basis,
            "amount_fen": fee.amount_fen,
            "minimum_fen": fee.minimum_fen,
            "sme_amount_fen": fee.sme_amount_fen,
            "steps": [one._asdict() for one in read_steps(fee.steps)],
            "surcharges": surcharges,
            "discounts": [one._asdict() for one in read_discounts(fee.discounts)],
        }


class NewFeeForm(FeeForm):
    valid_from = DayField(
        _l("Valid from"), [required()], description=_l("The open-ended fee before it ends the day before.")
    )
    valid_to = DayField(_l("Valid to, included"), [optional()], description=_l("Empty: until further notice."))


class EndFeeForm(Form):
    valid_to = DayField(_l("Last day"), [required()])
