"""Makers of rows for tests: small, honest defaults; say only what the test is about.

Each adds the row to the session and flushes, so that it has its id; none commits. They write rows, not history: what
a test needs as *history* (bookings with their events) it makes through the services.
"""

import itertools
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from typing import Any

from labshare.accounts.models import Person
from labshare.booking.models import ALWAYS, OpeningWeek, WorkingYear
from labshare.catalogue.claims import Claim
from labshare.catalogue.models import (
    Calibration,
    Fee,
    Instrument,
    InstrumentUnit,
    Lab,
    LabAdmission,
    Standard,
    StandardProposal,
    TestItem,
)
from labshare.kernel.actor import Actor
from labshare.kernel.database import db
from labshare.kernel.sealing import equal_digest, seal
from labshare.kernel.terms import OfficialRole
from labshare.organisations.bank_accounts import BankAccount, account_ends, compact, place_of
from labshare.organisations.models import Affiliation, Firm, FirmSize, Membership, RegulatorRole
from labshare.rewards.assessments import Assessment, AssessmentList
from labshare.settlement.models import Invoice, StoredFile
from labshare.settlement.reminders import RemindedInvoice, Reminder
from labshare.settlement.terms import ReminderLevel

_count = itertools.count(1)
LONG_AGO = datetime(2025, 1, 1, tzinfo=UTC)
ALPHABET = "0123456789ABCDEFGHJKLMNPQRTUWXY"


def add(row: Any) -> Any:
    db.session.add(row)
    db.session.flush()
    return row


def credit_code(number: int, division: str = "330624") -> str:
    """A valid unified social credit code (GB 32100) of an invented enterprise."""
    body = f"91{division}{number:09d}"
    weights = [pow(3, i, 31) for i in range(17)]
    total = sum(ALPHABET.index(c) * w for c, w in zip(body, weights, strict=True))
    return body + ALPHABET[(31 - total % 31) % 31]


def person(**given: Any) -> Person:
    n = next(_count)
    return add(
        Person(
            **{
                "email": f"person{n}@test.example",
                "name": f"人{n}",
                "created_at": LONG_AGO,
                "email_confirmed_at": LONG_AGO,
                **given,
            }
        )
    )


def firm(**given: Any) -> Firm:
    """A verified small industrial enterprise of the county."""
    n = next(_count)
    return add(
        Firm(
            **{
                "uscc": credit_code(n),
                "name": f"企业{n}",
                "name_en": f"Firm {n}",
                "kind": "enterprise",
                "division": "330624",
                "town": "330624001",
                "sector": "industry",
                "size_class": "small",
                "created_at": LONG_AGO,
                "verified_at": LONG_AGO,
                **given,
            }
        )
    )


def bank_account(of: Firm, number: str = "1211 0240 0920 1234 567", **given: Any) -> BankAccount:
    """Where the firm is paid; it counts since long ago."""
    since = given.pop("counts_from", LONG_AGO.date())
    said = {
        "sealed": seal(number, bound_to=place_of(of.id, since)),
        "digest": equal_digest(compact(number)),
        "ends": account_ends(number),
        "entered_at": LONG_AGO,
        "entered_on": LONG_AGO.date(),
    }
    return add(BankAccount(**{"firm_id": of.id, "counts_from": since, **said, **given}))


def firm_size(of: Firm, size_class: str = "micro", **given: Any) -> FirmSize:
    """Figures that wait for an administrator."""
    said = {"year": 2025, "employees": 4, "revenue_fen": 900_000_000, "sector": of.sector, "size_class": size_class}
    return add(FirmSize(**{"firm_id": of.id, "declared_at": LONG_AGO, **said, **given}))


def member(of: Firm, role: str = "owner", **given: Any) -> Person:
    someone = person(**given)
    add(Membership(person_id=someone.id, firm_id=of.id, role=role, started_at=LONG_AGO))
    return someone


def stored_file(**given: Any) -> StoredFile:
    """A paper that somebody uploaded; nothing lies on the disk."""
    kept = {"sha256": f"{next(_count):064x}", "name": "证明.pdf", "content_type": "application/pdf", "size": 1}
    return add(StoredFile(**{**kept, "uploaded_at": LONG_AGO, **given}))


