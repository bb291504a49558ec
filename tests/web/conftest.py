"""An application without a database, for what needs none."""

from collections.abc import Iterator

import pytest
from flask import Flask

from tests.conftest import made_app


@pytest.fixture(scope="session")
def _frame_app(tmp_path_factory: pytest.TempPathFactory) -> Flask:
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("LABSHARE_ENV", "testing")
        patch.setenv("LABSHARE_INSTANCE", str(tmp_path_factory.mktemp("frame")))
        patch.delenv("DATABASE_URL", raising=False)
        return made_app()


@pytest.fixture
def any_app(_frame_app: Flask, clock: object) -> Iterator[Flask]:
    """An application whose database nobody asks; the clock stands still."""
    with _frame_app.app_context():
        yield _frame_app
