"""The search index: what is looked through when somebody types. Rebuilt for a whole lab at a time, since an
instrument's name is also found at its test items. No verb of its own: it follows from the others."""

from collections.abc import Sequence
from functools import lru_cache
from typing import Any

from sqlalchemy import delete, insert, select
from sqlalchemy.orm import joinedload, selectinload

from labshare.catalogue.models import Instrument, Lab, SearchEntry, Standard, TestItem, TestItemStandard
from labshare.catalogue.rules import text as spelling
from labshare.catalogue.terms import SearchKind
from labshare.kernel.database import db
from labshare.organisations.divisions import town_of


@lru_cache(maxsize=4096)
def pinyin(name: str) -> str:
    """盐雾试验 → yanwushiyan; other letters stay."""
    from pypinyin import lazy_pinyin  # 54 MB of phrases, which only who changes the catalogue needs

    return "".join(lazy_pinyin(name))


@lru_cache(maxsize=4096)
def initials(name: str) -> str:
    """盐雾试验 → ywsy."""
    from pypinyin import Style, lazy_pinyin

    return "".join(lazy_pinyin(name, style=Style.FIRST_LETTER))


def _entry(
    kind: SearchKind, target_id: int, lab: Lab, name: str, name_en: str | None, fields: Sequence[str | None]
) -> dict[str, Any]:
    text, grams = spelling.entry([name, name_en], fields, pinyin(name), initials(name))
    return {
        "kind": kind,
        "target_id": target_id,
        "lab_id": lab.id,
        "sort_key": pinyin(name).casefold()[:200],
        "text": text,
        "grams": grams,
    }


def rebuild_lab(lab_id: int) -> None:
    """Write the entries of one lab, its instruments and test items anew. Six statements."""
    _rebuild([lab_id])


def rebuild_labs_with_standard(standard_id: int) -> None:
    """After a standard was named or replaced."""
    labs = select(TestItem.lab_id).join(TestItemStandard, TestItemStandard.test_item_id == TestItem.id)
    _rebuild(sorted(set(db.session.scalars(labs.where(TestItemStandard.standard_id == standard_id)))))


def rebuild_all() -> None:
    """Write the whole index anew: after rows were loaded other than by services. In pieces of a hundred labs."""
    db.session.flush()
    ids = list(db.session.scalars(select(Lab.id).order_by(Lab.id)))
    for at in range(0, len(ids), 100):
        _rebuild(ids[at : at + 100])


def rebuild_where_missing() -> None:
    """Write the entries of labs that have none: after an upgrade that changed what an entry looks like."""
    missing = select(Lab.id).where(~select(SearchEntry.id).where(SearchEntry.lab_id == Lab.id).exists())
    ids = list(db.session.scalars(missing.order_by(Lab.id)))
    for at in range(0, len(ids), 100):
        _rebuild(ids[at : at + 100])


def _rebuild(lab_ids: list[int]) -> None:
    if not lab_ids:
        return
    db.session.flush()
    known = select(Lab).options(joinedload(Lab.firm)).where(Lab.id.in_(lab_ids)).order_by(Lab.id)
    labs = {lab.id: lab for lab in db.session.scalars(known)}
    instruments = db.session.scalars(
        select(Instrument).where(Instrument.lab_id.in_(lab_ids)).order_by(Instrument.id)
    ).all()
    items = (
        db.session.scalars(
            select(TestItem)
            .options(selectinload(TestItem.standards), selectinload(TestItem.instruments))
            .where(TestItem.lab_id.in_(lab_ids))
            .order_by(TestItem.id)
            .execution_options(populate_existing=True)
        )
        .unique()
        .all()
    )
    replaced = _replaced_numbers({standard.id for item in items for standard in item.standards})
    of_instrument: dict[int, list[TestItem]] = {}
    for item in items:
        for instrument in item.instruments:
            of_instrument.setdefault(instrument.id, []).append(item)

    entries = [_of_lab(lab) for lab in labs.values()]
    entries += [_of_item(item, labs[item.lab_id], replaced) for item in items]
    entries += [_of_instrument(one, labs[one.lab_id], of_instrument.get(one.id, []), replaced) for one in instruments]
    db.session.execute(delete(SearchEntry).where(SearchEntry.lab_id.in_(lab_ids)))
    if entries:
        db.session.execute(insert(SearchEntry), entries)


def _replaced_numbers(ids: set[int]) -> dict[int, list[str]]:
    """The numbers that each standard has directly replaced: who types the old one finds the new one's tests."""
    numbers: dict[int, list[str]] = {}
    for successor, number in db.session.execute(
        select(Standard.superseded_by_id, Standard.number)
        .where(Standard.superseded_by_id.in_(ids))
        .order_by(Standard.id)
    ):
        if successor is not None:
            numbers.setdefault(successor, []).append(number)
    return numbers


def _of_lab(lab: Lab) -> dict[str, Any]:
    town = town_of(lab.town)
    return _entry(
        SearchKind.LAB,
        lab.id,
        lab,
        lab.name,
        lab.name_en,
        [
            lab.firm.name,
            lab.firm.name_en,
            lab.code,
            lab.address,
            lab.address_en,
            town.name if town else None,
            town.name_en if town else None,
        ],
    )


def _standards(item: TestItem, replaced: dict[int, list[str]]) -> list[str | None]:
    fields: list[str | None] = []
    for standard in item.standards:
        fields += [standard.number, *replaced.get(standard.id, ()), standard.name, standard.name_en]
    return fields


def _of_item(item: TestItem, lab: Lab, replaced: dict[int, list[str]]) -> dict[str, Any]:
    """Without the lab's name: a 轴承检测中心 does not do everything with bearings."""
    fields = _standards(item, replaced)
    for instrument in item.instruments:
        fields += [instrument.name, instrument.name_en, instrument.model, instrument.manufacturer]
    return _entry(SearchKind.TEST_ITEM, item.id, lab, item.name, item.name_en, fields)


def _of_instrument(
    instrument: Instrument, lab: Lab, items: list[TestItem], replaced: dict[int, list[str]]
) -> dict[str, Any]:
    fields: list[str | None] = [instrument.model, instrument.manufacturer]
    for item in items:
        fields += [item.name, item.name_en, *_standards(item, replaced)]
    return _entry(SearchKind.INSTRUMENT, instrument.id, lab, instrument.name, instrument.name_en, fields)
