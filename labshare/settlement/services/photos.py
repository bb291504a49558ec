"""Photos on the page of a lab (docs/rules.md, R-LAB)."""

from collections.abc import Iterator
from datetime import datetime

from flask_babel import lazy_gettext as _l
from sqlalchemy import select

from labshare.audit.services import record
from labshare.catalogue.errors import Required, TooLongText
from labshare.catalogue.models import Lab
from labshare.catalogue.services.common import own_lab
from labshare.kernel.actor import Actor
from labshare.kernel.database import db, take_turn
from labshare.kernel.errors import Problem, raise_all
from labshare.kernel.verbs import verb
from labshare.settlement.errors import FileMissing, TooManyPhotos
from labshare.settlement.files import TakenPhoto, store
from labshare.settlement.models import LabPhoto
from labshare.settlement.queries.photos import get_photo, photos_of
from labshare.settlement.terms import PHOTOS_AT_MOST

WORDS_LENGTH, WORDS_EN_LENGTH = 120, 200


@verb("lab.add_photo", title=_l("Photo added"))
def add_photo(
    *, actor: Actor, now: datetime, lab_id: int, photo: TakenPhoto | None, words: str, words_en: str = ""
) -> LabPhoto:
    """Put a photo behind those of the lab, with words for whoever does not see it (R-LAB-2).

    Raises `NotFound`, `NotAllowed`, `TooManyPhotos`, `FileMissing`, what `take_photo` found, `Required`, `TooLongText`.
    """
    lab = _turn_of(own_lab(actor, lab_id))
    words, words_en = _one_line(words), _one_line(words_en)
    before = photos_of(lab.id)
    if len(before) >= PHOTOS_AT_MOST:
        raise TooManyPhotos(n=PHOTOS_AT_MOST)
    raise_all([*_problems(photo, words, words_en)])
    if photo is None:
        raise FileMissing("photo")
    added = LabPhoto(
        lab_id=lab.id,
        place=len(before) + 1,
        large_id=store(photo.large, actor=actor, now=now).id,
        small_id=store(photo.small, actor=actor, now=now).id,
        width=photo.width,
        height=photo.height,
        words=words,
        words_en=words_en,
    )
    db.session.add(added)
    db.session.flush()
    record(actor, now, "lab.add_photo", ("lab", lab.id), after={"photo": words, "place": added.place})
    return added


def _problems(photo: TakenPhoto | None, words: str, words_en: str) -> Iterator[Problem]:
    if photo is not None and photo.problem is not None:
        yield photo.problem
    if not words:
        yield Required("words")
    for name, text, most in (("words", words, WORDS_LENGTH), ("words_en", words_en, WORDS_EN_LENGTH)):
        if len(text) > most:
            yield TooLongText(name, max=most)


@verb("lab.move_photo", title=_l("Photo moved"))
def move_photo(*, actor: Actor, now: datetime, photo_id: int, up: bool) -> LabPhoto:
    """Change places with the photo before it (`up`) or behind it; the first and the last stay where they are.

    Raises `NotFound`, `NotAllowed`.
    """
    moved, others = _own_photo(actor, photo_id)
    place = moved.place
    other = next((one for one in others if one.place == place + (-1 if up else 1)), None)
    if other is None:
        return moved
    for photo, new in ((moved, 0), (other, place), (moved, other.place)):  # no two have one place at any moment
        photo.place = new
        db.session.flush()
    record(
        actor,
        now,
        "lab.move_photo",
        ("lab", moved.lab_id),
        before={"photo": moved.words, "place": place},
        after={"place": moved.place},
    )
    return moved


@verb("lab.remove_photo", title=_l("Photo removed"))
def remove_photo(*, actor: Actor, now: datetime, photo_id: int) -> Lab:
    """Take a photo away, with both its files; those behind it move up. Raises `NotFound`, `NotAllowed`."""
    removed, others = _own_photo(actor, photo_id)
    lab, place, files = own_lab(actor, removed.lab_id), removed.place, (removed.large, removed.small)
    record(actor, now, "lab.remove_photo", ("lab", lab.id), before={"photo": removed.words, "place": place})
    for row in (removed, *files):
        db.session.delete(row)
        db.session.flush()
    for other in others:
        if other.place > place:
            other.place -= 1
            db.session.flush()
    return lab


def _own_photo(actor: Actor, photo_id: int) -> tuple[LabPhoto, list[LabPhoto]]:
    """The photo and the lab's others in their order, as they stand now that nobody else changes them."""
    _turn_of(own_lab(actor, get_photo(photo_id).lab_id))
    photo = db.session.get(LabPhoto, photo_id, populate_existing=True)
    if photo is None:  # removed meanwhile
        return get_photo(photo_id), []
    return photo, [one for one in photos_of(photo.lab_id) if one is not photo]


def _turn_of(lab: Lab) -> Lab:
    """One change of a lab's photos at a time."""
    take_turn()
    db.session.execute(select(Lab.id).where(Lab.id == lab.id).with_for_update())
    return lab


def _one_line(text: str) -> str:
    return " ".join(text.split())
