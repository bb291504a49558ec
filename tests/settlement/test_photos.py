"""Photos of labs: what is taken, what is published of it, who may, in which order (R-LAB)."""

import io
import struct
import zlib
from pathlib import Path
from typing import Any

import pytest
from flask import Flask
from flask.testing import FlaskClient
from PIL import Image
from sqlalchemy import text as sql
from sqlalchemy.exc import IntegrityError

from labshare.audit.models import AuditEvent
from labshare.catalogue.errors import Required, TooLongText
from labshare.demonstration.photos import drawn
from labshare.kernel.actor import Actor
from labshare.kernel.database import db, transaction
from labshare.kernel.errors import NotAllowed, NotFound
from labshare.kernel.time import utc_now
from labshare.settlement import errors
from labshare.settlement.files import TakenPhoto, folder, path_of, store, sweep, take_photo
from labshare.settlement.models import MARK, LabPhoto, StoredFile
from labshare.settlement.queries.photos import photos_of
from labshare.settlement.services.photos import add_photo, move_photo, remove_photo
from labshare.settlement.terms import PHOTOS_AT_MOST
from tests import factories as make
from tests.conftest import Clock
from tests.settlement.world import pdf, taken
from tests.signing import sign_in

ENGINES = ("sqlite",)  # rows go one by one; the schema's tests hold constraints alike
GPS, ORIENTATION, MAKER = 0x8825, 0x0112, 0x010F


