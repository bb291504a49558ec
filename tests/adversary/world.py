"""The world that the adversary plays in, and the truth about it: what officers know and the product is only told.

Three firms with labs: the first has one open lab and one that never was admitted, the third's is in another county. Two
clients: one small and nobody's relation, one that is the second firm's relation. And a stranger: a large firm of
another county that the first firm controls. Whoever plays may rename, move, declare and edit as they like; what is true
stays.
"""

import shutil
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date
from typing import Any

import psycopg
from sqlalchemy import text

from labshare.booking.models import ALWAYS, OpeningWeek
from labshare.kernel.actor import Actor
from labshare.kernel.database import db, transaction
from labshare.kernel.terms import OfficialRole
from labshare.organisations.models import Firm
from labshare.organisations.terms import FirmRole
from labshare.rewards.services import draft_policy, publish_policy
from labshare.settlement.files import TakenFile
from tests import factories as make
from tests.conftest import TestDatabase
from tests.rewards.reading import policy_json
from tests.settlement.world import taken

BEGIN = "2026-10-12 09:00"
FIRST_MONTH = "2026-10"
COUNTY, ELSEWHERE = "330624", "330681"
ROLES = (FirmRole.OWNER, FirmRole.LAB_MANAGER, FirmRole.ACCOUNTANT, FirmRole.BOOKER)
HOSTS, CLIENTS, STRANGER = ("first", "second", "third"), ("small", "kin"), "stranger"
FIRMS = (*HOSTS, *CLIENTS, STRANGER)

GOOD_MODEL, CHEAP_MODEL = "TM-9000", "XS-10"
LEAST_VALUE = 10_000_000
FREE_NAME, STATUTORY_NAME = "拉伸试验", "强制检定"
FEE = 1_000_000
TRUE_PAYER = make.credit_code(424_242)
"""A client's mother firm that truly pays for it: the one third party whom an officer accepts."""
FALSE_PAYER = make.credit_code(434_343)


def true_value(model: str) -> int:
    """What an instrument of this model truly cost; whatever is not that one is cheap."""
    return 60_000_000 if model == GOOD_MODEL else 900_000


def truly_statutory(name: str) -> bool:
    """Whether the law prescribes the test that has this name."""
    return STATUTORY_NAME in name


@dataclass(frozen=True)
class TrueFirm:
    size: str | None
    division: str
    employees: int
    revenue_fen: int


TRUE_FIRMS: Mapping[str, TrueFirm] = {
    "first": TrueFirm("large", COUNTY, 2_000, 5_000_000_000_00),
    "second": TrueFirm("medium", COUNTY, 400, 3_000_000_000),
    "third": TrueFirm("medium", ELSEWHERE, 400, 3_000_000_000),
    "small": TrueFirm("small", COUNTY, 30, 400_000_000),
    "kin": TrueFirm("small", COUNTY, 30, 400_000_000),
    "stranger": TrueFirm("large", ELSEWHERE, 2_000, 5_000_000_000_00),
}
TRUE_LINKS = (("second", "kin", "family"), ("first", "stranger", "controls"))
"""An officer found both: the first confirmed what the client had declared, the other entered."""
TERMS: Mapping[str, Mapping[str, Any]] = {
    "by lab": {"caps.lab_year_fen": 700_000, "caps.firm_year_fen": 900_000},
    "by instrument": {
        "unit": "instrument",
        "caps.instrument_year_fen": 400_000,
        "tax": "excluded",
        "clients.divisions": [COUNTY],
    },
    "by firm": {"unit": "firm", "bands.kind": "highest", "clients.divisions": [COUNTY]},
    "on a budget": {"caps.lab_year_fen": 500_000, "budget_year_fen": 600_000},
    "without caps": {},
}
"""Kinds of policies that a sequence draws from."""


@dataclass
class World:
    """Ids and actors alone: rows of one sequence are gone in the next."""

    firms: dict[str, int] = field(default_factory=dict)
    codes: dict[str, str] = field(default_factory=dict)
    """Firm → credit code."""
    labs: dict[str, int] = field(default_factory=dict)
    items: dict[str, int] = field(default_factory=dict)
    """`open`, `statutory`, `cheap` of the first firm's lab; `never`, `second`, `third` of the others."""
    actors: dict[tuple[str, str], Actor] = field(default_factory=dict)
    officers: dict[str, Actor] = field(default_factory=dict)
    files: list[TakenFile] = field(default_factory=list)
    proof_id: int = 0

    def host_of(self, item: str) -> str:
        return item if item in HOSTS else "first"

    def firm_name(self, firm_id: int) -> str | None:
        return next((name for name, known in self.firms.items() if known == firm_id), None)


