"""Passwords: argon2id with the parameters of RFC 9106 for small memory (3 passes, 64 MiB, 4 lanes), which are above
OWASP's minimum (2 passes, 19 MiB). Length counts; neither classes of characters nor an age are asked for (ASVS 6.2).
"""

import functools
import string

from argon2 import PasswordHasher
from argon2.exceptions import InvalidHashError, VerificationError, VerifyMismatchError
from argon2.profiles import RFC_9106_LOW_MEMORY
from flask import has_app_context

from labshare.accounts.errors import PasswordTooCommon, PasswordTooLong, PasswordTooShort
from labshare.kernel.database import writing
from labshare.kernel.errors import Problem, raise_all

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
LISTED = frozenset(_LISTED.split())
"""Common ones of the keyboard and of Chinese users that are long enough to pass the length rule."""
MOST_COMMON = 10_000
OWN_WORDS = frozenset(
    "labshare yixiangtong yigongxiang xinchang zhejiang shaoxing gongxiang shiyanshi sharedlab laboratory admin "
    "administrator officer approver auditor 仪享通 共享实验室 新昌 新昌县 实验室".split()
)
"""What somebody who guesses at this service tries first."""
AROUND = string.digits + string.punctuation + string.whitespace
_WITHOUT = dict.fromkeys(map(ord, AROUND))


@functools.cache
def _common() -> frozenset[str]:
    """The most common passwords of all, by zxcvbn's count over leaks."""
    from zxcvbn.frequency_lists import FREQUENCY_LISTS  # long lists, which few requests need

    return frozenset(FREQUENCY_LISTS["passwords"][:MOST_COMMON])


def _idle() -> None:
    """A hash takes a tenth of a second and 64 MiB: never while the database waits for it (R-FACTOR-8)."""
    if has_app_context() and writing():
        raise RuntimeError("a password is hashed before the transaction begins")


def hashed(password: str) -> str:
    _idle()
    return _hasher.hash(password)


def checked(password: str, *, email: str, name: str) -> str:
    """The hash of a new password. Raises `PasswordTooShort`, `PasswordTooLong`, `PasswordTooCommon`."""
    raise_all(problems(password, email=email, name=name))
    return hashed(password)


@functools.cache
def _nobodys() -> str:
    return _hasher.hash("the password of an account that is not there")


def fits(stored_hash: str | None, password: str) -> bool:
    """Whether the password is the kept one. Takes as long where there is no account or no password yet."""
    _idle()
    try:
        _hasher.verify(stored_hash or _nobodys(), password)
    except (VerifyMismatchError, VerificationError, InvalidHashError):
        return False
    return stored_hash is not None


def weak(stored_hash: str) -> bool:
    """Whether the hash was made with parameters that are not today's."""
    return _hasher.check_needs_rehash(stored_hash)


def problems(password: str, *, email: str, name: str) -> list[Problem]:
    """What is wrong with a new password."""
    if len(password) < SHORTEST:
        return [PasswordTooShort(n=SHORTEST)]
    if len(password) > LONGEST:
        return [PasswordTooLong(n=LONGEST)]
    plain = password.casefold()
    if len(set(plain)) <= 3 or any(_guessed(word, email=email, name=name) for word in _cores_of(plain)):
        return [PasswordTooCommon()]
    return []


def _cores_of(plain: str) -> set[str]:
    """What a password comes to once what people put around a word is taken off: digits and signs before and after it,
    or among it, the word said twice or thrice."""
    found = {plain, plain.strip(AROUND), plain.translate(_WITHOUT)}
    for word in list(found):
        for times in (2, 3):
            part = word[: len(word) // times]
            if part and part * times == word:
                found.add(part.strip(AROUND))
    return found - {""}


def _guessed(word: str, *, email: str, name: str) -> bool:
    mailbox, _at, domain = email.casefold().partition("@")
    own = {email.casefold(), mailbox, mailbox.strip(AROUND), domain, name.casefold()}
    return word in LISTED or word in OWN_WORDS or word in _common() or word in own