def telephone_picture(kind: str = "JPEG", size: tuple[int, int] = (800, 600), mode: str = "RGB") -> bytes:
    """Lying on its side, as telephones write them, with place, maker and a comment."""
    picture = Image.new("RGB", size, "red")
    picture.paste("blue", (0, 0, size[0] // 2, size[1]))
    picture = picture.convert(mode)
    beside = picture.getexif()
    beside[ORIENTATION], beside[MAKER] = 6, "SECRETPHONE"
    beside[GPS] = {1: "N", 2: (29.0, 29.0, 42.0), 3: "E", 4: (120.0, 54.0, 18.0)}
    file = io.BytesIO()
    more = {"comment": b"SECRETWORDS"} if kind == "JPEG" else {}
    picture.save(file, kind, exif=beside, **more)
    return file.getvalue()


def took(content: bytes, name: str = "hall.jpg") -> TakenPhoto:
    return take_photo(io.BytesIO(content), name, now=utc_now())


def on_disk() -> set[str]:
    return {path.name for path in folder().rglob("*") if path.is_file()}


def plain(width: int = 400) -> TakenPhoto:
    return took(drawn(width, ()), "hall.png")


@pytest.fixture(autouse=True)
def _own_folder(app: Flask, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(app.config, "UPLOAD_DIR", str(tmp_path))


@pytest.fixture
def house(app: Flask, clock: Clock) -> dict[str, Any]:
    firm = make.firm(size_class="large")
    lab = make.lab(firm)
    person = make.member(firm, "lab_manager", name="王颖")
    db.session.commit()
    return {"firm": firm, "lab": lab, "person": person, "manager": make.actor(person, firm, "lab_manager")}


def add(house: dict[str, Any], words: str = "大厅", actor: Actor | None = None, **given: Any) -> LabPhoto:
    photo = given.pop("photo", None) or plain()
    with transaction():
        return add_photo(
            actor=actor or house["manager"], now=utc_now(), lab_id=house["lab"].id, photo=photo, words=words, **given
        )


def shown(house: dict[str, Any]) -> list[tuple[int, str]]:
    return [(one.place, one.words) for one in photos_of(house["lab"].id)]


@pytest.mark.parametrize(("kind", "mode"), [("JPEG", "RGB"), ("PNG", "RGBA"), ("WEBP", "RGB"), ("PNG", "P")])
def test_nothing_is_published_but_what_is_seen(app: Flask, kind: str, mode: str) -> None:  # R-LAB-3
    """Upright, smaller, and without the place where it was taken."""
    sent = telephone_picture(kind, (2000, 1500), mode)
    assert b"SECRETPHONE" in sent
    found = took(sent)
    assert (found.problem, found.width, found.height) == (None, 1200, 1600)
    for file, size in ((found.large, (1200, 1600)), (found.small, (300, 400))):
        content = path_of(file.sha256).read_bytes()
        assert not any(word in content for word in (b"SECRET", b"Exif", b"GPS"))
        with Image.open(io.BytesIO(content)) as seen:
            assert (seen.format, seen.size, dict(seen.getexif())) == ("JPEG", size, {})
            assert "comment" not in seen.info
            left, top, *_rest = seen.getpixel((size[0] // 2, 10)), seen.getpixel((size[0] // 2, size[1] - 10))
            assert left[2] > 200 > 50 > left[0], "what lay to the left stands above"
            assert top[0] > 200 > 50 > top[2]
    assert on_disk() == {found.large.sha256, found.small.sha256}, "what was sent is not kept"


def bomb(width: int, height: int) -> bytes:
    """A PNG of few bytes that claims so many pixels."""
    head = struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0)
    data = zlib.compress(b"\0" * 10_000_000, 9)
    parts = ((b"IHDR", head), (b"IDAT", data), (b"IEND", b""))
    return b"\x89PNG\r\n\x1a\n" + b"".join(
        struct.pack(">I", len(data)) + name + data + struct.pack(">I", zlib.crc32(name + data)) for name, data in parts
    )


def test_what_is_no_picture_is_refused(app: Flask, monkeypatch: pytest.MonkeyPatch) -> None:  # R-LAB-3
    svg = b'<svg xmlns="http://www.w3.org/2000/svg"><script>alert(1)</script></svg>'
    gif = io.BytesIO()
    Image.new("RGB", (400, 400)).save(gif, "GIF")
    cut = telephone_picture()
    for content in (b"", b"MZ nothing", svg, pdf(), gif.getvalue(), cut[: len(cut) // 2], cut[:40]):
        assert isinstance(took(content).problem, errors.NotAPicture), content[:20]
    for width, height in ((60_000, 60_000), (2**31 - 1, 2**31 - 1), (7000, 7000)):
        assert isinstance(took(bomb(width, height)).problem, errors.NotAPicture), (width, height)
    assert isinstance(took(drawn(200, ())).problem, errors.PictureTooSmall)
    assert isinstance(took(telephone_picture(size=(9000, 320))).problem, errors.PictureTooSmall)
    monkeypatch.setitem(app.config, "UPLOAD_LIMIT", 1000)
    assert isinstance(took(telephone_picture()).problem, errors.FileTooLarge)
    assert on_disk() == set()


def test_they_stand_in_the_order_given(house: dict[str, Any]) -> None:  # R-LAB-2
    first, second, third = (add(house, words) for words in "甲乙丙")
    steps = [(third, True), (first, False), (first, False), (third, True)]
    for photo, up in steps:
        with transaction():
            move_photo(actor=house["manager"], now=utc_now(), photo_id=photo.id, up=up)
    assert shown(house) == [(1, "丙"), (2, "乙"), (3, "甲")]
    files = [path_of(file.sha256) for file in (second.large, second.small)]
    with transaction():
        remove_photo(actor=house["manager"], now=utc_now(), photo_id=second.id)
    assert shown(house) == [(1, "丙"), (2, "甲")]
    with pytest.raises(NotFound), transaction():
        remove_photo(actor=house["manager"], now=utc_now(), photo_id=second.id)
    events = [event.action for event in db.session.query(AuditEvent).order_by(AuditEvent.id)]
    assert events == [*["lab.add_photo"] * 3, *["lab.move_photo"] * 3, "lab.remove_photo"], "a step nowhere is none"
    assert db.session.query(StoredFile).count() == 4
    assert all(path.exists() for path in files), "other photos are of the same content"


def test_a_removed_photo_leaves_the_disk(house: dict[str, Any], clock: Clock) -> None:  # R-LAB-4
    photo = add(house, photo=took(telephone_picture()))
    files = [path_of(file.sha256) for file in (photo.large, photo.small)]
    with transaction():
        remove_photo(actor=house["manager"], now=utc_now(), photo_id=photo.id)
    clock.advance(days=2)
    assert sweep(now=utc_now()) == 2
    assert not any(path.exists() for path in files)


def test_no_more_than_six(house: dict[str, Any]) -> None:  # R-LAB-2
    photo = plain()
    for n in range(PHOTOS_AT_MOST):
        add(house, str(n), photo=photo)
    with pytest.raises(errors.TooManyPhotos):
        add(house, "7", photo=photo)
    one = photos_of(house["lab"].id)[0]
    row = {"lab": one.lab_id, "large": one.large_id, "small": one.small_id}
    for place, words, sizes in ((7, "x", "1"), (1, "x", "1"), (0, "", "1"), (0, "x", "0")):
        insert = "INSERT INTO lab_photo (lab_id, place, large_id, small_id, width, height, words, words_en) "
        values = f"VALUES (:lab, {place}, :small, :large, {sizes}, 1, '{words}', '')"
        with pytest.raises(IntegrityError):
            db.session.execute(sql(insert + values), row)
        db.session.rollback()


def test_only_the_labs_owners_and_managers(house: dict[str, Any]) -> None:  # R-LAB-2
    photo = add(house)
    stranger, viewer = make.firm(), make.member(house["firm"], "viewer")
    others = (
        make.actor(make.member(stranger, "owner"), stranger, "owner"),
        make.actor(viewer, house["firm"], "viewer"),
    )
    db.session.commit()
    for actor in others:
        with pytest.raises((NotAllowed, NotFound)):
            add(house, actor=actor)
        for step in (lambda who: move_photo(**who, up=True), lambda who: remove_photo(**who)):
            with pytest.raises((NotAllowed, NotFound)), transaction():
                step({"actor": actor, "now": utc_now(), "photo_id": photo.id})
    assert shown(house) == [(1, "大厅")]


def test_each_says_what_is_to_be_seen(house: dict[str, Any]) -> None:  # R-LAB-2
    with pytest.raises(Required):
        add(house, " \n ")
    with pytest.raises(TooLongText):
        add(house, "长" * 10_000)
    with pytest.raises(TooLongText):
        add(house, words_en="x" * 201)
    with pytest.raises(errors.NotAPicture):
        add(house, photo=took(b"nothing"))
    assert db.session.query(StoredFile).count() == 0


def test_anyone_sees_those_of_published_labs_and_no_other_file(
    client: FlaskClient, app: Flask, house: dict[str, Any]
) -> None:  # R-LAB-4
    photo, paper = add(house), taken()
    with transaction():
        secret = store(paper, actor=house["manager"], now=utc_now())
        secret_id, secret_mark = secret.id, secret.sha256[:MARK]
    address = f"/photos/{photo.id}/{photo.large.mark}"
    answer = client.get(address)
    assert (answer.status_code, answer.content_type) == (200, "image/jpeg")
    assert answer.data.startswith(b"\xff\xd8\xff")
    answer.close()
    assert answer.headers["X-Content-Type-Options"] == "nosniff"
    assert {"public", "immutable", "max-age=31536000"} <= set(answer.headers["Cache-Control"].split(", "))
    wrong = [f"/photos/{secret_id}/{secret_mark}", f"/photos/{photo.id}/{secret_mark}", f"/photos/{photo.id}/%25"]
    wrong += [f"/photos/{photo.id}/{photo.large.mark[:5]}", f"/photos/{secret_id}/{photo.large.mark}", address + "0"]
    assert [client.get(path).status_code for path in wrong] == [404] * len(wrong)
    with transaction():
        house["lab"].state = "withdrawn"
    assert client.get(address).status_code == 404
    own = sign_in(app.test_client(), house["person"], house["firm"])
    answer = own.get(address)
    answer.close()
    assert (answer.status_code, answer.headers["Cache-Control"]) == (200, "private, no-store")


def test_a_lab_shows_photos(client: FlaskClient, app: Flask, house: dict[str, Any]) -> None:  # R-LAB-2
    """Added, put in order and removed by forms; what is typed into the words stays words."""
    own = sign_in(app.test_client(), house["person"], house["firm"])
    page = f"/lab/labs/{house['lab'].id}/photos"
    script = '"><script>alert(1)</script>'
    for words in ("大厅", script):
        sent = {"photo": (io.BytesIO(telephone_picture()), "a.jpg"), "words": words, "words_en": f"EN{words}"}
        assert own.post(page, data=sent).status_code == 303
    bad = own.post(page, data={"photo": (io.BytesIO(b"MZ"), "a.jpg"), "words": "收样室"})
    assert bad.status_code == 422
    assert "不是可以展示的图片" in bad.text
    assert 'value="收样室"' in bad.text
    empty = own.post(page, data={})
    assert empty.status_code == 422
    assert "请选择文件" in empty.text
    first, second = photos_of(house["lab"].id)
    assert own.post(f"/lab/photos/{second.id}/up").status_code == 303
    public = client.get(f"/labs/{house['lab'].code}")
    assert "<script>alert" not in public.text
    large, small = f"/photos/{second.id}/{second.large.mark}", f"/photos/{first.id}/{first.small.mark}"
    assert public.text.index(f'src="{large}"') < public.text.index(f'src="{small}"')
    assert public.text.count(large) == 4, "picture, link, schema.org, what a shared link shows"
    assert 'alt="大厅"' in public.text
    assert 'alt="EN大厅"' in client.get(f"/labs/{house['lab'].code}", headers={"Accept-Language": "en"}).text
    assert own.post(f"/lab/photos/{second.id}/remove").status_code == 303
    assert "大厅" in own.get(page).text
    assert large not in client.get(f"/labs/{house['lab'].code}").text
