"""The SMTP mailer, against a small server of the test's own."""

import smtplib
import socketserver
import threading
from collections.abc import Iterator
from email import message_from_bytes, policy
from typing import Any

import pytest
from flask import Flask

from labshare.kernel.database import db
from labshare.notices.delivery import deliver_outbox
from labshare.notices.models import OutboxMail

CONNECT = smtplib.SMTP.connect


class Talk(socketserver.StreamRequestHandler):
    """Just enough of SMTP; keeps what it is given, refuses addresses that begin with `nobody`."""

    def handle(self) -> None:
        answer = lambda line: self.wfile.write(line + b"\r\n")  # noqa: E731
        answer(b"220 here")
        refused = False
        while line := self.rfile.readline():
            word = line[:4].upper()
            if word == b"RCPT":
                refused = b"nobody" in line
                answer(b"550 no such mailbox" if refused else b"250 fine")
            elif word == b"DATA":
                answer(b"354 go on")
                body = b""
                while (part := self.rfile.readline()) != b".\r\n":
                    body += part
                self.server.letters.append(body)  # type: ignore[attr-defined]
                answer(b"250 taken")
            elif word == b"QUIT":
                answer(b"221 bye")
                return
            else:
                answer(b"250 fine")


@pytest.fixture
def letters(app: Flask, no_mail: None, monkeypatch: pytest.MonkeyPatch) -> Iterator[list[bytes]]:
    """What arrived at a mail host on this machine, which the application is set to use."""
    monkeypatch.setattr(smtplib.SMTP, "connect", CONNECT)
    with socketserver.ThreadingTCPServer(("127.0.0.1", 0), Talk) as server:
        server.letters = []  # type: ignore[attr-defined]
        threading.Thread(target=server.serve_forever, args=(0.05,), daemon=True).start()
        app.config["MAIL_URL"] = f"smtp://127.0.0.1:{server.server_address[1]}?starttls=0"
        yield server.letters  # type: ignore[attr-defined]
        server.shutdown()


def write(to: str, now: Any) -> None:
    db.session.add(OutboxMail(to=to, locale="zh_Hans_CN", subject="待答复的预约", body="请答复。\n", created_at=now))
    db.session.commit()


def test_letter_arrives_as_written(letters: list[bytes], clock: Any) -> None:
    write("a@test.example", clock.now)
    assert deliver_outbox(clock.now) == 1
    arrived = message_from_bytes(letters[0], policy=policy.default)
    assert arrived["To"] == "a@test.example"
    assert arrived["Subject"] == "待答复的预约"
    assert arrived["Content-Language"] == "zh-CN"
    assert arrived.get_content().strip() == "请答复。"


def test_refused_address_is_kept_for_another_try(letters: list[bytes], clock: Any) -> None:
    write("nobody@test.example", clock.now)
    write("b@test.example", clock.now)
    assert deliver_outbox(clock.now) == 1
    db.session.rollback()
    mail = db.session.query(OutboxMail).filter_by(to="nobody@test.example").one()
    assert mail.sent_at is None
    assert "SMTPRecipientsRefused" in (mail.error or "")
    assert mail.next_attempt_at > clock.now
