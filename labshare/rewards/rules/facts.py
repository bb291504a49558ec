"""What the calculation of one month is given. All amounts in fen, net of tax where the policy says so."""

from collections.abc import Mapping
from dataclasses import dataclass, field

from labshare.kernel.money import ZERO, Fen

Instrument = str | int
"""An instrument's name inside its lab; what bands apply to is the pair (lab, instrument)."""


@dataclass(frozen=True, kw_only=True)
class Lab:
    """A lab that the policy may reward. `grade` is the one in force in the month, `None` for none."""

    code: str
    firm: str
    grade: str | None = None
    listed: bool = True
    """Whether it gets a line. A firm's lab without one still counts for the firm's smallest coefficient."""


@dataclass(frozen=True, kw_only=True)
class Verdicts:
    """A lab's entries under one verdict (a reason, or `None` for eligible): of the window, and of the month."""

    reason: str | None
    count: int = 0
    fen: Fen = ZERO
    month_count: int = 0
    month_fen: Fen = ZERO

    def and_of(self, count: int, *, fen: Fen, in_month: bool) -> "Verdicts":
        """With so many more entries of so much together, in the month or before it."""
        return Verdicts(
            reason=self.reason,
            count=self.count + count,
            fen=Fen(self.fen + fen),
            month_count=self.month_count + (count if in_month else 0),
            month_fen=Fen(self.month_fen + (fen if in_month else 0)),
        )


@dataclass(frozen=True)
class Facts:
    """The inputs of a month.

    `eligible`: the sum of eligible entries in the window by (lab, instrument), negative sums as they are.
    `paid`: payable of the window's earlier approved months by lab. `opening`: carried from the earlier window, plus
    corrections, by lab; may be negative. `verdicts`: for the trace only.
    """

    labs: tuple[Lab, ...]
    eligible: Mapping[tuple[str, Instrument], Fen]
    paid: Mapping[str, Fen] = field(default_factory=dict)
    opening: Mapping[str, Fen] = field(default_factory=dict)
    verdicts: Mapping[str, tuple[Verdicts, ...]] = field(default_factory=dict)
