"""What clients type leads to the right test among the first three lines of the search page (`queries.yaml`)."""

import re
from datetime import date
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
import yaml
from flask import Flask
from flask.testing import FlaskClient

from labshare.catalogue.models import Accreditation, AccreditationScope, TestItem
from labshare.catalogue.rules.meaning import Concept, Vocabulary
from labshare.catalogue.services.index import rebuild_all
from labshare.catalogue.synonyms import shipped
from labshare.catalogue.terms import AccreditationKind
from labshare.demonstration.data.instruments import KIND
from labshare.demonstration.data.items import NORMS, TYPES
from labshare.kernel.database import db
from tests import factories as make

pytestmark = pytest.mark.slow

QUERIES = yaml.load(Path(__file__).with_name("queries.yaml").read_text(encoding="utf-8"), Loader=yaml.CSafeLoader)


@pytest.fixture
def county(app: Flask) -> None:
    """Every test of the county's data, in two forms, at two labs that have the first accredited."""
    make.working_year(2026)
    make.working_year(2027)
    standards = {norm.number: make.standard(norm.number, name=norm.name[0], name_en=norm.name[1]) for norm in NORMS}
    for norm in NORMS:
        if norm.replaced_by:
            old = standards[norm.number]
            old.superseded_by_id, old.superseded_from = standards[norm.replaced_by].id, norm.replaced_from
    for lab in (make.lab(name="新昌轴承检测中心", name_en="Bearing test centre"), make.lab(name="金属材料实验室")):
        marks = [
            make.add(
                Accreditation(
                    confirmed=True,
                    lab_id=lab.id,
                    kind=kind,
                    number="L1",
                    valid_from=date(2024, 1, 1),
                    valid_to=date(2029, 1, 1),
                )
            )
            for kind in AccreditationKind
        ]
        machines: dict[str, Any] = {}
        for kind in TYPES:
            for key in kind.kinds:
                if key not in machines:
                    told, model = KIND[key], KIND[key].models[0]
                    machines[key] = make.instrument(
                        lab,
                        name=f"{told.name[0]} {model.maker} {model.model}",
                        name_en=told.name[1],
                        model=model.model,
                        manufacturer=model.maker,
                        units=told.units[0],
                    )
            for zh, en in (kind.variants or (("", ""),))[:2]:
                hours = dict(zip(("hours_min", "hours_max", "hours_step"), kind.hours or (), strict=False))
                item = make.test_item(
                    *(machines[key] for key in kind.kinds),
                    name=f"{kind.name[0]}（{zh}）",
                    name_en=f"{kind.name[1]} ({en})",
                    category=kind.category,
                    attended=kind.attended,
                    max_quantity=kind.most,
                    sample_minutes=Decimal(kind.sample),
                    run_minutes=kind.run,
                    setup_minutes=kind.setup,
                    **hours,
                )
                item.standards = [standards[number] for number in kind.standards]
                for mark in marks if kind.key in ("rockwell", "vickers", "tensile") else ():
                    make.add(
                        AccreditationScope(
                            accreditation_id=mark.id, test_item_id=item.id, standard_id=item.standards[0].id
                        )
                    )
    rebuild_all()
    db.session.commit()


def bare(name: str) -> str:
    return name.partition("（")[0]


def lines(client: FlaskClient, typed: str) -> tuple[list[str], list[str]]:
    """The tests of a page's lines in their order: what was found, and what is near, below the line."""
    page = client.get("/search", query_string={"q": typed}, headers={"Accept-Language": "zh-CN"}).text
    found: tuple[list[str], list[str]] = ([], [])
    for kind, item_id in re.findall(r'<article class="offer([^"]*)".*?/test-items/(\d+)', page, re.S):
        found["near" in kind].append(bare(db.session.get_one(TestItem, int(item_id)).name))
    return found


def test_what_clients_type_leads_to_the_right_test(client: FlaskClient, county: None) -> None:
    """95 of 100 to the first line, all to one of the first three, none to nothing."""
    assert len(QUERIES["answered"]) >= 150
    later, wrong = {}, {}
    for query in QUERIES["answered"]:
        exact, near = lines(client, query["typed"])
        shown, expected = [*exact, *near][:3], set(map(bare, query["first"]))
        if not set(shown) & expected:
            wrong[query["typed"]] = shown
        elif shown[0] not in expected:
            later[query["typed"]] = shown
    assert wrong == {}
    assert len(later) <= 0.05 * len(QUERIES["answered"]), later


def test_what_nobody_does_is_not_found(client: FlaskClient, county: None) -> None:
    assert len(QUERIES["unanswered"]) >= 40
    wrong = {}
    for query in QUERIES["unanswered"]:
        exact, near = lines(client, query["typed"])
        never = query["never"]
        if exact or (near if never == "all" else set(near) & set(map(bare, never))):
            wrong[query["typed"]] = exact, near
    assert wrong == {}


def test_the_words_of_the_field_are_enough_and_do_not_contradict_each_other() -> None:
    concepts = Vocabulary(shipped()).concepts.values()
    assert sum(1 for one in concepts if one.kind in ("test", "instrument")) >= 60
    for one in concepts:
        assert one.source, one.key
        assert one.zh or one.short, one.key
    with pytest.raises(ValueError, match="belongs to a and to b"):
        Vocabulary([_concept("a", "盐雾"), _concept("b", "盐雾")])
    with pytest.raises(ValueError, match="finds what is not there"):
        Vocabulary([Concept(key="a", kind="test", zh=("盐雾",), en=(), short=(), finds=("c",), source="")])


def _concept(key: str, word: str) -> Concept:
    return Concept(key=key, kind="test", zh=(word,), en=(), short=(), finds=(), source="")
