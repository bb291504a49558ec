"""The days of a statement of account, as either side chooses them."""

from datetime import date

from flask_babel import lazy_gettext as _l
from wtforms.validators import Optional

from labshare.settlement.queries.accounts import days_of_account
from labshare.web.forms import DayField, QueryForm


class PeriodForm(QueryForm):
    since = DayField(_l("From"), name="from", validators=[Optional()])
    until = DayField(_l("To"), name="to", validators=[Optional()])

    def period(self, today: date) -> tuple[date, date]:
        """The days asked for, in their order, put into the fields; without, this year's up to today."""
        since, until = days_of_account(today, self.since.data, self.until.data)
        self.since.data, self.until.data = since, until
        return since, until
