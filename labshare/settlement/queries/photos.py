"""Photos of labs."""

from collections.abc import Sequence

from sqlalchemy import or_, select
from sqlalchemy.orm import joinedload

from labshare.catalogue.models import Lab
from labshare.catalogue.queries.single import get_lab
from labshare.kernel.actor import Actor
from labshare.kernel.database import db
from labshare.kernel.errors import NotFound
from labshare.settlement.models import MARK, LabPhoto, StoredFile


def photos_of(lab_id: int) -> Sequence[LabPhoto]:
    """A lab's photos in their order, with both files. One statement."""
    return db.session.scalars(
        select(LabPhoto)
        .where(LabPhoto.lab_id == lab_id)
        .options(joinedload(LabPhoto.large), joinedload(LabPhoto.small))
        .order_by(LabPhoto.place)
    ).all()


def get_photo(photo_id: int) -> LabPhoto:
    """Whoever calls asks whose it is. Raises `NotFound`."""
    found = db.session.get(LabPhoto, photo_id)
    if found is None:
        raise NotFound
    return found


def file_of_photo(actor: Actor, photo_id: int, mark: str) -> tuple[StoredFile, Lab]:
    """The file of a photo that begins with this mark, and its lab: of a published lab for anyone, else for those who
    see its draft (R-LAB-4). Two statements. Raises `NotFound`, also for every other stored file."""
    found = db.session.execute(
        select(StoredFile, LabPhoto.lab_id)
        .join(LabPhoto, or_(LabPhoto.large_id == StoredFile.id, LabPhoto.small_id == StoredFile.id))
        .where(LabPhoto.id == photo_id, StoredFile.sha256.startswith(mark, autoescape=True))
    ).first()
    if found is None or len(mark) != MARK:
        raise NotFound
    file, lab_id = found
    return file, get_lab(actor, lab_id)
