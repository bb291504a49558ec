"""Stored files: of documents, messages, requests, samples, objections."""

from typing import Any

from labshare.api.v1.base import FILE, RoomBlueprint
from labshare.http.file_routes import FILE_ROUTES
from labshare.kernel import media

blueprint = RoomBlueprint("files", "Files that stand with a record")


def _described(view: Any) -> Any:
    for content_type in media.DOCUMENT_TYPES:
        view = blueprint.alt_response(200, schema=FILE, content_type=content_type, success=True)(view)
    return blueprint.problems(401, 403, 404)(view)


for each in FILE_ROUTES:
    blueprint.get(f"/files{each.rule}")(_described(each.view()))
