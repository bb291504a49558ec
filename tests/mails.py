"""Mails as they go out: the links that open something stand nowhere else."""

import re

from labshare.kernel.database import db
from labshare.kernel.time import utc_now
from labshare.notices.delivery import Letter, fill_outbox, letter_of
from labshare.notices.models import OutboxMail


def letters() -> list[Letter]:
    """Every mail as it would go out now, the oldest first; without those that lead nowhere."""
    fill_outbox()
    made = [letter_of(mail, utc_now()) for mail in db.session.query(OutboxMail).order_by(OutboxMail.id)]
    return [letter for letter in made if letter is not None]


def letters_to(address: str) -> list[Letter]:
    """Those to one address."""
    return [letter for letter in letters() if letter.to == address]


def link_in_last_mail() -> str:
    """The path of the secret link that was written last, in the running transaction too; notices lead to no secret."""
    db.session.flush()
    newest = db.session.query(OutboxMail).filter(OutboxMail.link_id.is_not(None)).order_by(OutboxMail.id.desc()).first()
    letter = letter_of(newest, utc_now()) if newest else None
    assert letter is not None
    return str(re.findall(r"https?://[^/]+(/\S+)", letter.body)[-1])


def secret_in_mail() -> str:
    """The secret of the invitation that was written last."""
    return link_in_last_mail().removeprefix("/account/invitations/")
