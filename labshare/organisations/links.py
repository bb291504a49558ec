"""What an affiliation says of bookings, as known at a moment (docs/rules.md, R-AFFILIATION). Pure.

A declaration relates the declaring firm and the one it names, and nothing else. At labs of the declaring firm it holds
for all its days, at labs of the other one for bookings made from its entry on, and for earlier ones once that firm
agrees or an officer confirms. What would touch published months waits for an officer and never reaches back until
then. Chains along `controls` run only over links that an officer entered or confirmed, or that both sides declared and
an officer has seen.
"""

from dataclasses import dataclass, fields, replace
from datetime import date, datetime

from labshare.organisations.terms import AffiliationKind, AffiliationState, ToDecide

ENDLESS = date(9999, 12, 31)


@dataclass(frozen=True, kw_only=True)
class Link:
    """A recorded affiliation with the moments at which something became known of it."""

    id: int
    firm: int
    other: int
    kind: str
    """`controls` runs from `firm` to `other`, the rest both ways."""
    valid_from: date
    valid_to: date | None
    recorded_at: datetime
    declared_by: int | None = None
    """The firm that declared it; None: an officer entered it."""
    declaration_waits: bool = False
    """It would have touched published months: it does not reach back until an officer confirms."""
    agreed_at: datetime | None = None
    agreement_waits: bool = False
    """The same of the other side's agreement."""
    objected_at: datetime | None = None
    seen_at: datetime | None = None
    """An officer has seen it and left it as declared."""
    confirmed_at: datetime | None = None
    end_asked_at: datetime | None = None
    ended_at: datetime | None = None
    """When the end was recorded."""
    ended_on: date | None = None
    voided_at: datetime | None = None
    held: bool = False
    """It decided entries before declarations were told apart: it holds as it did until an officer decides."""

    def known(self, at: datetime | None) -> "Link | None":
        """The link as it was known at `at` (None: now); None where it was not recorded yet, or voided already."""
        if at is None:
            return None if self.voided_at is not None else self
        if self.recorded_at > at or (self.voided_at is not None and self.voided_at <= at):
            return None
        later = {name: None for name in _MOMENTS if (moment := getattr(self, name)) is not None and moment > at}
        return replace(self, **later) if later else self  # type: ignore[arg-type]  # each of them may be None

    @property
    def last(self) -> date:
        """The last day on which it holds, included."""
        recorded = self.valid_to or ENDLESS
        return recorded if self.ended_at is None or self.ended_on is None else min(recorded, self.ended_on)

    def holds_on(self, day: date) -> bool:
        """Whether the day is one of its days."""
        return self.valid_from <= day <= self.last

    @property
    def certain(self) -> bool:
        """An officer entered or confirmed it, or it still holds as it did."""
        return self.confirmed_at is not None or (self.held and self.seen_at is None)

    @property
    def seen_by_all(self) -> bool:
        """Both sides declared it, and an officer has seen that; nothing of it waits."""
        return (
            self.agreed_at is not None
            and self.seen_at is not None
            and self.seen_at >= self.agreed_at
            and not self.declaration_waits
            and not self.agreement_waits
        )

    @property
    def chains(self) -> bool:
        """Chains along `controls` and common tops run over it."""
        return self.certain or self.seen_by_all

    def reaches_back(self, host: int) -> bool:
        """At labs of this firm it holds for all its days; else for bookings made from its entry on."""
        if self.certain:
            return True
        if self.declared_by == host:
            return not self.declaration_waits
        return self.agreed_at is not None and not self.agreement_waits

    @property
    def other_side(self) -> int | None:
        """The firm that a declaration names; None where an officer entered it."""
        if self.declared_by is None:
            return None
        return self.other if self.declared_by == self.firm else self.firm

    @property
    def objection_open(self) -> bool:
        """The other side objects, and neither it nor an officer has said anything since."""
        if self.objected_at is None:
            return False
        answers = (self.agreed_at, self.seen_at, self.confirmed_at, self.voided_at)
        return not any(answer is not None and answer > self.objected_at for answer in answers)

    @property
    def to_decide(self) -> tuple[ToDecide, ...]:
        """Why an officer has to decide; nothing: there is nothing to decide."""
        if self.voided_at is not None:
            return ()
        reasons = []
        if self.confirmed_at is None:
            if self.objection_open:
                reasons.append(ToDecide.OBJECTED)
            if self.seen_at is None:
                if self.held:
                    reasons.append(ToDecide.HELD)
                if self.declaration_waits or self.agreement_waits:
                    reasons.append(ToDecide.TOUCHES)
                elif self.kind == AffiliationKind.CONTROLS and self.agreed_at is not None:
                    reasons.append(ToDecide.CHAIN)
            elif self.agreement_waits and self.agreed_at is not None and self.agreed_at > self.seen_at:
                reasons.append(ToDecide.TOUCHES)
        if self.end_asked_at is not None:
            reasons.append(ToDecide.END_ASKED)
        return tuple(reasons)

    def state(self, today: date) -> AffiliationState:
        if self.voided_at is not None:
            return AffiliationState.VOIDED
        if self.last < today:
            return AffiliationState.ENDED
        if self.confirmed_at is not None:
            return AffiliationState.CONFIRMED
        if self.objection_open:
            return AffiliationState.OBJECTED
        if self.held and self.seen_at is None:
            return AffiliationState.HELD
        return AffiliationState.AGREED if self.agreed_at is not None else AffiliationState.WAITING


_MOMENTS = tuple(one.name for one in fields(Link) if one.name.endswith("_at") and one.name != "recorded_at")
