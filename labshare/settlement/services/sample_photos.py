"""Photos of samples as they came (docs/rules.md, R-BENCH-5)."""

from datetime import datetime

from flask_babel import lazy_gettext as _l

from labshare.audit.services import record
from labshare.booking.rules.lifecycle import ACTIONS, next_state
from labshare.booking.services.common import locked_booking
from labshare.booking.terms import Party
from labshare.kernel.actor import Actor
from labshare.kernel.database import db
from labshare.kernel.media import PICTURES
from labshare.kernel.verbs import verb
from labshare.settlement.errors import FileMissing, NotAPicture, TooManyPhotos
from labshare.settlement.files import TakenFile, store
from labshare.settlement.models import SamplePhoto
from labshare.settlement.queries.documents import photos_of_samples

SAMPLE_PHOTOS_AT_MOST = 20


@verb("booking.add_photo", title=_l("Photo of the samples added"))
def add_sample_photo(*, actor: Actor, now: datetime, ref: str, photo: TakenFile | None) -> SamplePhoto:
    """Keep a photo of the samples, as it was sent. Raises `NotFound`, `NotAllowed`, `IllegalStep`, `FileMissing`,
    `NotAPicture`, what `take_in` found, `TooManyPhotos`."""
    booking = locked_booking(actor, ACTIONS["photo"], ref=ref)
    next_state(booking.state, "photo", Party.LAB)
    if photo is None:
        raise FileMissing("photo")
    if photo.problem is not None:
        raise photo.problem
    if photo.content_type not in PICTURES:
        raise NotAPicture
    if len(photos_of_samples(booking)) >= SAMPLE_PHOTOS_AT_MOST:
        raise TooManyPhotos(n=SAMPLE_PHOTOS_AT_MOST)
    file = store(photo, actor=actor, now=now)
    added = SamplePhoto(file_id=file.id, booking_id=booking.id)
    db.session.add(added)
    db.session.flush()
    record(actor, now, "booking.add_photo", ("booking", booking.ref), after={"photo": file.name})
    return added
