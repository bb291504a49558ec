"""Sending codes to mobile phones through the gateway of `SMS_URL`.

As with mails a code is claimed, committed, then sent; one that the gateway refuses is tried again with the next run
until it has ended. `console:` writes to the log. A gateway behind `https://` gets a POST of JSON: `mobile` as `+86…`,
`code`, `minutes`, `language` and the whole `text`, so that those that send by templates can take the parts.
"""

import base64
import json
import logging
from collections.abc import Callable
from dataclasses import asdict, dataclass
from datetime import datetime, timedelta
from typing import Any
from urllib.parse import unquote, urlsplit
from urllib.request import HTTPRedirectHandler, Request, build_opener

from flask import current_app
from flask_babel import force_locale
from flask_babel import gettext as _
from sqlalchemy import select, update

from labshare.accounts.mobile import LASTS, code_of
from labshare.accounts.models import MobileCode, Person
from labshare.accounts.terms import Locale
from labshare.kernel.database import db, transaction
from labshare.kernel.time import Minutes

log = logging.getLogger("labshare.sms")

AT_ONCE = 20
"""Codes that one run sends."""
PATIENCE = 10.0
"""Seconds for the gateway's answer."""


@dataclass(frozen=True, kw_only=True)
class ShortMessage:
    mobile: str
    code: str
    minutes: Minutes
    language: str
    text: str


Sender = Callable[[ShortMessage], None]


def send_codes(now: datetime, *, sender: Sender | None = None) -> int:
    """Send the codes that wait; how many went. Opens transactions of its own: a job calls it."""
    if not current_app.config["SMS_URL"]:
        return 0
    send, sent = sender or configured_sender(), 0
    for key, message in _claimed(now):
        try:
            send(message)
            sent += 1
        except Exception as problem:  # noqa: BLE001 - whatever the gateway says, the other codes must go
            log.warning("code to a phone not sent: %s: %s", type(problem).__name__, problem)
            with transaction():
                db.session.execute(update(MobileCode).where(_is(key)).values(sent_at=None))
    return sent


def _is(key: tuple[str, str, str]) -> Any:
    mobile, purpose, nonce = key
    return (MobileCode.mobile == mobile) & (MobileCode.purpose == purpose) & (MobileCode.nonce == nonce)


def _claimed(now: datetime) -> list[tuple[tuple[str, str, str], ShortMessage]]:
    """Those that wait for somebody, marked as sent."""
    with transaction():
        rows = db.session.execute(
            select(MobileCode, Person.locale)
            .join(Person, Person.id == MobileCode.person_id)
            .where(MobileCode.sent_at.is_(None), MobileCode.open_at(now), Person.enabled)
            .order_by(MobileCode.asked_at)
            .limit(AT_ONCE)
            .with_for_update(of=MobileCode, skip_locked=True)
        ).all()
        for row, _locale in rows:
            row.sent_at = now
        return [((row.mobile, row.purpose, row.nonce), _worded(row, locale)) for row, locale in rows]


def _worded(row: MobileCode, locale: str | None) -> ShortMessage:
    minutes, code = Minutes(LASTS // timedelta(minutes=1)), code_of(row)
    with force_locale(locale or Locale.CHINESE):
        text = _(
            "%(code)s is your LabShare code. It is valid for %(minutes)s minutes; nobody at LabShare will ask you for "
            "it.",
            code=code,
            minutes=minutes,
        )
    return ShortMessage(mobile=f"+86{row.mobile}", code=code, minutes=minutes, language=Locale.tag(locale), text=text)


def configured_sender() -> Sender:
    """The sender of `SMS_URL`."""
    url = current_app.config["SMS_URL"]
    return _gateway(url) if url.startswith("http") else _console


def _console(message: ShortMessage) -> None:
    log.warning("to %s: %s", message.mobile, message.text)


class _StayThere(HTTPRedirectHandler):
    """A gateway that answers with another address is refused: the code and our password go to no other host."""

    def redirect_request(self, *_given: Any) -> None:
        return None


def _gateway(url: str) -> Sender:
    """User and password of the URL go as HTTP basic authentication."""
    opener = build_opener(_StayThere)
    parts = urlsplit(url)
    headers = {"Content-Type": "application/json"}
    if parts.username:
        user = f"{unquote(parts.username)}:{unquote(parts.password or '')}"
        headers["Authorization"] = f"Basic {base64.b64encode(user.encode()).decode()}"
    address = parts._replace(netloc=parts.netloc.rpartition("@")[2]).geturl()

    def send(message: ShortMessage) -> None:
        asked = Request(address, json.dumps(asdict(message)).encode(), headers)  # noqa: S310 - https, by the settings
        with opener.open(asked, timeout=PATIENCE):
            pass

    return send
