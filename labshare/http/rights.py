"""What a route asks of whoever comes, said where the route stands: the right, of whom or of what, whose division.

`@public`, `@signed_in` and `@requires("run.see", …)` are asked before a body is read and before the view begins
(`labshare.http.bodies`); services ask again for what a body names. `labshare routes` prints them all.
"""

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, TypeVar

from flask import Flask, current_app, request
from flask_babel.speaklater import LazyString

from labshare.booking.queries.bookings import parties_of
from labshare.booking.queries.quotes import get_quote
from labshare.booking.services.blocks import own_block
from labshare.catalogue.queries.admissions import county_of
from labshare.http.actor import current_actor
from labshare.http.bodies import CHANGING, before_body
from labshare.kernel.actor import Actor
from labshare.kernel.errors import NotAllowed, NotFound, SignInFirst
from labshare.kernel.time import local_day, utc_now
from labshare.kernel.verbs import Refusal
from labshare.organisations.permissions import WRITING_SCOPE, check, may_anywhere, prefixes
from labshare.settlement.models import Report
from labshare.settlement.queries.accounts import client_of_ours
from labshare.settlement.queries.inquiries import parties_of_inquiry
from labshare.settlement.services.ledger import ref_of

F = TypeVar("F", bound=Callable[..., Any])

EVERYBODY, SIGNED_IN = "everybody", "signed in"
ASKED_DIVISION = "?division="
"""The division in the address's query; without it the only one, or the platform's own."""


@dataclass(frozen=True)
class Of:
    """On whose behalf, or of what, a right is asked.

    `parties(actor, **address)` gives the ids of the firms on each side, and the division; `asks(actor, **address)` is a
    room's own question, which knows the right. Both raise `NotFound` for what the actor may not see.
    """

    name: str
    parties: Callable[..., Mapping[str, Any]] | None = None
    asks: Callable[..., Any] | None = None

    def ask(self, actor: Actor, action: str, address: Mapping[str, Any]) -> None:
        if self.asks is not None:
            self.asks(actor, **address)
        elif action != SIGNED_IN:
            check(actor, action, **(self.parties(actor, **address) if self.parties else {}))


class _Somewhere(Of):
    """Whether there could be anything to which they may do this; the service asks for the thing itself."""

    def ask(self, actor: Actor, action: str, address: Mapping[str, Any]) -> None:
        if not may_anywhere(actor, action):
            raise NotAllowed


class _Own(Of):
    """The firm acted for; to regulators, who act for none, the query shows what is of their division."""

    def ask(self, actor: Actor, action: str, address: Mapping[str, Any]) -> None:
        if not prefixes(actor, action):
            super().ask(actor, action, address)


class _InDivision(Of):
    """Whether they may do this in some division as regulators; the query or the service asks for the thing itself."""

    def ask(self, actor: Actor, action: str, address: Mapping[str, Any]) -> None:
        if not prefixes(actor, action):
            check(actor, action)


class _Found(Of):
    """The query that finds it leaves out what they may not see."""

    def ask(self, actor: Actor, action: str, address: Mapping[str, Any]) -> None:
        pass


def _must_have_a_firm(actor: Actor, **_address: Any) -> Mapping[str, int | None]:
    if actor.firm_id is None:
        raise NotFound
    return {"firm": actor.firm_id}


def parties_of_booking(actor: Actor, ref: str, **_address: Any) -> Mapping[str, Any]:
    """The firms of the booking in the address, and its county. One statement. Raises `NotFound`."""
    client, lab, division = parties_of(actor, ref)
    return {"client": client, "lab": lab, "division": division}


def _parties_of_report(actor: Actor, report_id: int) -> Mapping[str, Any]:
    return parties_of_booking(actor, ref_of(Report, report_id))


def _parties_of_quote(
    actor: Actor, number: str | None = None, quote_id: int | None = None, **_address: Any
) -> Mapping[str, Any]:
    """The firms of the quote in the address, and its lab's county. Raises `NotFound`."""
    quote = get_quote(actor, number=number, quote_id=quote_id).quote
    county = county_of(quote.lab, local_day(utc_now()))
    return {"client": quote.client_firm_id, "lab": quote.lab_firm_id, "division": county}


def _parties_of_inquiry(actor: Actor, inquiry_id: int, **_address: Any) -> Mapping[str, int | None]:
    """The firm that asks, and the one acted for where its labs are asked. Raises `NotFound`."""
    client, lab = parties_of_inquiry(actor, inquiry_id)
    return {"client": client, "lab": lab}


def _parties_with_client(actor: Actor, uscc: str) -> Mapping[str, int | None]:
    """The firm acted for as lab, of the client in the address. Raises `NotFound`, also for a client of others."""
    return {"client": client_of_ours(actor, uscc).id, "lab": actor.firm_id}


ANY = Of("")
OWN_FIRM = _Own("own firm", lambda actor, **_: {"firm": actor.firm_id})
MEMBERS_FIRM = Of("own firm, for members", _must_have_a_firm)
OWN_LABS = _Own("own firm as lab", lambda actor, **_: {"lab": actor.firm_id})
OWN_BOOKINGS = _Own("own firm as client", lambda actor, **_: {"client": actor.firm_id})
THE_BOOKING = Of("booking in the address", parties_of_booking)
THE_QUOTE = Of("quote in the address", _parties_of_quote)
THE_INQUIRY = Of("request to the labs in the address", _parties_of_inquiry)
THE_CLIENT = Of("client of the own labs in the address", _parties_with_client)
THE_BLOCK = Of("block in the address", asks=own_block)
THE_REPORT = Of("report in the address", _parties_of_report)
SOMEWHERE = _Somewhere("what the body or the service names")
OWN_DIVISION = _InDivision("own division")
"""For regulators: queries leave out, and services refuse, what lies in another one (R-RIGHTS-14)."""
FOUND = _Found("what the query finds")


