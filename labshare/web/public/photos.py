"""The photos of labs, for anyone."""

from flask import send_file, url_for
from werkzeug.exceptions import NotFound as NoSuchFile
from werkzeug.wrappers import Response

from labshare.http.actor import current_actor
from labshare.http.limits import limited
from labshare.http.rights import public
from labshare.settlement.files import path_of
from labshare.settlement.models import LabPhoto
from labshare.settlement.queries.photos import file_of_photo
from labshare.web.public import blueprint

YEAR = 365 * 24 * 3600


def photo_address(photo: LabPhoto) -> str:
    """Of the large picture."""
    return url_for("public.photo", photo_id=photo.id, mark=photo.large.mark)


@blueprint.get("/photos/<int:photo_id>/<mark>")
@public
@limited("offers")
def photo(photo_id: int, mark: str) -> Response:
    """Two statements. What visitors get of a published lab never changes under its address."""
    file, lab = file_of_photo(current_actor(), photo_id, mark)
    path = path_of(file.sha256)
    if not path.is_file():
        raise NoSuchFile
    answer = send_file(path, mimetype=file.content_type, conditional=True, max_age=YEAR if lab.published else 0)
    answer.cache_control.public = answer.cache_control.immutable = lab.published
    answer.cache_control.no_store = not lab.published
    answer.headers["Content-Security-Policy"] = "default-src 'none'; sandbox"
    answer.headers["X-Content-Type-Options"] = "nosniff"
    return answer
