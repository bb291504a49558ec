"""The description of the API, made when somebody first asks for it."""

from collections.abc import Callable
from threading import Lock
from typing import Any

from flask import Flask
from flask_smorest import Api


class Described(Api):  # type: ignore[misc]
    """Keeps the describing of its addresses for later: it takes a sixth of a start, and few are asked."""

    def __init__(self, app: Flask) -> None:
        self._later: list[Callable[[], None]] = []
        self._one_at_a_time = Lock()
        super().__init__(app)

    def describe_later(self, describe: Callable[[], None]) -> None:
        """Have `describe` called before the description is first given."""
        self._later.append(describe)

    def describe(self) -> dict[str, Any]:
        """The whole description, OpenAPI 3.1."""
        with self._one_at_a_time:
            while self._later:
                self._later.pop(0)()
            document: dict[str, Any] = self.spec.to_dict()
            return document
