"""Problems a person can do something about. Every refusal is a named class with its message; the edges (pages, API,
commands) turn it into words in the reader's language, a status, and a place beside the field."""

import math
from collections.abc import Iterable
from datetime import date
from typing import Any, ClassVar

from flask_babel import lazy_gettext as _l
from flask_babel.speaklater import LazyString

from labshare.kernel import formatting
from labshare.kernel.months import Month


class Problem(Exception):
    """A refusal with words. `message` may hold `%(name)s` places that `params` fill.

    `status` is the HTTP status (RFC 9110); `field` names the input it belongs to, where there is one.
    `money_or_rights` problems are written to the audit trail after the rollback (R-AUDIT-2).
    """

    status: ClassVar[int] = 409
    message: ClassVar[LazyString | str] = _l("This is not possible now.")
    default_field: ClassVar[str | None] = None
    n_of: ClassVar[str | None] = None
    """What the parameter `n` is a number of (`formatting.COUNTERS`): the word follows it, in the plural where due."""
    money_or_rights: ClassVar[bool] = False

    def __init__(self, field: str | None = None, **params: Any) -> None:
        super().__init__(type(self).__name__)
        self.field = field or self.default_field
        self.params = params
        self.refusal: Any = None
        """The refused attempt (verb, actor, moment, subject), stamped by `verb`; see `labshare.kernel.verbs`."""

    @property
    def code(self) -> str:
        """The stable name of this problem, for the API's `type` and for tests."""
        return type(self).__name__

    @property
    def problems(self) -> "tuple[Problem, ...]":
        """Each of what is wrong: itself, but for `InvalidInputs`."""
        return (self,)

    @property
    def text(self) -> str:
        """The message in the reader's language."""
        return str(self.message) % {name: self._param_text(name, value) for name, value in self.params.items()}

    def _param_text(self, name: str, value: Any) -> str:
        text = _written(value)
        if name != "n" or self.n_of is None:
            return text
        return f"{text} {formatting.unit_word(1 if text == '1' else 2, self.n_of)}"

    def __str__(self) -> str:
        return self.text


def _written(value: Any) -> str:
    """A day or month in the reader's language, 2026年11月24日 or 24 November 2026; anything else as it is."""
    if isinstance(value, Month):
        return formatting.month(value)
    return formatting.day(value) if type(value) is date else str(value)


class Conflict(Problem):
    status = 409


class ChangedMeanwhile(Conflict):
    """What is decided is not what the page showed."""

    message = _l("This has changed since the page was opened. Look at what it says now, and decide then.")
    default_field = "seen"
    money_or_rights = True


class Busy(Problem):
    """A lock, a statement or a connection was waited for in vain. Nothing was written; a little later it may go."""

    status = 503
    message = _l("Too much is being saved at this moment. Nothing was saved; send it again in a few seconds.")
    retry_after = 5
    """Seconds, for the header of that name."""


class InvalidInput(Problem):
    """A value that breaks a rule. 422."""

    status = 422
    message = _l("Check what was entered.")


class InvalidInputs(InvalidInput):
    """Several problems found at once, so that a form shows each at its field."""

    def __init__(self, problems: Iterable[Problem]) -> None:
        super().__init__()
        self._problems = tuple(problems)

    @property
    def problems(self) -> tuple[Problem, ...]:
        return self._problems


class NotAllowed(Problem):
    status = 403
    message = _l("You may not do this.")
    money_or_rights = True


class SignInFirst(Problem):
    status = 401
    message = _l("Sign in first.")


class NotFound(Problem):
    """Also for what one may not see (R-RIGHTS-2)."""

    status = 404
    message = _l("Not found, or not yours to see.")


class TooManyRequests(Problem):
    """More often than is allowed. `seconds` from now it is possible again, which the answer's `Retry-After` says."""

    status = 429
    message = _l("Too many requests. Try again in %(n)s min.")

    def __init__(self, seconds: float) -> None:
        self.seconds = max(1, math.ceil(seconds))
        super().__init__(n=math.ceil(self.seconds / 60))


class ReasonRequired(InvalidInput):
    message = _l("Give a reason.")
    default_field = "reason"


def raise_all(problems: Iterable[Problem]) -> None:
    """Raise what was collected: nothing, the one problem, or all of them together as `InvalidInputs`."""
    found = tuple(problems)
    if len(found) == 1:
        raise found[0]
    if found:
        raise InvalidInputs(found)
