"""The audit trail: search it, read one booking's story, see what is sealed."""

import json
from collections.abc import Sequence
from dataclasses import asdict
from datetime import date, datetime, timedelta
from functools import lru_cache
from operator import itemgetter
from typing import Any

from flask import current_app, render_template, request, url_for
from flask_babel import gettext as _
from flask_babel import lazy_gettext as _l
from werkzeug.wrappers import Response
from wtforms.validators import Optional

from labshare.accounts.queries import names_of
from labshare.audit import queries, services
from labshare.audit.checks import ask_check, last_checks
from labshare.audit.models import AuditEvent
from labshare.audit.proofs import inclusion
from labshare.http.actor import current_actor
from labshare.http.downloads import capped, download
from labshare.http.limits import limited
from labshare.http.rights import Of, parties_of_booking, requires
from labshare.kernel.actor import Actor
from labshare.kernel.formatting import language, twin
from labshare.kernel.labels import SUBJECTS
from labshare.kernel.tables import to_xlsx
from labshare.kernel.time import local_zone, start_of_day, utc_now
from labshare.kernel.verbs import TITLES, action_title
from labshare.organisations.permissions import check, may, may_anywhere
from labshare.organisations.queries import firm_meant, firms_by_id
from labshare.web.asked import asked_number
from labshare.web.forms import DayField, OptionalSelectField, QueryForm, SelectField, StringField
from labshare.web.regulator import blueprint, trail
from labshare.web.steps import carry_out

PAGE = 50
EXPORT_AT_MOST = 50_000


@lru_cache
def _actions(_language: str) -> list[tuple[str, str]]:
    """All, then each by its title, of which there are hundreds, in the language now being written."""
    titles = ((action, str(title)) for action, title in TITLES.items())
    return [("", _("All")), *sorted(titles, key=itemgetter(1))]


class SearchForm(QueryForm):
    since = DayField(_l("From"), validators=[Optional()])
    until = DayField(_l("To"), validators=[Optional()])
    action = SelectField(_l("Action"), choices=lambda: _actions(language()), validators=[Optional()])
    subject = StringField(_l("Booking or other reference"))
    firm = StringField(_l("Firm"))
    by = OptionalSelectField(_l("By"), choices=[("people", _l("People")), ("system", _l("System"))], blank=_l("All"))
    refused = OptionalSelectField(_l("Outcome"), choices=[("no", _l("Done")), ("yes", _l("Refused"))], blank=_l("All"))

    def wanted(self) -> queries.Search:
        firm = self.firm.data or ""
        return queries.Search(
            since=_start(self.since.data),
            until=_start(self.until.data + timedelta(days=1)) if self.until.data else None,
            action=self.action.data or "",
            subject_id=_reference(self.subject.data or ""),
            by_system={"system": True, "people": False}.get(self.by.data or ""),
            firm_id=_firm_id(firm) if firm else None,
            refused={"yes": True, "no": False}.get(self.refused.data or ""),
        )


def _start(day: date | None) -> datetime | None:
    return start_of_day(day) if day else None


def _reference(text: str) -> str:
    """As typed; a booking's in capitals, as it is written."""
    return text.upper() if text[:2].lower() == "b-" else text


def _firm_id(text: str) -> int:
    """A firm by credit code or by the start of its name; -1 where there is none, so that nothing is found."""
    return firm_meant(text) or -1


@blueprint.get("/audit")
@requires("audit.see")
def audit() -> Any:
    actor = current_actor()
    form = SearchForm()
    wanted = form.wanted()
    if request.args.get("format") == "xlsx":
        # Read whole before the next line, whose commit expires the rows.
        head, rows = _table(queries.search(wanted, limit=EXPORT_AT_MOST + 1))
        services.record_export(actor, utc_now(), "audit", request.args.to_dict())
        return download(to_xlsx(head, capped(rows, EXPORT_AT_MOST)), "audit.xlsx")
    events = queries.search(wanted, before_id=asked_number("before", 0) or None, limit=PAGE + 1)
    more = len(events) > PAGE
    events, checks = events[:PAGE], last_checks()
    return render_template(
        "regulator/audit/search.html",
        form=form,
        events=events,
        more=more,
        **_who(events),
        sealed=queries.seals_of([event.id for event in events]),
        **trail.FORMATTERS,
        last=queries.last_seal(),
        waiting=queries.count_unsealed(utc_now()),
        checks=checks,
        askers=names_of(check.asked_by for check in checks),
    )


