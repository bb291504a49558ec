"""Numbers of reports: a lab's series of a year, and numbers of its own (docs/rules.md, R-RESULT-1)."""

import random
import re
import secrets
import unicodedata
from dataclasses import dataclass

from labshare.kernel.references import ALPHABET
from labshare.settlement.errors import NotNextInSeries


@dataclass(frozen=True)
class Series:
    """The numbers of a lab and year so far. Before the first, `last` is 0."""

    code: str
    year: int
    last: int = 0

    def number(self, serial: int) -> str:
        """`XC-012-2026-0418`."""
        return f"{self.code}-{self.year}-{serial:04d}"

    @property
    def next(self) -> str:
        return self.number(self.last + 1)

    def has_form(self, number: str) -> bool:
        """Whether it looks like one of the lab's series, of whatever year; else it is a number of the lab's own."""
        return re.fullmatch(rf"{re.escape(self.code)}-[0-9]{{4}}-[0-9]{{1,9}}", number) is not None

    def serial_of(self, number: str) -> int:
        """The serial of a typed number in the series' form.

        Raises `NotNextInSeries` where it would leave a gap, or is of another year or spelling. A series that has not
        begun begins with any serial: a lab that comes in the middle of a year goes on where it is on paper.
        """
        serial = int(number.rpartition("-")[2])
        if number != self.number(serial) or serial < 1 or (self.last and serial > self.last + 1):
            raise NotNextInSeries(number=self.next)
        return serial


CODE_LENGTH = 16
_BITS = 5
"""In a letter of `ALPHABET`."""


def new_code(rng: random.Random | None = None) -> str:
    """What proves a report, with its number (R-RESULT-4): 80 bits, not to be guessed."""
    drawn = (rng.getrandbits if rng else secrets.randbits)(_BITS * CODE_LENGTH)
    return "".join(ALPHABET[drawn >> _BITS * place & (1 << _BITS) - 1] for place in range(CODE_LENGTH))


def grouped(code: str) -> str:
    """As it is printed: `7K3Q-X0AB-…`."""
    return "-".join(code[place : place + 4] for place in range(0, CODE_LENGTH, 4))


def read_code(typed: str) -> str:
    """A code as typed from paper, in capitals or not, with I for 1 and O for 0; what cannot be one is nobody's."""
    letters = unicodedata.normalize("NFKC", typed).upper().translate(_MISREAD)
    code = "".join(letter for letter in letters if letter in ALPHABET)
    return code if len(code) == CODE_LENGTH else "?"


_MISREAD = str.maketrans("ILO", "110")
