"""Step 3: what the bands give on C, times the grade's coefficient, rounded half up to fen: here and nowhere else."""

from collections.abc import Iterable
from dataclasses import dataclass
from fractions import Fraction

from labshare.kernel.money import Fen, round_half_up
from labshare.rewards.policy import Policy, Step
from labshare.rewards.rules.facts import Lab
from labshare.rewards.terms import BandKind, Grade, RewardUnit


@dataclass(frozen=True, kw_only=True)
class Part:
    """The part of C that one band's rate applies to."""

    from_fen: Fen
    fen: Fen
    rate: Fraction


@dataclass(frozen=True, kw_only=True)
class Base:
    """Step 3 of one unit: `result` = round half up (sum of parts × rates × coefficient)."""

    counted_fen: Fen
    below_threshold: bool
    parts: tuple[Part, ...]
    grade: str
    coefficient: Fraction
    result: Fen

    @property
    def exact(self) -> Fraction:
        return product(self.parts)


def below_threshold(*, threshold_fen: Fen, counted_fen: Fen) -> bool:
    """C below the threshold earns nothing; C equal to it earns on everything."""
    return counted_fen < threshold_fen


def marginal(steps: tuple[Step, ...], counted_fen: Fen) -> tuple[Part, ...]:
    """Each rate on the part of C between its step and the next."""
    parts = []
    for place, step in enumerate(steps):
        upper = counted_fen if place + 1 == len(steps) else min(counted_fen, steps[place + 1].from_fen)
        if upper > step.from_fen:
            parts.append(Part(from_fen=step.from_fen, fen=Fen(upper - step.from_fen), rate=step.rate))
    return tuple(parts)


def highest(steps: tuple[Step, ...], counted_fen: Fen) -> tuple[Part, ...]:
    """The rate of the last step that begins at or below C, on all of C."""
    step = [step for step in steps if step.from_fen <= counted_fen][-1]
    return (Part(from_fen=step.from_fen, fen=counted_fen, rate=step.rate),)


def product(parts: Iterable[Part]) -> Fraction:
    """The exact sum of parts × rates, in fen."""
    return sum((part.fen * part.rate for part in parts), Fraction(0))


def parts_of(policy: Policy, counted_fen: Fen) -> tuple[Part, ...]:
    """The bands on C; nothing below the threshold."""
    if below_threshold(threshold_fen=policy.threshold_fen, counted_fen=counted_fen):
        return ()
    return (
        marginal(policy.steps, counted_fen) if policy.kind == BandKind.MARGINAL else highest(policy.steps, counted_fen)
    )


def smallest_grade(policy: Policy, labs: Iterable[Lab]) -> str:
    """The grade with the smallest coefficient among a firm's labs, idle ones too (unit firm)."""
    grades = sorted(lab.grade or Grade.UNGRADED for lab in labs)
    return min(grades, key=policy.coefficient)


def grade_of(policy: Policy, lab: Lab, firm_labs: Iterable[Lab]) -> str:
    """The grade that the unit's coefficient comes from."""
    return smallest_grade(policy, firm_labs) if policy.unit == RewardUnit.FIRM else lab.grade or Grade.UNGRADED


def base(policy: Policy, counted_fen: Fen, grade: str) -> Base:
    """Step 3 for one unit with sum C and this grade."""
    parts = parts_of(policy, counted_fen)
    coefficient = policy.coefficient(grade)
    return Base(
        counted_fen=counted_fen,
        below_threshold=below_threshold(threshold_fen=policy.threshold_fen, counted_fen=counted_fen),
        parts=parts,
        grade=grade,
        coefficient=coefficient,
        result=Fen(round_half_up(product(parts) * coefficient)),
    )