@dataclass(frozen=True, kw_only=True)
class Right:
    """What a route asks."""

    action: str
    """An action of the permission table, `EVERYBODY` or `SIGNED_IN`."""
    of: Of = ANY
    to_post: str | None = None
    """Asked besides, where the route takes a form, too."""
    then: tuple[str, ...] = ()
    """Asked by the view or its service once they know the object or the step."""
    verb: str | None = None
    """The service's name, under which the trail keeps a refusal; a page's endpoint where nothing is said."""
    division: str = ""

    @property
    def public(self) -> bool:
        return self.action == EVERYBODY

    def actions(self, method: str) -> list[str]:
        """What is asked before the view begins."""
        return [self.action, self.to_post] if self.to_post and method in CHANGING else [self.action]

    def ask(self, **address: Any) -> None:
        """Whether the request may go on. Raises `SignInFirst`, `NotFound`, `NotAllowed`."""
        if self.public:
            return
        actor, changing = current_actor(), request.method in CHANGING
        if actor.person_id is None:
            raise SignInFirst
        if changing and actor.scope != WRITING_SCOPE:
            raise NotAllowed
        try:
            for action in self.actions(request.method):
                self.of.ask(actor, action, address)
        except NotAllowed as problem:
            if changing and self.verb and problem.refusal is None:
                problem.refusal = Refusal(self.verb, actor, utc_now(), _subject(address))
            raise


def _subject(address: Mapping[str, Any]) -> tuple[str, str] | None:
    """What an address names first, as a verb's refusal names its subject."""
    return next(((name.removesuffix("_id"), str(value)) for name, value in address.items()), None)


def requires(
    action: str,
    *,
    of: Of = ANY,
    to_post: str | None = None,
    then: tuple[str, ...] = (),
    verb: str | None = None,
    division: str = "",
    file: bool = False,
) -> Callable[[F], F]:
    """Have a route ask for a right. See `Right`; `file` as of `before_body`."""
    right = Right(action=action, of=of, to_post=to_post, then=then, verb=verb, division=division)

    def mark(view: F) -> F:
        view.right = right  # type: ignore[attr-defined]
        return before_body(right.ask, file=file)(view)

    return mark


def public(view: F) -> F:
    """Everybody may, visitors too."""
    return requires(EVERYBODY)(view)


def signed_in(view: F) -> F:
    """Whoever is signed in may."""
    return requires(SIGNED_IN)(view)


def right_of(endpoint: str | None) -> Right | None:
    """What the route of this name asks; nothing of what is no view of ours."""
    right: Right | None = getattr(current_app.view_functions.get(endpoint or ""), "right", None)
    return right


@dataclass(frozen=True)
class Proof:
    """What is asked of the person before a weighty act, unless it was given within the last minutes (R-FACTOR-7): a
    code of the second factor, or the password of who has none."""

    act: LazyString
    """The act."""
    when: Callable[[], bool]
    """Whether what was sent is that act."""
    of_factor_alone: bool
    """The form itself asks for the password, so who has no second factor is asked nothing more. As what is typed with a
    password is not kept, the page is not shown before, either."""


def proves(
    act: LazyString, *, when: Callable[[], bool] = lambda: True, of_factor_alone: bool = False
) -> Callable[[F], F]:
    """Have a route ask for proof. Stands below `requires`."""

    def mark(view: F) -> F:
        view.proof = Proof(act, when, of_factor_alone)  # type: ignore[attr-defined]
        return view

    return mark


def proof_of(endpoint: str | None) -> Proof | None:
    """The proof that the route of this name asks for."""
    found: Proof | None = getattr(current_app.view_functions.get(endpoint or ""), "proof", None)
    return found


@dataclass(frozen=True)
class Route:
    """One method of one address, and what it asks."""

    method: str
    address: str
    endpoint: str
    right: Right
    proof: Proof | None


def declared(app: Flask) -> list[Route]:
    """Every route that states its right, by address."""
    return sorted(
        (
            Route(method, _SHORT.sub(r"<\1>", rule.rule), rule.endpoint, right, proof_of(rule.endpoint))
            for rule in app.url_map.iter_rules()
            if (right := getattr(app.view_functions[rule.endpoint], "right", None)) is not None
            for method in (rule.methods or set()) - {"HEAD", "OPTIONS"}
        ),
        key=lambda route: (route.address, route.method),
    )


_SHORT = re.compile(r"<(?:[^:<>]*:)?(\w+)>")
"""The name of a place in an address, without what may stand in it."""


def check_step(actor: Actor, ref: str, *, action: str, verb: str) -> None:
    """Whether they may take this step with a booking, known once it is chosen; a refusal is the verb's. One statement.
    Raises `NotFound`, `NotAllowed`."""
    try:
        check(actor, action, **parties_of_booking(actor, ref))
    except NotAllowed as problem:
        problem.refusal = Refusal(verb, actor, utc_now(), ("ref", ref))
        raise
