"""What the sides of a booking write to each other (R-TALK-1). Who reads it (R-TALK-2): the rights matrix."""

import io

import pytest
from sqlalchemy import text as sql
from sqlalchemy.exc import IntegrityError

from labshare.kernel.database import db
from labshare.kernel.errors import NotAllowed, NotFound, Problem
from labshare.notices.models import Notice
from tests import factories
from tests.settlement.world import World, pdf, taken
from tests.signing import sign_in

PNG = b"\x89PNG\r\n\x1a\n" + bytes(32)


@pytest.fixture
def booked(app, clock):
    clock.set("2026-06-25 10:00")
    return World()


def notified():
    return {(row.person_id, row.kind) for row in db.session.scalars(db.select(Notice))}


def test_each_side_writes_and_the_other_is_told(booked):
    owner = factories.member(booked.host, "owner")
    db.session.commit()
    booked.message("样品可以自取吗？", files=[taken(PNG, "件.png", "document")])
    assert notified() == {(booked.manager.person_id, "message.to_lab"), (owner.id, "message.to_lab")}

    booked.message("可以。", actor=booked.manager)
    assert (booked.booker.person_id, "message.to_client") in notified()
    assert (booked.manager.person_id, "message.to_client") not in notified()


@pytest.mark.parametrize(
    ("given", "field"),
    [
        ({"text": " \n "}, "text"),
        ({"text": "长" * 4001}, "text"),
        ({"files": [b"MZ" * 40]}, "files"),
        ({"files": [PNG] * 6}, "files"),
    ],
)
def test_what_cannot_be_sent_is_refused_at_its_field(booked, given, field):
    given = {"text": "见附件", **given}
    given["files"] = [taken(each, "表.xls", "document") for each in given.get("files", ())]
    with pytest.raises(Problem) as refused:
        booked.message(**given)
    assert refused.value.field == field


def test_strangers_and_readers_do_not_write(booked):
    stranger = factories.firm()
    other = factories.actor(factories.member(stranger, "owner"), stranger, "owner")
    viewer = factories.actor(factories.member(booked.client, "viewer"), booked.client, "viewer")
    db.session.commit()
    with pytest.raises(NotFound):
        booked.message(actor=other)
    for actor in (viewer, booked.officer):
        with pytest.raises(NotAllowed):
            booked.message(actor=actor)


def test_what_was_written_stays(booked):
    booked.message(files=[taken()])
    for statement in ("UPDATE message SET text = 'x'", "DELETE FROM message_file", "DELETE FROM message"):
        with pytest.raises(IntegrityError):
            db.session.execute(sql(statement))
        db.session.rollback()


def test_the_page_keeps_the_words_beside_a_wrong_file(app, booked):
    person = db.session.get(factories.Person, booked.booker.person_id)
    client = sign_in(app.test_client(), person, booked.client)
    path = f"/bookings/{booked.ref}/messages"
    form = {"message-text": "图纸见附件", "message-files": (io.BytesIO(b"MZ" * 40), "图纸.exe")}
    refused = client.post(path, data=form, content_type="multipart/form-data")
    assert refused.status_code == 422
    assert "图纸见附件" in refused.text
    assert "图纸.exe" in refused.text

    form["message-files"] = (io.BytesIO(pdf()), "图纸.pdf")
    sent = client.post(path, data=form, content_type="multipart/form-data")
    assert sent.headers["Location"].endswith(f"/bookings/{booked.ref}#messages")
    page = client.get(f"/bookings/{booked.ref}")
    assert "图纸.pdf" in page.text
