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
    """The path of the link in the newest mail, whoever wrote it since."""
    found = re.findall(r"https?://[^/]+(/\S+)", letters()[-1].body)
    return str(found[-1])


def secret_in_mail() -> str:
    """The secret of the newest mail's invitation, in the running transaction too."""
    db.session.flush()
    found = re.findall(r"/account/invitations/(\S+)", letters()[-1].body)
    return str(found[-1])
