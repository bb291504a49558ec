"""JSON over the same services."""

from typing import Any

from flask import Flask
from flask_smorest import Api

from labshare.api import docs, v1
from labshare.http.rights import public

DESCRIPTION = "api-docs.openapi_json"
"""The library's view of the description, which everybody may read."""


class QuietApi(Api):  # type: ignore[misc]
    """Flask-Smorest without its error handler, which would turn the pages' errors into JSON, too."""

    DEFAULT_ERROR_RESPONSE_NAME = None  # each address names its problems

    def _register_error_handlers(self) -> None:
        """Errors under `/api/` are answered by `labshare.api.problems`."""


def register(app: Flask) -> None:
    """Join the API to the application: OpenAPI 3.1 at `/api/v1/openapi.json`, its page at `/api/docs`."""
    app.config.update(
        API_TITLE="LabShare",
        API_VERSION="v1",
        OPENAPI_VERSION="3.1.0",
        OPENAPI_URL_PREFIX="/api/v1",
        OPENAPI_JSON_PATH="openapi.json",
    )
    api = QuietApi(app)
    describe: Any = app.view_functions[DESCRIPTION]
    app.view_functions[DESCRIPTION] = public(lambda: describe())
    v1.register(app, api)
    docs.register(app, api)
