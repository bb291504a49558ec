"""Guessing at passwords: slows whoever guesses and locks nobody out.

- A browser in which the person signed in before has an allowance of its own (`KNOWN`): what strangers do to the
  account, or others behind the same address, does not count there.
- From any other browser wrong passwords count by network address (`ADDRESS`) and by account. Above `FREE` for an
  account within an hour, from wherever, each further attempt on it waits, each address for itself, longer and longer up
  to `LONGEST`. A person at an address where nobody guesses is let in at once even then; and a mailed link always helps.

Only failures count, and they count after the password was looked at: as many as the server works on at once may slip
through beside each other. Addresses without an account count like those with one, so nothing is learnt about accounts.
"""

from dataclasses import dataclass

from labshare.accounts.errors import TooManyAttempts
from labshare.accounts.passkeys import Answer
from labshare.accounts.queries import Credentials, get_person, spelled
from labshare.accounts.recovery import is_recovery
from labshare.accounts.sessions import digest
from labshare.http import limits
from labshare.kernel.time import machine_seconds
from labshare.web.browsers import mark_of_browser

MINUTE, HOUR, DAY = 60, 3600, 86400
WINDOW = 15 * MINUTE
KNOWN = 10
"""Wrong passwords within `WINDOW` in one browser that is known."""
ADDRESS = 40
"""Wrong passwords within `WINDOW` from one network address, for whichever accounts."""
FREE = 10
"""Wrong passwords for one account within an hour before the waiting begins."""
A_DAY = 30
"""Wrong codes of the second factor within a day in browsers that are new to the account."""
FIRST_WAIT, LONGEST = 15, 15 * MINUTE
GUESSES = "labshare/guesses"


def wait_after(failures: int) -> int:
    """Seconds until the next attempt on an account with so many failures this hour: 15, 30, 60 … 900."""
    return int(min(LONGEST, FIRST_WAIT * 2 ** min(failures - FREE, 10))) if failures >= FREE else 0


@dataclass(frozen=True)
class Guesses:
    """The counters that an attempt to sign in belongs to."""

    limit: str
    """What bounds attempts as such, right ones too."""
    own: str | None
    """The allowance of a browser that is known, or of a person who is signed in; then the rest does not count."""
    account: str = ""
    address: str = ""
    wait: str = ""

    @classmethod
    def at(cls, email: str, found: Credentials | None) -> "Guesses":
        """An attempt on the account of this address, which may not be there."""
        mark = mark_of_browser(found.person_id, epoch=found.epoch) if found else None
        if mark is not None:
            return cls("sign_in_again", f"{GUESSES}/browser/{mark}")
        account, address = digest(spelled(email)), limits.address()
        return cls(
            "sign_in",
            None,
            f"{GUESSES}/account/{account}",
            f"{GUESSES}/address/{address}",
            f"{GUESSES}/wait/{account}/{address}",
        )

    @classmethod
    def of_person(cls, person_id: int) -> "Guesses":
        """An attempt of somebody signed in at the own present password."""
        return cls("password", f"{GUESSES}/person/{person_id}")

    def admit(self) -> None:
        """Let the password be looked at. Raises `TooManyAttempts`, `TooManyRequests`."""
        if not limits.counted():
            return
        limits.count(self.limit, about=self.own or "")
        store = limits.storage()
        if self.own is not None:
            if store.get(self.own) >= KNOWN:
                raise self._refusal(self.own)
            return
        if store.get(self.address) >= ADDRESS:
            raise self._refusal(self.address)
        failures = store.get(self.account)
        # Taking one's turn and looking whether it was free are one step: of two at once, one waits.
        if failures >= FREE and store.incr(self.wait, wait_after(failures + 1)) > 1:
            raise self._refusal(self.wait)

    @staticmethod
    def _refusal(counter: str) -> Exception:
        return limits.refusal(limits.storage().get_expiry(counter) - machine_seconds(), TooManyAttempts)

    def failed(self) -> None:
        """The password was wrong."""
        if not limits.counted():
            return
        store = limits.storage()
        if self.own is not None:
            store.incr(self.own, WINDOW)
            return
        store.incr(self.address, WINDOW)
        wait = wait_after(store.incr(self.account, HOUR))
        if wait:
            store.incr(self.wait, wait)

    def right(self) -> None:
        """The password was right: this browser, or this address, waits no more."""
        if limits.counted():
            limits.storage().clear(self.own or self.wait)


@dataclass(frozen=True)
class CodeGuesses:
    """The counters of codes typed after the right password, or in the account's settings.

    A million codes, three of them right at a time, bear few guesses: a browser that is new to the account may be wrong
    `KNOWN` times within `WINDOW` and `A_DAY` times a day, all such browsers together. A recovery code is too long to be
    guessed, so it is always looked at: whoever knows the password keeps nobody out.
    """

    limit: str
    own: str
    day: str | None = None

    @classmethod
    def at(cls, person_id: int) -> "CodeGuesses":
        """Signing in to this account."""
        mark = mark_of_browser(person_id, epoch=get_person(person_id).session_epoch)
        if mark is not None:
            return cls("sign_in_again", f"{GUESSES}/code/browser/{mark}")
        return cls("sign_in", f"{GUESSES}/code/person/{person_id}", f"{GUESSES}/code/day/{person_id}")

    @classmethod
    def of_person(cls, person_id: int) -> "CodeGuesses":
        """Somebody signed in, at a code of the own account."""
        return cls("password", f"{GUESSES}/code/own/{person_id}")

    def admit(self, code: str | Answer) -> None:
        """Let the code be looked at. Raises `TooManyAttempts`, `TooManyRequests`."""
        if not limits.counted():
            return
        limits.count(self.limit, about=self.own)
        if not _guessable(code):
            return
        for counter, most in ((self.own, KNOWN), (self.day, A_DAY)):
            if counter is not None and limits.storage().get(counter) >= most:
                raise limits.refusal(limits.storage().get_expiry(counter) - machine_seconds(), TooManyAttempts)

    def failed(self, code: str | Answer) -> None:
        """The code was wrong."""
        if not limits.counted() or not _guessable(code):
            return
        limits.storage().incr(self.own, WINDOW)
        if self.day is not None:
            limits.storage().incr(self.day, DAY)

    def right(self) -> None:
        """The code was right."""
        if limits.counted():
            limits.storage().clear(self.own)


def _guessable(code: str | Answer) -> bool:
    """Recovery codes and what passkeys sign are too long for it."""
    return not isinstance(code, Answer) and not is_recovery(code)


def failures_to_record(subject: str) -> int | None:
    """How many attempts on this subject failed this hour, where the trail is to know: after the first three, then after
    5, 10, 20, 50, 100 …, so that a thousand leave a dozen events."""
    if not limits.counted():
        return 1
    number = limits.storage().incr(f"labshare/failures/{subject}", HOUR)
    return number if number <= 3 or str(number).rstrip("0") in ("1", "2", "5") else None
