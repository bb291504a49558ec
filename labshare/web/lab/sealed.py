"""Files that were taken in and travel with a page, signed, for whoever brought them and for one purpose."""

from flask import current_app
from itsdangerous import BadSignature, URLSafeSerializer

from labshare.http.actor import current_actor
from labshare.settlement.errors import TableGone
from labshare.settlement.files import TakenFile, path_of


def sealed(file: TakenFile, purpose: str) -> str:
    actor = current_actor()
    values = [actor.firm_id, actor.person_id, file.name, file.sha256, file.size, file.content_type]
    signed = _serializer(purpose).dumps(values)
    return signed if isinstance(signed, str) else signed.decode()


def opened(seal: str, purpose: str) -> TakenFile:
    """Raises `TableGone` where it is not theirs, not for this, or no longer kept."""
    actor = current_actor()
    try:
        firm, person, name, sha256, size, content_type = _serializer(purpose).loads(seal)
    except (BadSignature, ValueError, TypeError):
        raise TableGone from None
    if (firm, person) != (actor.firm_id, actor.person_id) or not path_of(sha256).is_file():
        raise TableGone
    return TakenFile(name, sha256, size, content_type)


def _serializer(purpose: str) -> URLSafeSerializer:
    return URLSafeSerializer(current_app.config["SECRET_KEY"], salt=f"checked.{purpose}")