def _read_story(actor: Actor, *, subject_type: str, subject_id: str) -> None:
    """The trail is the whole platform's; what happened to a booking is read by its county too. Raises `NotFound`,
    `NotAllowed`."""
    if may_anywhere(actor, "audit.see") and not may(actor, "audit.see") and subject_type == "booking":
        check(actor, "audit.see", **parties_of_booking(actor, subject_id))
    else:
        check(actor, "audit.see")


THE_STORY = Of("a booking's county, else the whole platform", asks=_read_story)


@blueprint.get("/audit/<subject_type>/<subject_id>")
@requires("audit.see", of=THE_STORY)
def audit_story(*, subject_type: str, subject_id: str) -> Any:
    """Everything that happened to one subject."""
    events = queries.story(subject_type, subject_id)
    return render_template(
        "regulator/audit/story.html",
        subject_type=subject_type,
        subject_id=subject_id,
        events=events,
        **_who(events),
        sealed=queries.seals_of([event.id for event in events]),
        addresses=queries.addresses_of([event.id for event in events]),
        **trail.FORMATTERS,
    )


@blueprint.get("/audit/events/<int:number>/proof")
@requires("audit.see")
@limited("report")
def audit_proof(*, number: int) -> Response:
    """The proof that one event is in the trail, as a file."""
    proof = {**asdict(inclusion(number)), "public_key": current_app.config["AUDIT_PUBLIC_KEY"]}
    return download(json.dumps(proof, ensure_ascii=False, indent=1).encode(), f"event-{number}.json")


@blueprint.post("/audit/verify")
@requires("audit.see")
@limited("calculation")
def audit_verify() -> Any:
    """Have the scheduler prove the whole trail untouched; what comes of it stands on the page."""
    return carry_out(
        lambda: ask_check(actor=current_actor(), now=utc_now()),
        lambda _asked: (
            _("The scheduler checks the trail; what it finds stands below."),
            url_for(".audit", _anchor="checks"),
        ),
    )


def _who(events: Sequence[AuditEvent]) -> dict[str, dict[int, Any]]:
    """Names of the persons and the firms of these events, by id."""
    return {
        "people": names_of(event.person_id for event in events),
        "firms": firms_by_id(event.firm_id for event in events if event.firm_id),
    }


def _table(events: Any) -> tuple[list[str], list[list[Any]]]:
    """In the reader's language; the names of fields and codes inside the values stay, as they are what is sealed."""
    head = [
        _("Event"),
        _("Time"),
        _("Number of the person"),
        _("By"),
        _("Number of the firm"),
        _("Firm"),
        _("Action"),
        _("Code of the action"),
        _("Kind of subject"),
        _("Reference"),
        _("Before"),
        _("After"),
        _("Refused attempt"),
        _("Seal"),
    ]
    sealed = queries.seals_of([event.id for event in events])
    who, zone = _who(events), local_zone()
    people, firms = who["people"], who["firms"]
    return head, [
        [
            event.id,
            event.at.astimezone(zone),
            event.person_id,
            people.get(event.person_id) if event.person_id else _("System"),
            event.firm_id,
            twin(firms[event.firm_id]) if event.firm_id in firms else None,
            str(action_title(event.action)),
            event.action,
            str(SUBJECTS.get(event.subject_type, event.subject_type)),
            event.subject_id,
            json.dumps(event.before, ensure_ascii=False),
            json.dumps(event.after, ensure_ascii=False),
            _("Yes") if event.refused else _("No"),
            sealed[event.id].id if event.id in sealed else None,
        ]
        for event in events
    ]
