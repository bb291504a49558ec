"""What comes to a person: the mails they want, and the calendars that read their bookings."""

from typing import Any

from flask import render_template, url_for
from flask_babel import gettext as _
from werkzeug.wrappers import Response

from labshare.booking import services as booking
from labshare.booking.queries.feeds import address_of_feed, instruments_to_show, open_feeds
from labshare.booking.services.feeds import own_feed
from labshare.booking.terms import FeedOf
from labshare.catalogue.queries.own import lab_choices
from labshare.http import limits
from labshare.http.actor import current_actor
from labshare.http.rights import MEMBERS_FIRM, SIGNED_IN, Of, requires, signed_in
from labshare.kernel.formatting import twin
from labshare.kernel.time import utc_now
from labshare.notices.queries import switched_off
from labshare.notices.services import choose_mails
from labshare.notices.terms import FIRM, LAB, OFFICIAL, Topic
from labshare.web.account import blueprint
from labshare.web.account.forms import FeedForm, MailsForm
from labshare.web.account.settings import signed_in_person
from labshare.web.layout import reader
from labshare.web.steps import Around, carry_out, posted


@blueprint.route("/mails", methods=["GET", "POST"])
@signed_in
def mails() -> Any:
    """Which mails come, topic by topic."""
    person_id, shown = signed_in_person().id, _topics()
    off = switched_off([person_id])[person_id]
    form = MailsForm(data={"topics": [topic for topic in shown if topic not in off]})
    form.topics.choices = [(topic, topic.label) for topic in shown]
    answer = posted(
        form,
        lambda: choose_mails(
            actor=current_actor(), now=utc_now(), off=(off - {*shown}) | ({*shown} - {*(form.topics.data or ())})
        ),
        lambda _done: (_("Saved."), url_for("account.mails")),
    )
    if isinstance(answer, Response):
        return answer
    return render_template("account/mails.html", form=form, topics=shown, always=Topic.ACCOUNT), answer


def _topics() -> list[Topic]:
    """Those of mails that may reach this reader, by their firms, labs and roles."""
    who = reader()
    reached = {FIRM: bool(who.firms), LAB: any(firm.has_labs for firm in who.firms), OFFICIAL: who.actor.is_regulator}
    return [topic for topic in Topic.switched() if not topic.readers or any(reached[one] for one in topic.readers)]


@blueprint.route("/calendar", methods=["GET", "POST"])
@requires("feed.make", of=MEMBERS_FIRM)
def calendar() -> Any:
    """Calendar addresses: make one, which is shown once; list; revoke."""
    form = _feed_form()

    def make() -> Any:
        of, _colon, which = form.of.data.partition(":")
        return booking.make_feed(
            actor=current_actor(),
            now=utc_now(),
            of=of,
            lab_code=which if of == FeedOf.LAB else None,
            instrument_id=int(which) if of == FeedOf.INSTRUMENT else None,
            name=form.name.data or "",
        )

    answer = posted(
        form,
        make,
        lambda made: lambda: _calendar(_feed_form(formdata=None), address=address_of_feed(made[1])),
        Around(before=lambda: limits.count("feed_made"), reads_first=True),
    )
    return answer if isinstance(answer, Response) else _calendar(form, answer)


def _feed_form(**given: Any) -> FeedForm:
    form, firm_id = FeedForm(**given), current_actor().firm_id
    choices: list[tuple[str, Any]] = [(one, one.label) for one in (FeedOf.PERSON, FeedOf.FIRM)]
    if firm_id is not None:
        choices += [(f"{FeedOf.LAB}:{lab.code}", twin(lab)) for lab in lab_choices(firm_id)]
        choices += [
            (f"{FeedOf.INSTRUMENT}:{one.id}", f"{twin(one.lab)} · {twin(one)}") for one in instruments_to_show(firm_id)
        ]
    form.of.choices = choices
    return form


def _calendar(form: FeedForm, status: int = 200, address: str | None = None) -> Any:
    feeds = open_feeds(signed_in_person().id)
    return (
        render_template("account/calendar.html", form=form, address=address, feeds=feeds),
        status,
        {"Cache-Control": "no-store"},
    )


OWN_FEED = Of("own calendar address", asks=own_feed)


@blueprint.post("/calendar/<int:feed_id>/revoke")
@requires(SIGNED_IN, of=OWN_FEED)
def revoke_feed(feed_id: int) -> Any:
    return carry_out(
        lambda: booking.revoke_feed(actor=current_actor(), now=utc_now(), feed_id=feed_id),
        lambda _done: (
            _("The address is revoked; calendars that read it find nothing any more."),
            url_for("account.calendar"),
        ),
    )
