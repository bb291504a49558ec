"""What is different between a run as it was calculated and what calculating now would give, lab by lab."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from labshare.kernel.money import ZERO, Fen
from labshare.rewards.terms import ChangedInput


@dataclass(frozen=True)
class Input:
    """One input that changed. `verdict`: (number of entries, fen) of the window under `reason` (`None`: eligible);
    `paid`, `opening`: fen; `grade`: its name; `listed`: whether the lab has a line."""

    kind: ChangedInput
    before: Any
    after: Any
    reason: str | None = None


@dataclass(frozen=True, kw_only=True)
class Side:
    """A lab's line, of either calculation; money in fen. `verdicts`: reason → (number of entries, fen)."""

    grade: str
    paid_fen: Fen
    opening_fen: Fen
    payable_fen: Fen
    verdicts: Mapping[str | None, tuple[int, int]]


@dataclass(frozen=True, kw_only=True)
class LabChange:
    code: str
    before_fen: Fen
    after_fen: Fen
    inputs: tuple[Input, ...]
    """Empty where only other labs' figures reach this one, through a firm's cap or the budget."""


def verdicts_of(trace: Sequence[Mapping[str, Any]]) -> dict[str | None, tuple[int, int]]:
    """The first step of a trace: how many entries, and how much, under each verdict."""
    return {row["reason"]: (row["count"], row["fen"]) for row in trace[0]["inputs"]}


def changes(before: Mapping[str, Side], after: Mapping[str, Side]) -> list[LabChange]:
    """The labs of which an input or the payable differs; those whose payable differs most first, then by code."""
    found = []
    for code in sorted({*before, *after}):
        was, now = before.get(code), after.get(code)
        inputs = _inputs(was, now)
        before_fen, after_fen = was.payable_fen if was else ZERO, now.payable_fen if now else ZERO
        if inputs or before_fen != after_fen:
            found.append(LabChange(code=code, before_fen=before_fen, after_fen=after_fen, inputs=inputs))
    return sorted(found, key=lambda one: (-abs(one.after_fen - one.before_fen), one.code))


def _inputs(was: Side | None, now: Side | None) -> tuple[Input, ...]:
    if was is None or now is None:
        return (Input(ChangedInput.LISTED, was is not None, now is not None),)
    found = []
    for kind, before, after in (
        (ChangedInput.GRADE, was.grade, now.grade),
        (ChangedInput.PAID, was.paid_fen, now.paid_fen),
        (ChangedInput.OPENING, was.opening_fen, now.opening_fen),
    ):
        if before != after:
            found.append(Input(kind, before, after))
    for reason in sorted({*was.verdicts, *now.verdicts}, key=lambda one: one or ""):
        then, at_present = was.verdicts.get(reason, (0, 0)), now.verdicts.get(reason, (0, 0))
        if then != at_present:
            found.append(Input(ChangedInput.VERDICT, then, at_present, reason))
    return tuple(found)
