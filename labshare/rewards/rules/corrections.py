"""What a finished window would have come to by what is known now, less what was approved (R-REWARD-24, R-REWARD-25)."""

from collections.abc import Mapping
from dataclasses import dataclass

from labshare.kernel.formatting import plain_money
from labshare.kernel.money import ZERO, Fen, total
from labshare.rewards.errors import ABOVE_SHARED, AboveBudget, AboveCap, AboveLabCap
from labshare.rewards.policy import Policy
from labshare.rewards.rules.caps import cap_budget, cap_shared, held_together
from labshare.rewards.rules.payable import room
from labshare.rewards.rules.proportion import results
from labshare.rewards.terms import Cap


@dataclass(frozen=True, kw_only=True)
class Position:
    """What a lab had of a window by its last approved run, and what was corrected of that since. Fen."""

    firm: str
    paid: Fen = ZERO
    """Payable of the window's approved months."""
    opening: Fen = ZERO
    carried: Fen = ZERO
    """Recoverable at its end: the opening of the next window holds it."""
    corrected: Fen = ZERO
    """Corrections of it that were agreed since; above 0: more is recovered."""
    answered: Fen = ZERO
    """What of the system's proposals officers took up, to this amount or another."""

    @property
    def approved(self) -> Fen:
        """What was approved for the lab, with what of the system's proposals was taken up."""
        return Fen(self.paid - self.carried - self.answered)

    @property
    def had(self) -> Fen:
        """What the lab has of the window, once everything carried and corrected is settled."""
        return Fen(self.paid - self.carried - self.corrected)

    @property
    def had_of_its_own(self) -> Fen:
        """The same without what an opening in the lab's favour paid on top: that is another window's."""
        return Fen(self.had + min(0, self.opening))


def difference(position: Position, *, payable_fen: Fen, recoverable_fen: Fen) -> Fen:
    """The correction that brings a lab to what the window comes to now: above 0 there is more to recover. `payable_fen`
    and `recoverable_fen` are what a run of its last month would say with everything paid that was paid."""
    return Fen(recoverable_fen - payable_fen - position.carried - position.answered)


def within_caps(policy: Policy, positions: Mapping[str, Position], differences: Mapping[str, Fen]) -> dict[str, Fen]:
    """The differences, by lab, those in a lab's favour reduced as steps 5 and 6 reduce to what the window's caps leave;
    what is not agreed yet leaves nothing to others."""
    lifts = {
        code: _at_most(Fen(-fen), left=room(policy.caps[Cap.LAB], [positions[code].had_of_its_own]))
        for code, fen in differences.items()
        if fen < 0
    }
    for cap, together in Cap.shared().items():
        for codes in held_together(together, positions):
            theirs = {code: lifts[code] for code in codes if code in lifts}
            left = room(policy.caps[cap], [positions[code].had for code in codes])
            lifts |= results(cap_shared(left, theirs), theirs)
    everybody = [position.had for position in positions.values()]
    lifts = results(cap_budget(room(policy.budget_year_fen, everybody), lifts), lifts)
    return {code: Fen(-lifts[code]) if code in lifts else fen for code, fen in differences.items()}


def exceeded(policy: Policy, positions: Mapping[str, Position], code: str, fen: Fen) -> AboveCap | None:
    """The first cap of the window that this correction would lift the lab, those held together with it, or all labs
    above."""
    own = positions[code]
    limits: tuple[tuple[type[AboveCap], Fen | None, Fen], ...] = (
        (AboveLabCap, policy.caps[Cap.LAB], own.had_of_its_own),
        *(
            (ABOVE_SHARED[cap], policy.caps[cap], total(positions[one].had for one in codes))
            for cap, together in Cap.shared().items()
            for codes in held_together(together, positions)
            if code in codes
        ),
        (AboveBudget, policy.budget_year_fen, total(position.had for position in positions.values())),
    )
    return next(
        (
            above(limit=plain_money(limit), had=plain_money(had), left=plain_money(Fen(max(0, limit - had))))
            for above, limit, had in limits
            if fen < 0 and limit is not None and had - fen > limit
        ),
        None,
    )


def _at_most(fen: Fen, *, left: Fen | None) -> Fen:
    return fen if left is None else min(fen, left)
