"""Codes that bear checking: unified social credit codes (GB 32100), accreditation and invoice numbers."""

import random

from stdnum.cn import uscc

from labshare.organisations.terms import FirmKind

ORGANISATION_WEIGHTS = (3, 7, 9, 10, 5, 8, 4, 2)
ALPHABET = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ"


def organisation_code(serial: str) -> str:
    """Eight characters and their check character (GB 11714)."""
    total = sum(ALPHABET.index(c) * w for c, w in zip(serial, ORGANISATION_WEIGHTS, strict=True))
    check = 11 - total % 11
    return serial + {10: "X", 11: "0"}.get(check, str(check))


def credit_code(*, kind: str, division: str, number: int) -> str:
    """A valid code of an invented organisation: enterprises begin with 91, public institutions with 12, others 52."""
    prefix = {FirmKind.ENTERPRISE: "91", FirmKind.PUBLIC_INSTITUTION: "12"}.get(kind, "52")
    body = f"{prefix}{division}{organisation_code(f'MA{number:06d}')}"
    return body + uscc.calc_check_digit(body)


def cma_number(year: int, field: str, serial: int) -> str:
    """Twelve digits: year, issuer (11 Zhejiang), field, sector, serial."""
    return f"{year % 100:02d}11{field}05{serial:04d}"


def cnas_number(rng: random.Random) -> str:
    return f"L{rng.randrange(10_000, 25_000)}"