def regulator(role: str, division: str = "", **given: Any) -> Person:
    """For the whole platform, or the division of this code prefix."""
    someone = person(**given)
    add(RegulatorRole(person_id=someone.id, role=role, division=division, proposed_at=LONG_AGO, agreed_at=LONG_AGO))
    return someone


def affiliation(
    one: Firm, other: Firm, kind: str = "family", since: date = date(2025, 1, 1), **given: Any
) -> Affiliation:
    """Found by an inspection long ago; with `declared_by` a firm, declared by it and by nobody answered."""
    declared_by = given.pop("declared_by", None)
    by = given.pop("entered_by", None) or person().id
    found = {"source": "inspection", "confirmed_at": LONG_AGO, "confirmed_by": by, "confirmed_source": "inspection"}
    if declared_by is not None:
        found = {"source": "firm", "declared_by_firm_id": declared_by.id}
    return add(
        Affiliation(
            **{
                "firm_id": one.id,
                "other_firm_id": other.id,
                "kind": kind,
                "valid_from": since,
                "entered_by": by,
                "recorded_at": LONG_AGO,
                **found,
                **given,
            }
        )
    )


def actor(someone: Person, of: Firm | None = None, *roles: str, division: str = "") -> Actor:
    """Act as this person, for this firm, in these roles; regulators' ones for this division."""
    return Actor(
        person_id=someone.id,
        firm_id=of.id if of else None,
        roles=frozenset(roles),
        divisions=frozenset((role, division) for role in roles if OfficialRole.known(role)),
    )


def lab(
    of: Firm | None = None,
    *,
    hours: tuple[tuple[int, int], ...] = ((8, 17),),
    admitted: bool = True,
    **given: Any,
) -> Lab:
    """A published, admitted lab that confirms by hand, open on weekdays at these hours."""
    n = next(_count)
    of = of or firm(size_class="large")
    made = add(
        Lab(
            **{
                "code": f"XC-{n:03d}",
                "firm_id": of.id,
                "name": f"实验室{n}",
                "name_en": f"Lab {n}",
                "division": of.division,
                "town": of.town,
                "state": "published",
                "created_at": LONG_AGO,
                "published_at": LONG_AGO,
                "first_published_at": LONG_AGO,
                **given,
            }
        )
    )
    if hours:
        day = [[opens * 60, closes * 60] for opens, closes in hours]
        add(OpeningWeek(lab_id=made.id, valid_from=ALWAYS, weekly=[day] * 5 + [[], []]))
    if admitted:
        admission(made)
    return made


def grade(of: Lab, grade: str, effective_month: str, *, year: int = 2025, at: datetime = LONG_AGO) -> Assessment:
    """A lab's grade on a list of its own, entered by one person and confirmed by another at this moment."""
    enterer, confirmer = person(), person()
    on = add(
        AssessmentList(
            division=of.division,
            year=year,
            effective_month=effective_month,
            state="draft",
            entered_by=enterer.id,
            entered_at=at,
        )
    )
    on.state, on.handed_over_by, on.handed_over_at = "handed_over", enterer.id, at
    db.session.flush()
    made = add(Assessment(list_id=on.id, lab_id=of.id, grade=grade, reason="考核得分", confirmed_at=at))
    on.state, on.confirmed_by, on.confirmed_at = "confirmed", confirmer.id, at
    db.session.flush()
    return made


def admission(of: Lab, since: date = date(2025, 1, 1), until: date | None = None, **given: Any) -> LabAdmission:
    """An open lab of its town's county from `since` on; `until` is the first day on which it is none."""
    return add(
        LabAdmission(
            **{
                "lab_id": of.id,
                "division": of.division,
                "admitted_from": since,
                "suspended_from": until,
                "entered_at": LONG_AGO,
                "confirmed_at": LONG_AGO,
                "suspended_at": LONG_AGO if until else None,
                **given,
            }
        )
    )


