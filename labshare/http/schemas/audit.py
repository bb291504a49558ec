"""Published heads of the audit trail, and proofs."""

from labshare.http.fields import Inside, Many, Moment, Text, Whole
from labshare.http.schemas.base import Answer


class Head(Answer):
    """A published head: the root of the tree over the first `seals` seals, which cover `events` events."""

    id = Whole()
    at = Moment()
    seals = Whole()
    events = Whole()
    root = Text()
    signature = Text()


class HeadSaid(Answer):
    """A published head with `said`, the text that its signature covers."""

    id = Whole()
    seals = Whole()
    events = Whole()
    root = Text()
    said = Text()
    signature = Text()


class SignedHead(HeadSaid):
    """With the key to check its signature by (Ed25519)."""

    public_key = Text()


class SealSaid(Answer):
    """A seal; `path` leads from the event at `position` to its root."""

    id = Whole()
    count = Whole()
    root = Text()
    said = Text()
    signature = Text()
    position = Whole()
    path = Many(Text())


class Inclusion(Answer):
    """`said` is what is hashed of the event. `path` leads from the seal, at `index` in the tree, to the head's root."""

    event = Whole()
    said = Text()
    seal = Inside(SealSaid, allow_none=True)
    covered_by = Inside(HeadSaid, allow_none=True)
    index = Whole(allow_none=True)
    path = Many(Text())


class Consistency(Answer):
    """`path` leads from the root of the first head to that of the second."""

    first = Inside(HeadSaid)
    second = Inside(HeadSaid)
    path = Many(Text())
    public_key = Text()
