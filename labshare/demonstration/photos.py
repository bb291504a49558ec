"""Photos of the accounts' labs, drawn as a child would: walls, benches, instruments in plain colours; PNG without a
library."""

import struct
import zlib
from datetime import timedelta
from functools import cache

from labshare.demonstration.catalogue import Laboratory
from labshare.demonstration.loading import Loading
from labshare.demonstration.shelf import Shelf
from labshare.kernel.media import PNG
from labshare.settlement.models import LabPhoto

Colour = tuple[int, int, int]
Patch = tuple[int, int, int, int, Colour]
"""Left, top, right, bottom in hundredths of the picture's width (so a picture is 100 by 75), and its colour."""

WALL, FLOOR, BENCH = (226, 232, 236), (176, 184, 190), (120, 96, 72)
STEEL, DARK, BLUE, GREEN, LIGHT = (148, 160, 170), (52, 64, 76), (38, 92, 150), (64, 132, 104), (250, 250, 244)
ROOM: tuple[Patch, ...] = ((0, 0, 100, 52, WALL), (0, 52, 100, 75, FLOOR), (10, 2, 40, 4, LIGHT), (58, 2, 88, 4, LIGHT))
HALL: tuple[Patch, ...] = tuple(
    patch
    for left in (6, 30, 54, 78)
    for patch in (
        (left, 26, left + 18, 58, BLUE),
        (left + 2, 29, left + 16, 42, STEEL),
        (left + 4, 46, left + 9, 49, DARK),
        (left + 12, 46, left + 15, 49, GREEN),
    )
)
MACHINE: tuple[Patch, ...] = (
    (30, 10, 70, 14, DARK),
    (33, 14, 37, 58, STEEL),
    (63, 14, 67, 58, STEEL),
    (30, 34, 70, 38, BLUE),
    (48, 38, 52, 44, DARK),
    (49, 44, 51, 50, LIGHT),
    (26, 56, 74, 66, DARK),
    (78, 30, 94, 42, DARK),
    (79, 31, 93, 41, GREEN),
    (76, 44, 96, 62, BENCH),
)
RECEPTION: tuple[Patch, ...] = (
    (8, 16, 44, 44, STEEL),
    (10, 18, 42, 29, LIGHT),
    (10, 31, 42, 42, LIGHT),
    (14, 22, 20, 29, BENCH),
    (26, 24, 36, 29, BLUE),
    (16, 36, 24, 42, GREEN),
    (50, 38, 96, 66, BENCH),
    (50, 36, 96, 39, DARK),
    (66, 26, 80, 36, DARK),
)
PICTURES: tuple[tuple[str, str, tuple[Patch, ...]], ...] = (
    ("检测大厅，一排四台盐雾试验箱", "The test hall with four salt spray chambers in a row", HALL),
    ("万能试验机及操作台", "A universal testing machine with its desk", MACHINE),
    ("一楼收样室，左侧为样品架", "The reception for samples on the ground floor, with shelves on the left", RECEPTION),
)
LARGE, SMALL = 1200, 400
"""Pixels across."""


def add_photos(loading: Loading, lab: Laboratory, shelf: Shelf) -> None:
    """The three pictures, an hour after the lab was published."""
    at = lab.row["published_at"] + timedelta(hours=1)
    manager = lab.host.manager["id"]
    for place, (words, words_en, patches) in enumerate(PICTURES, start=1):
        large, small = (
            shelf.keep(drawn(width, (*ROOM, *patches)), f"photo-{place}.png", manager, at, content_type=PNG)[0]
            for width in (LARGE, SMALL)
        )
        loading.rows.add(
            LabPhoto,
            lab_id=lab.row["id"],
            place=place,
            large_id=large["id"],
            small_id=small["id"],
            width=LARGE,
            height=LARGE * 3 // 4,
            words=words,
            words_en=words_en,
        )
        loading.trail.record(
            at,
            person_id=manager,
            firm_id=lab.host.id,
            action="lab.add_photo",
            subject=("lab", lab.row["id"]),
            after={"photo": words, "place": place},
        )


@cache
def drawn(width: int, patches: tuple[Patch, ...]) -> bytes:
    """A PNG of so many pixels across; later patches lie over earlier ones."""
    unit = width // 100
    rows = []
    for across in range(75):
        row = bytearray(width * 3)
        for left, top, right, bottom, colour in patches:
            if top <= across < bottom:
                row[left * unit * 3 : right * unit * 3] = bytes(colour) * ((right - left) * unit)
        rows.append((b"\0" + bytes(row)) * unit)
    head = struct.pack(">IIBBBBB", width, unit * 75, 8, 2, 0, 0, 0)
    parts = ((b"IHDR", head), (b"IDAT", zlib.compress(b"".join(rows), 6)), (b"IEND", b""))
    return b"\x89PNG\r\n\x1a\n" + b"".join(
        struct.pack(">I", len(data)) + name + data + struct.pack(">I", zlib.crc32(name + data)) for name, data in parts
    )
