"""Public references such as `B-202611-7K3QX`: short, sayable on the telephone, not guessable in order."""

import random
import secrets

from labshare.kernel.months import Month

ALPHABET = "0123456789ABCDEFGHJKMNPQRSTVWXYZ"
"""Crockford's base 32: no I, L, O, U."""

CHOSEN = 5
"""Letters of a reference that are left to chance."""


def new_reference(prefix: str, month: Month, rng: random.Random | None = None) -> str:
    """`prefix-YYYYMM-XXXXX`. 33 million a month and prefix; the unique column stands behind it."""
    choose = rng.choice if rng else secrets.choice
    return f"{prefix}-{month.year:04d}{month.number:02d}-" + "".join(choose(ALPHABET) for _ in range(CHOSEN))
