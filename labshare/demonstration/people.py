"""Accounts, all with the one password of the demonstration."""

import random
from collections.abc import Iterator
from datetime import datetime, timedelta

import argon2

from labshare.accounts.models import Person
from labshare.demonstration.data.clients import GIVEN, SURNAMES
from labshare.demonstration.rows import Row, Rows

PASSWORD = "xinchang-demo-2026"  # noqa: S105 - meant to be known; refused in production
ACCOUNTS = ("client", "owner", "lab", "officer", "approver", "auditor", "admin", "admin2", "officer2")
"""The accounts that the README names, and a second administrator and officer, since some steps need two."""


def hashed(password: str, rng: random.Random) -> str:
    """The password's hash with a salt of the generator's own, so that the same seed gives the same data."""
    return argon2.PasswordHasher().hash(password, salt=rng.randbytes(16))


def email_of(account: str) -> str:
    return f"{account}@demo.example"


class People:
    """Makes persons with invented names."""

    def __init__(self, rows: Rows, rng: random.Random, since: datetime) -> None:
        self.rows, self.rng, self.since = rows, rng, since
        self.hash = hashed(PASSWORD, rng)
        self._names = self._endless_names()

    def _endless_names(self) -> Iterator[str]:
        while True:
            yield self.rng.choice(SURNAMES) + self.rng.choice(GIVEN)

    def name(self) -> str:
        return next(self._names)

    def make(self, email: str, *, name: str | None = None, since: datetime | None = None) -> Row:
        """One account, its address confirmed."""
        created = (since or self.since) - timedelta(minutes=self.rng.randrange(60, 60 * 24 * 30))
        return self.rows.add(
            Person,
            email=email,
            name=name or self.name(),
            password_hash=self.hash,
            demonstration=True,
            created_at=created,
            email_confirmed_at=created,
        )
