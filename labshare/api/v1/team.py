"""Who may work which instrument."""

from typing import Any

from labshare.api.v1.base import ListQuery, RoomBlueprint, after, first_of
from labshare.api.writing import writing
from labshare.catalogue.queries.authorisations import get_authorisation, list_authorisations
from labshare.catalogue.queries.single import get_lab_by_code
from labshare.catalogue.services.authorisations import (
    PAPER_LENGTH,
    authorise,
    authorise_class,
    withdraw_authorisation,
)
from labshare.catalogue.services.common import own_instrument, own_lab
from labshare.http.actor import current_actor
from labshare.http.fields import Day, Length, Pattern, Strict, Text, Whole
from labshare.http.rights import OWN_FIRM, Of, requires
from labshare.http.schemas.base import listing
from labshare.http.schemas.team import Authorisation
from labshare.kernel.actor import Actor
from labshare.kernel.time import utc_now

AUTHORISATIONS = listing(Authorisation)
blueprint = RoomBlueprint("team", "Who may work which instrument")


def _owns_lab(actor: Actor, code: str) -> None:
    own_lab(actor, get_lab_by_code(actor, code).id)


def _owns_it(actor: Actor, authorisation_id: int) -> None:
    own_instrument(actor, get_authorisation(authorisation_id).instrument_id)


MY_INSTRUMENT = Of("instrument in the address, one's own", asks=own_instrument)
MY_LAB = Of("lab in the address, one's own", asks=_owns_lab)
MY_AUTHORISATION = Of("authorisation in the address, one's own", asks=_owns_it)


class AuthorisationsQuery(ListQuery):
    lab = Text(load_default=None, validate=Length(max=20))


class AuthoriseBody(Strict):
    person = Whole(required=True)
    paper = Text(required=True, validate=Length(1, PAPER_LENGTH))
    valid_from = Day(required=True)
    valid_to = Day(required=True)


class AuthoriseClassBody(AuthoriseBody):
    """`class_code`: the first two or four digits of the national classification."""

    class_code = Text(required=True, validate=Pattern("^[0-9]{2}([0-9]{2})?$", "0201"))


def _given(body: dict[str, Any]) -> dict[str, Any]:
    return {"actor": current_actor(), "now": utc_now(), "person_id": body.pop("person"), **body}


@blueprint.get("/authorisations")
@requires("team.see", of=OWN_FIRM)
@blueprint.arguments(AuthorisationsQuery, location="query")
@blueprint.response(200, AUTHORISATIONS)
@blueprint.problems(401, 403, 404, 422)
def authorisations(query: dict[str, Any]) -> Any:
    """Authorisations of the firm's labs, withdrawn ones among them, the newest first."""
    actor = current_actor()
    lab = get_lab_by_code(actor, query["lab"]) if query["lab"] else None
    before = after(query["cursor"]) if query["cursor"] else None
    rows = list_authorisations(actor, lab_id=lab.id if lab else None, before=before, limit=query["limit"] + 1)
    return first_of(rows, query["limit"])


@blueprint.post("/instruments/<int:instrument_id>/authorisations")
@requires("catalogue.change", of=MY_INSTRUMENT, verb="operator.authorise")
@blueprint.arguments(AuthoriseBody)
@blueprint.response(201, Authorisation)
@blueprint.problems(401, 403, 404, 422)
@writing()
def grant(body: dict[str, Any], instrument_id: int) -> Any:
    """Authorise a member for an instrument."""
    return authorise(instrument_id=instrument_id, **_given(body))


@blueprint.post("/labs/<code>/authorisations")
@requires("catalogue.change", of=MY_LAB, verb="operator.authorise_class")
@blueprint.arguments(AuthoriseClassBody)
@blueprint.response(201, AUTHORISATIONS)
@blueprint.problems(401, 403, 404, 422)
@writing()
def grant_class(body: dict[str, Any], code: str) -> Any:
    """Authorise a member for every instrument of a class that the lab has now."""
    lab = get_lab_by_code(current_actor(), code)
    return {"items": authorise_class(lab_id=lab.id, **_given(body))}


@blueprint.post("/authorisations/<int:authorisation_id>/withdraw")
@requires("catalogue.change", of=MY_AUTHORISATION, verb="operator.withdraw")
@blueprint.response(200, Authorisation)
@blueprint.problems(401, 403, 404, 422)
@writing()
def withdraw(authorisation_id: int) -> Any:
    """It holds no more; the row stays."""
    return withdraw_authorisation(actor=current_actor(), now=utc_now(), authorisation_id=authorisation_id)
