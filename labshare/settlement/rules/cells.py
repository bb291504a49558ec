"""How days and amounts are written in what banks and the tax system give out. Amounts in fen, days local."""

import re
import unicodedata
from datetime import date, datetime
from decimal import Decimal

from labshare.kernel.money import Fen

LARGEST_FEN = 10**12
_DAY = re.compile(r"(\d{4})(?:[-/.年](\d{1,2})[-/.月](\d{1,2})日?|(\d{2})(\d{2}))(?:[ T].*|\d{6}|日)?")
_AMOUNT = re.compile(r"([-+]?)[¥￥]?([-+]?)(\d{1,3}(?:,\d{3})+|\d{1,12})(?:\.(\d{1,2})0*)?")


def read_fen(cell: object) -> Fen | None:
    """Yuan as a number, or as people write them, below 0 with a minus or in brackets; None where it is none, or finer
    than a fen."""
    if isinstance(cell, Decimal):
        exact = cell * 100
        return Fen(int(exact)) if exact == exact.to_integral_value() and abs(exact) <= LARGEST_FEN else None
    if not isinstance(cell, str):
        return None
    text = unicodedata.normalize("NFKC", cell).replace(" ", "").replace("−", "-").removesuffix("元")
    bracketed = text.startswith("(") and text.endswith(")")
    found = _AMOUNT.fullmatch(text[1:-1] if bracketed else text)
    signs = found[1] + found[2] + ("-" if bracketed else "") if found else ""
    if found is None or len(signs) > 1:
        return None
    fen = int(found[3].replace(",", "")) * 100 + int((found[4] or "").ljust(2, "0"))
    return Fen(-fen if signs == "-" else fen)


def read_day(cell: object) -> date | None:
    """A day, or a text or number that can mean only one: year, month, day."""
    if isinstance(cell, datetime):
        return cell.date()
    text = f"{cell:f}" if isinstance(cell, Decimal) else cell if isinstance(cell, str) else ""
    found = _DAY.fullmatch(text.strip())
    if found is None:
        return None
    try:
        return date(int(found[1]), int(found[2] or found[4]), int(found[3] or found[5]))
    except ValueError:
        return None
