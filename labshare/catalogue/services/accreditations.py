"""CMA and CNAS of a lab: certificates with their dates, and what they cover."""

import re
from collections.abc import Iterable
from datetime import date, datetime

from flask_babel import lazy_gettext as _l
from sqlalchemy import delete, insert, select

from labshare.audit import services as audit
from labshare.catalogue import errors
from labshare.catalogue.models import Accreditation, AccreditationScope, TestItem, TestItemStandard
from labshare.catalogue.services import common
from labshare.catalogue.services.claims import claim_anew
from labshare.catalogue.terms import AccreditationKind
from labshare.kernel.actor import Actor
from labshare.kernel.database import db
from labshare.kernel.errors import Problem, raise_all
from labshare.kernel.verbs import verb

_NUMBERS: dict[str, str] = {AccreditationKind.CMA: r"\d{12}", AccreditationKind.CNAS: r"L\d{4,5}"}


def _problems(*, kind: str, number: str, valid_from: date, valid_to: date) -> list[Problem]:
    problems: list[Problem] = []
    if AccreditationKind.known(kind) is None:
        problems.append(errors.UnknownChoice("kind"))
    elif not re.fullmatch(_NUMBERS[kind], number):
        problems.append(errors.BadAccreditationNumber())
    if valid_to < valid_from:
        problems.append(errors.DatesNotInOrder())
    return problems


def tidy_number(number: str) -> str:
    """`CNAS L12345` → `L12345`."""
    return "".join(number.upper().split()).removeprefix(AccreditationKind.CNAS).removeprefix(AccreditationKind.CMA)


@verb("accreditation.add", title=_l("Accreditation added"))
def add_accreditation(
    *, actor: Actor, now: datetime, lab_id: int, kind: str, number: str, valid_from: date, valid_to: date
) -> Accreditation:
    """Enter a certificate of a lab, valid on both days and between them. Raises `AccreditationEntered` on a repeat."""
    lab = common.own_lab(actor, lab_id)
    number = tidy_number(number)
    raise_all(_problems(kind=kind, number=number, valid_from=valid_from, valid_to=valid_to))
    accreditation = Accreditation(lab_id=lab.id, kind=kind, number=number, valid_from=valid_from, valid_to=valid_to)
    with common.refusals({"accreditation": errors.AccreditationEntered}):
        db.session.add(accreditation)
    audit.record(actor, now, "accreditation.add", subject=("lab", lab.id), before=None, after=_values(accreditation))
    claim_anew(actor, now, [accreditation])
    return accreditation


@verb("accreditation.edit", title=_l("Accreditation changed"))
def edit_accreditation(
    *, actor: Actor, now: datetime, accreditation_id: int, kind: str, number: str, valid_from: date, valid_to: date
) -> Accreditation:
    """Correct a certificate. Raises `AccreditationEntered` if another row says the same."""
    accreditation = common.own_accreditation(actor, accreditation_id)
    number = tidy_number(number)
    raise_all(_problems(kind=kind, number=number, valid_from=valid_from, valid_to=valid_to))
    before = _values(accreditation)
    with common.refusals({"accreditation": errors.AccreditationEntered}):
        accreditation.kind, accreditation.number = kind, number
        accreditation.valid_from, accreditation.valid_to = valid_from, valid_to
    audit.record(
        actor,
        now,
        "accreditation.edit",
        subject=("lab", accreditation.lab_id),
        before=before,
        after=_values(accreditation),
    )
    if before != _values(accreditation):
        claim_anew(actor, now, [accreditation])
    return accreditation


@verb("accreditation.set_scope", title=_l("Scope set"))
def set_scope(*, actor: Actor, now: datetime, accreditation_id: int, scope: Iterable[tuple[int, int]]) -> Accreditation:
    """What it covers: (test item, standard) ids, all of them. Raises `OutsideScope` for others than the lab's own
    test items with their own standards."""
    accreditation = common.own_accreditation(actor, accreditation_id)
    wanted = set(scope)
    allowed = {
        (item_id, standard_id)
        for item_id, standard_id in db.session.execute(
            select(TestItemStandard.test_item_id, TestItemStandard.standard_id)
            .join(TestItem, TestItem.id == TestItemStandard.test_item_id)
            .where(TestItem.lab_id == accreditation.lab_id)
        )
    }
    if not wanted <= allowed:
        raise errors.OutsideScope
    rows = select(AccreditationScope.test_item_id, AccreditationScope.standard_id).where(
        AccreditationScope.accreditation_id == accreditation.id
    )
    before = {(item_id, standard_id) for item_id, standard_id in db.session.execute(rows)}
    if before == wanted:
        return accreditation
    db.session.execute(delete(AccreditationScope).where(AccreditationScope.accreditation_id == accreditation.id))
    if wanted:
        db.session.execute(
            insert(AccreditationScope),
            [
                {"accreditation_id": accreditation.id, "test_item_id": item_id, "standard_id": standard_id}
                for item_id, standard_id in sorted(wanted)
            ],
        )
    audit.record(
        actor,
        now,
        "accreditation.set_scope",
        subject=("lab", accreditation.lab_id),
        before={"accreditation_id": accreditation.id, "scope": sorted(map(list, before))},
        after={"accreditation_id": accreditation.id, "scope": sorted(map(list, wanted))},
    )
    claim_anew(actor, now, [accreditation])
    return accreditation


def _values(accreditation: Accreditation) -> dict[str, object]:
    return {
        "accreditation_id": accreditation.id,
        "kind": accreditation.kind,
        "number": accreditation.number,
        "valid_from": accreditation.valid_from.isoformat(),
        "valid_to": accreditation.valid_to.isoformat(),
    }
