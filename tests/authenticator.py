"""The app on a person's phone that shows the codes of the second factor.

app = app_of(person)          # puts a second factor on the account
app.shows(clock.now)          # the code of this half minute
"""

from dataclasses import dataclass, field
from datetime import datetime

import pyotp

from labshare.accounts import factors
from labshare.accounts.models import Person
from labshare.kernel.actor import Actor
from labshare.kernel.database import db
from labshare.kernel.time import utc_now


@dataclass
class Authenticator:
    secret: str
    recovery: list[str] = field(default_factory=list)

    def shows(self, moment: datetime) -> str:
        return pyotp.TOTP(self.secret).at(int(moment.timestamp()))


def app_of(person: Person) -> Authenticator:
    """Set a second factor up long enough ago that the app's present code is unused."""
    now = utc_now()
    set_up = factors.new_set_up(person.id, now)
    app = Authenticator(factors.secret_of_set_up(set_up, person.id, now))
    own = Actor(person_id=person.id)
    app.recovery = list(factors.set_factor(actor=own, now=now, set_up=set_up, code=app.shows(now), key="-"))
    found = factors.factor_of(person.id)
    assert found is not None
    db.session.refresh(found)
    found.last_step -= 10
    db.session.commit()
    return app
