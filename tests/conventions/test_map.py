"""The picture of the rooms shows the sources as they are; it can show a room that looks up."""

import importlib.util
from types import ModuleType

from tests.conventions.reading import ROOT


def _rooms() -> ModuleType:
    spec = importlib.util.spec_from_file_location("rooms", ROOT / "docs" / "rooms.py")
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def test_the_picture_is_of_these_sources() -> None:
    rooms = _rooms()
    assert rooms.PICTURE.read_text() == rooms.picture(), "run `make map`"


def test_rooms_look_downwards_only() -> None:
    rooms = _rooms()
    order = rooms.rooms_of(ROOT / "pyproject.toml")
    up = [(one, other) for one, other in rooms.imports_of("labshare", order) if order.index(one) > order.index(other)]
    assert order[0] == "web"
    assert order[-1] == "kernel"
    assert not [pair for pair in up if pair[0] not in ("api", "jobs", "commands")], up


def test_a_room_that_looks_up_is_drawn_left_of_the_diagonal() -> None:
    rooms = _rooms()
    picture = rooms.draw(["web", "kernel"], {("kernel", "web")})
    assert picture.count("<circle") == 1
    assert f'cx="{rooms.LABEL + rooms.CELL // 2}"' in picture