def working_year(year: int = 2026) -> WorkingYear:
    """The year's working days are known (no holidays unless the test adds them)."""
    return add(WorkingYear(year=year, source="test", confirmed_at=LONG_AGO))


def instrument(
    at: Lab, *, calibrated: tuple[date, date] | None = (date(2025, 1, 1), date(2030, 12, 31)), **given: Any
) -> Instrument:
    n = next(_count)
    made = add(
        Instrument(
            **{
                "lab_id": at.id,
                "inner_id": f"A{n}",
                "name": f"仪器{n}",
                "name_en": f"Instrument {n}",
                "original_value_fen": 50_000_000,
                "confirmed_value_fen": 50_000_000,
                "state": "published",
                "created_at": LONG_AGO,
                **given,
            }
        )
    )
    for unit in range(1, made.units + 1):
        add(InstrumentUnit(instrument_id=made.id, unit=unit))
    if calibrated:
        add(
            Calibration(
                instrument_id=made.id,
                certificate=f"C{n}",
                valid_from=calibrated[0],
                valid_to=calibrated[1],
            )
        )
    return made


def standard_proposal(firm: Firm, number: str | None = None, **given: Any) -> StandardProposal:
    number = number or f"GB/T {next(_count)}-2026"
    return add(
        StandardProposal(
            **{
                "firm_id": firm.id,
                "proposed_at": LONG_AGO,
                "number": number,
                "search_number": number.replace(" ", "").upper(),
                "name": number,
                **given,
            }
        )
    )


def standard(number: str | None = None, **given: Any) -> Standard:
    number = number or f"GB/T {next(_count)}-2021"
    return add(
        Standard(
            **{
                "number": number,
                "search_number": number.replace(" ", "").upper(),
                "name": number,
                **given,
            }
        )
    )


def test_item(
    on: Instrument,
    *more: Instrument,
    by: Standard | None = None,
    fee_fen: int = 10_000,
    basis: str = "sample",
    minimum_fen: int = 0,
    **given: Any,
) -> TestItem:
    """A published attended test of an hour a sample, 100.00 yuan a sample since 2025."""
    n = next(_count)
    made = TestItem(
        **{
            "lab_id": on.lab_id,
            "name": f"检测{n}",
            "name_en": f"Test {n}",
            "category": "mechanics",
            "sample_minutes": Decimal(60),
            "max_quantity": 20,
            "confirmed_voluntary": True,
            "state": "published",
            "created_at": LONG_AGO,
            "published_at": LONG_AGO,
            **given,
        }
    )
    made.instruments = [on, *more]
    made.standards = [by] if by else []
    add(made)
    add(
        Fee(
            test_item_id=made.id,
            basis=basis,
            amount_fen=fee_fen,
            minimum_fen=minimum_fen,
            valid_from=date(2025, 1, 1),
            created_at=LONG_AGO,
        )
    )
    return made


test_item.__test__ = False  # type: ignore[attr-defined]


def claim(of: Instrument, *, value_fen: int = 60_000_000, **given: Any) -> Claim:
    """An instrument's value, said with its proof, that waits for an officer."""
    proof = given.pop("proof_id", None) or stored_file().id
    said = {
        "lab_id": of.lab_id,
        "kind": "original_value",
        "instrument_id": of.id,
        "value_fen": value_fen,
        "made_at": LONG_AGO,
    }
    return add(Claim(**{"proof_id": proof, **said, **given}))


def reminder(invoice_id: int, *, sent_on: date) -> Reminder:
    """A letter over this invoice alone, with ten days to pay."""
    invoice = db.session.get_one(Invoice, invoice_id)
    letter = add(
        Reminder(
            lab_firm_id=invoice.seller_firm_id,
            client_firm_id=invoice.client_firm_id,
            sent_on=sent_on,
            pay_by=sent_on + timedelta(days=10),
            sent_at=LONG_AGO,
        )
    )
    add(
        RemindedInvoice(
            reminder_id=letter.id, invoice_id=invoice_id, sent_on=sent_on, level=ReminderLevel.FIRST, left_fen=10_000
        )
    )
    return letter
