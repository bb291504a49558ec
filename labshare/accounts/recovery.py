"""Recovery codes, which stand in for app and passkeys (R-FACTOR-4). They are kept as keyed digests."""

import secrets
from datetime import datetime

from sqlalchemy import delete, func, select, update

from labshare.accounts import links
from labshare.accounts.models import RecoveryCode
from labshare.kernel.database import db
from labshare.kernel.typed import half_width

CODES = 10
SIGNS = "23456789ABCDEFGHJKLMNPQRSTUVWXYZ"
"""Of recovery codes: no sign that is taken for another one."""
CODE_LENGTH = 24
"""A hundred and twenty bits: no hash need be slow."""
LENGTHS = (CODE_LENGTH, 12)
"""Of those made earlier, too: sixty bits."""


def plain(code: str) -> str:
    """A code however it is typed: without blanks and dashes, half width, upper case."""
    return "".join(half_width(code).split()).replace("-", "").upper()


def is_recovery(code: str) -> bool:
    """Whether it is spelt like a recovery code: too long to be guessed."""
    return len(plain(code)) in LENGTHS


def _digest(person_id: int, code: str) -> str:
    return links.keyed("recovery", f"{person_id} {code}").hex()


def codes_left(person_id: int) -> int:
    """How many recovery codes are unused."""
    left = select(func.count()).where(RecoveryCode.person_id == person_id, RecoveryCode.unused)
    return db.session.scalar(left) or 0


def take(person_id: int, code: str, now: datetime) -> bool:
    """Take a code, once; whether it was one."""
    taken = (
        update(RecoveryCode)
        .where(
            RecoveryCode.person_id == person_id,
            RecoveryCode.digest == _digest(person_id, plain(code)),
            RecoveryCode.unused,
        )
        .values(used_at=now)
    )
    return bool(db.session.execute(taken).rowcount == 1)  # type: ignore[attr-defined]


def new_codes(person_id: int) -> list[str]:
    """Ten new recovery codes, which replace those before; they are kept nowhere as they are."""
    made = ["".join(secrets.choice(SIGNS) for _ in range(CODE_LENGTH)) for _ in range(CODES)]
    forget_codes(person_id)
    db.session.add_all(RecoveryCode(person_id=person_id, digest=_digest(person_id, code)) for code in made)
    return ["-".join(code[at : at + 4] for at in range(0, CODE_LENGTH, 4)) for code in made]


def forget_codes(person_id: int) -> None:
    """Drop them all."""
    db.session.execute(delete(RecoveryCode).where(RecoveryCode.person_id == person_id))
