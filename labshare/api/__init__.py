"""JSON over the same services."""

from typing import Any

from flask import Flask, Response

from labshare.api import docs, v1
from labshare.api.description import Described
from labshare.http.rights import public

DESCRIPTION = "api-docs.openapi_json"
"""The library's view of the description, which everybody may read."""


def register(app: Flask) -> None:
    """Join the API to the application: OpenAPI 3.1 at `/api/v1/openapi.json`, its page at `/api/docs`.

    Before the pages: Flask-Smorest's handler of errors, which would answer all of them in JSON, gives way to theirs.
    """
    app.config.update(
        API_TITLE="LabShare",
        API_VERSION="v1",
        OPENAPI_VERSION="3.1.0",
        OPENAPI_URL_PREFIX="/api/v1",
        OPENAPI_JSON_PATH="openapi.json",
    )
    api = Described(app)
    api.DEFAULT_ERROR_RESPONSE_NAME = None  # each address names its problems
    answer: Any = app.view_functions[DESCRIPTION]

    @public
    def description() -> Response:
        api.describe()
        return answer()  # type: ignore[no-any-return]

    app.view_functions[DESCRIPTION] = description
    v1.register(app, api)
    docs.register(app, api)
