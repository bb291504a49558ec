"""Passwords: argon2id with the parameters of RFC 9106 for small memory (3 passes, 64 MiB, 4 lanes), which are above
OWASP's minimum (2 passes, 19 MiB). Length counts; neither classes of characters nor an age are asked for (ASVS 6.2).
"""

import functools

from argon2 import PasswordHasher
from argon2.exceptions import InvalidHashError, VerificationError, VerifyMismatchError
from argon2.profiles import RFC_9106_LOW_MEMORY

from labshare.accounts.errors import PasswordTooCommon, PasswordTooLong, PasswordTooShort
from labshare.kernel.errors import Problem

SHORTEST, LONGEST = 12, 128

_hasher = PasswordHasher.from_parameters(RFC_9106_LOW_MEMORY)

_LISTED = (
    "123456789012 1234567890123 12345678901234 123123123123 111111111111 000000000000 "
    "888888888888 666666666666 qwertyuiop12 qwertyuiop123 qwertyuiopasdf 1q2w3e4r5t6y "
    "1qaz2wsx3edc password1234 passw0rd1234 password12345 passwordpassword adminadmin12 "
    "administrator administrator1 changeme1234 welcome12345 iloveyou1234 letmein12345 "
    "woaini123456 woaini1314520 a123456789012 abcdefghijkl abcd12345678 qazwsxedcrfv asdfghjkl123 "
    "zxcvbnm12345 labshare1234 yixiangtong1 "
)
COMMON = frozenset(_LISTED.split())
"""The common ones that are long enough to pass the length rule."""


def hashed(password: str) -> str:
    return _hasher.hash(password)


@functools.cache
def _nobodys() -> str:
    return _hasher.hash("the password of an account that is not there")


def fits(kept: str | None, password: str) -> bool:
    """Whether the password is the kept one. Takes as long where there is no account or no password yet."""
    try:
        _hasher.verify(kept or _nobodys(), password)
    except (VerifyMismatchError, VerificationError, InvalidHashError):
        return False
    return kept is not None


def weak(kept: str) -> bool:
    """Whether the hash was made with parameters that are not today's."""
    return _hasher.check_needs_rehash(kept)


def problems(password: str, *, email: str, name: str) -> list[Problem]:
    """What is wrong with a new password."""
    if len(password) < SHORTEST:
        return [PasswordTooShort(n=SHORTEST)]
    if len(password) > LONGEST:
        return [PasswordTooLong(n=LONGEST)]
    plain = password.casefold()
    known = {email.casefold(), email.casefold().split("@")[0], name.casefold()}
    if plain in COMMON or len(set(plain)) <= 3 or plain in known:
        return [PasswordTooCommon()]
    return []
