"""Invented things for the page of components, each with what its component reads of the real one."""

from dataclasses import dataclass
from datetime import date, datetime, timedelta
from fractions import Fraction
from types import SimpleNamespace as Thing
from typing import Any

from labshare.booking.rules.price import Price
from labshare.booking.terms import ExtraKind
from labshare.catalogue.terms import FeeBasis
from labshare.kernel.money import Fen
from labshare.kernel.months import Month
from labshare.kernel.time import local_day
from labshare.organisations.links import Link
from labshare.organisations.terms import AffiliationKind, AffiliationSource, FirmRole, SizeClass
from labshare.rewards.queries.parts import Part
from labshare.rewards.terms import Reason, RunState
from labshare.settlement.terms import ReminderLevel
from labshare.web.public.items import Cell, Column


@dataclass(frozen=True)
class Samples:
    firms: tuple[Thing, Thing]
    affiliation: Thing
    touches: tuple[Thing, ...]
    booking: Thing
    terms: Thing
    price: Price
    columns: tuple[Column, ...]
    parts: tuple[Part, ...]
    line: Thing
    answer_by: datetime
    average: Thing
    rating: Thing
    answers: tuple[Thing, ...]
    photo: Thing
    own_price: Thing
    extras: tuple[Thing, ...]
    claims: tuple[Thing, ...]
    account: Thing
    pays_into: Thing
    letters: tuple[Thing, ...]
    team: Thing


def samples(now: datetime) -> Samples:
    """What the page shows at this moment."""
    today, month = local_day(now), Month.of(now)
    firms = (
        Thing(id=1, name="新昌县甲轴承有限公司", name_en="Jia Bearings"),
        Thing(id=2, name="新昌县乙轮毂有限公司", name_en="Yi Wheels"),
    )
    week = timedelta(days=7)
    link = Link(
        id=1,
        firm=1,
        other=2,
        kind=AffiliationKind.CONTROLS,
        valid_from=today - 8 * week,
        valid_to=None,
        recorded_at=now - 2 * week,
        declared_by=1,
    )
    affiliation = Thing(
        link=link,
        kind=link.kind,
        source=AffiliationSource.FIRM,
        valid_from=link.valid_from,
        valid_to=link.valid_to,
        recorded_at=link.recorded_at,
        declared_by_firm_id=1,
        note="同一实际控制人。",
        objected_at=now - week,
        objection="股份已转让。",
    )
    test_item = Thing(name="洛氏硬度（轴承套圈）", name_en="Rockwell hardness (bearing rings)")
    booking = Thing(ref="B-202611-7K3QX", lab_firm=firms[0], test_item=test_item)
    invoice = Thing(number="26330000000000000001")
    free: Any = Thing(units_free=1)
    return Samples(
        firms=firms,
        affiliation=affiliation,
        touches=(Thing(month=month.previous, lab="XC-001", entries=3, fen=168_000, reason=Reason.RELATED),),
        booking=booking,
        terms=Thing(late_cancel_percent=30, free_cancel_minutes=1_440, no_show_percent=50),
        price=Price(
            basis=FeeBasis.SAMPLE,
            units=Fraction(3),
            amount_fen=Fen(12_000),
            product_fen=Fen(36_000),
            minimum_fen=Fen(40_000),
        ),
        columns=tuple(
            Column(
                today + timedelta(days=n),
                tuple(Cell(starts_at=now + timedelta(days=n, hours=hour), last=now, slot=free) for hour in range(3))
                if n % 3
                else (),
                "—",
            )
            for n in range(1, 6)
        ),
        parts=(
            Part(month.previous, 120_000, RunState.CALCULATED, None),
            Part(month, 48_000, None, None),
        ),
        line=Thing(payable_fen=168_000, entitlement_ytd_fen=1_168_000, opening_fen=0),
        answer_by=now + timedelta(days=2),
        average=Thing(
            overall=Fraction(23, 5), result=Fraction(24, 5), service=Fraction(23, 5), time=Fraction(22, 5), count=12
        ),
        rating=Thing(
            mean=Fraction(14, 3),
            test_item=test_item,
            booking=Thing(client_size=SizeClass.SMALL),
            given_on=today,
            text="报告比承诺的早一天。",
            answer="谢谢，欢迎再来。",
        ),
        answers=(
            Thing(label="材料牌号", label_en="Material", value="GCr15", value_en="", unit="", file=None),
            Thing(label="硬度要求", label_en="Hardness wanted", value="60", value_en="", unit="HRC", file=None),
        ),
        photo=Thing(
            id=0,
            small=Thing(mark="0" * 16),
            large=Thing(mark="0" * 16),
            width=1600,
            height=1200,
            words="硬度试验室全景",
            words_en="The hardness laboratory",
        ),
        own_price=Thing(own_reason=""),
        claims=(
            Thing(id=1, test_item_id=1, subject=test_item),
            Thing(
                id=2,
                instrument_id=1,
                value_fen=86_000_000,
                needs_proof=True,
                subject=Thing(id=2, name="洛氏硬度计", name_en="Rockwell tester", model="HR-150", class_code="010501"),
            ),
        ),
        extras=tuple(Thing(kind=kind, quantity=2, minutes=90, test_item=test_item) for kind in ExtraKind),
        pays_into=Thing(number="3305 0165 6500 0000 0012"),
        account=Thing(
            since=month.first_day,
            opening_fen=0,
            lines=(
                Thing(
                    document=Thing(text=invoice.number, day=today - 6 * week, booking=booking),
                    invoiced_fen=36_000,
                    paid_fen=None,
                    balance_fen=36_000,
                ),
            ),
            invoiced_fen=36_000,
            paid_fen=0,
            closing_fen=36_000,
            overdue=(
                Thing(
                    number=invoice.number,
                    issued_on=today - 6 * week,
                    due_on=today - week,
                    booking=booking,
                    left_fen=36_000,
                ),
            ),
            overdue_fen=36_000,
            overdue_since=today - week,
        ),
        letters=(
            Thing(
                id=1,
                level=ReminderLevel.FIRST,
                sent_on=today,
                invoices=(Thing(invoice=invoice),),
                pay_by=today + week,
                left_fen=36_000,
            ),
        ),
        team=_team(today),
    )


def _team(day: date) -> Thing:
    """One person, authorised for one instrument of a lab by a manager."""
    lab = Thing(name="硬度试验室", name_en="Hardness laboratory")
    held = Thing(
        instrument=Thing(name="洛氏硬度计", name_en="Rockwell hardness tester"),
        valid_from=day,
        valid_to=day + timedelta(days=20),
        paper="SQ-2026-018",
        by_manager=True,
        recorder=Thing(name="张伟"),
        lasts_to=lambda _day: True,
        ahead_on=lambda _day: False,
    )
    member = Thing(id=1, person_id=1, role=FirmRole.LAB_MANAGER, person=Thing(name="李敏"))
    place = Thing(lab=lab, held=(held,), free=2, closed=1)
    return Thing(
        day=day, labs=(lab,), mates=(Thing(member=member, works=True, places=(place,)),), ends=lambda _one: True
    )