def build() -> World:
    """In the present database, committed."""
    world = World(files=[taken()])
    with transaction():
        for year in (2026, 2027):
            make.working_year(year)
        rows = {}
        for name, true in TRUE_FIRMS.items():
            firm = make.firm(
                size_class=true.size,
                division=true.division,
                town=None,
                name=name,
                legal_person="某人",
                registered_on=date(2015, 1, 1),
            )
            make.firm_size(
                firm,
                true.size,
                employees=true.employees,
                revenue_fen=true.revenue_fen,
                valid_from=date(2025, 1, 1),
                confirmed_at=make.LONG_AGO,
            )
            rows[name], world.firms[name], world.codes[name] = firm, firm.id, firm.uscc
            for role in ROLES:
                world.actors[name, role] = make.actor(make.member(firm, role), firm, role)
        for one, other, kind in TRUE_LINKS:
            confirmed = {
                "confirmed_at": make.LONG_AGO,
                "confirmed_by": make.person().id,
                "confirmed_source": "inspection",
            }
            declared = {"declared_by": rows[other], **confirmed} if kind == "family" else {}
            make.affiliation(rows[one], rows[other], kind, **declared)
        for role in (OfficialRole.OFFICER, OfficialRole.APPROVER, OfficialRole.ADMIN):
            world.officers[role] = make.actor(make.regulator(role), None, role)
        _labs(world, rows)
        world.proof_id = make.stored_file().id
    return world


def _labs(world: World, rows: Mapping[str, Firm]) -> None:
    def lab(name: str, host: str, **given: Any) -> Any:
        said = {"name": name, "town": f"{rows[host].division}001", "address": "工业大道 8 号", "phone": "0575-1"}
        made = make.lab(rows[host], hours=(), automatic_confirmation=name != "open", **said, **given)
        make.add(OpeningWeek(lab_id=made.id, valid_from=ALWAYS, weekly=[[[0, 1440]]] * 7))
        world.labs[name] = made.id
        return made

    def item(key: str, at: Any, *models: str, name: str = FREE_NAME) -> None:
        instruments = [
            make.instrument(
                at,
                units=3,
                calibrated=None,
                needs_calibration=False,
                model=model,
                manufacturer="试验机厂",
                begin_date=date(2020, 1, 1),
                sharing="outside",
                original_value_fen=true_value(model),
                confirmed_value_fen=true_value(model),
            )
            for model in models or (GOOD_MODEL,)
        ]
        statutory = truly_statutory(name)
        made = make.test_item(
            *instruments,
            fee_fen=FEE,
            name=name,
            statutory=statutory,
            confirmed_voluntary=not statutory,
            sample_requirement="三件",
            late_cancel_percent=50,
            no_show_percent=100,
        )
        world.items[key] = made.id

    first = lab("open", "first")
    item("open", first, GOOD_MODEL, CHEAP_MODEL)
    item("statutory", first, name=STATUTORY_NAME)
    item("cheap", first, CHEAP_MODEL)
    item("never", lab("never", "first", admitted=False))
    item("second", lab("second", "second"))
    item("third", lab("third", "third"))


def put_policies(world: World, terms: str, now: Any) -> dict[str, dict[str, Any]]:
    """Both counties' policies of this kind, published. By division."""
    documents = {}
    for division in (COUNTY, ELSEWHERE):
        given = {
            "division": division,
            "effective_from": FIRST_MONTH,
            "instruments.min_original_value_fen": LEAST_VALUE,
            "bands.steps": [{"from_fen": 0, "rate": "0.10"}, {"from_fen": 2_000_000, "rate": "0.20"}],
            "publicity_working_days": 2,
            **TERMS[terms],
        }
        document = policy_json(**given)
        with transaction():
            drafted = draft_policy(actor=world.officers["officer"], now=now, document=document)
            publish_policy(actor=world.officers["approver"], now=now, policy_id=drafted.id)
        documents[division] = document
    return documents


# --- one database a sequence -------------------------------------------------------------------------------------


class Copies:
    """The world's database, kept aside and copied before each sequence."""

    def __init__(self, database: TestDatabase) -> None:
        self.database = database
        db.session.remove()
        db.engine.dispose()
        if database.server:
            self._administer("ALTER DATABASE labshare RENAME TO labshare_world")
        else:
            with db.engine.connect() as connection:
                connection.execute(text("PRAGMA wal_checkpoint(TRUNCATE)"))
            db.engine.dispose()
            shutil.copyfile(database.file, database.folder / "world.db")

    def renew(self) -> None:
        db.session.remove()
        db.engine.dispose()
        if self.database.server:
            self._administer(
                "DROP DATABASE IF EXISTS labshare WITH (FORCE)",
                "CREATE DATABASE labshare TEMPLATE labshare_world STRATEGY FILE_COPY",
            )
        else:
            for leftover in self.database.folder.glob("labshare.db*"):
                leftover.unlink()
            shutil.copyfile(self.database.folder / "world.db", self.database.file)

    def close(self) -> None:
        db.session.remove()
        db.engine.dispose()
        if self.database.server:
            self.renew()
            self._administer("DROP DATABASE labshare_world WITH (FORCE)")

    def _administer(self, *statements: str) -> None:
        with psycopg.connect(self.database.libpq("postgres"), autocommit=True) as connection:
            for statement in statements:
                connection.execute(statement)  # type: ignore[call-overload]
