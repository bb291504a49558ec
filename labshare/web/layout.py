"""What every page needs: who reads it, the navigation, the service's name, language and theme."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import urlencode

from flask import Flask, current_app, flash, g, request
from flask_babel import gettext as _
from flask_wtf.csrf import generate_csrf

from labshare.catalogue.queries.searches import keeps_searches
from labshare.http.actor import current_actor, current_person
from labshare.http.downloads import TYPES
from labshare.kernel.actor import VISITOR, Actor
from labshare.kernel.tables import FORMATS
from labshare.kernel.terms import OfficialRole
from labshare.kernel.time import local_day, utc_now
from labshare.kernel.verbs import action_title
from labshare.organisations.divisions import town_of
from labshare.organisations.rules import EXCLUDING
from labshare.oversight.waiting import OwnFirm, firms_and_waiting
from labshare.web import assets, labels, navigation
from labshare.web.language import HTML_LANG, chosen_language, theme


@dataclass(frozen=True, kw_only=True)
class Reader:
    """Who looks at the page, as the header shows it. One statement, once a request."""

    actor: Actor = VISITOR
    name: str | None = None
    email: str | None = None
    firms: tuple[OwnFirm, ...] = field(default_factory=tuple)
    unread: int = 0
    waiting: Mapping[str, int] = field(default_factory=dict)
    """What waits for this person, by the names that navigation uses: `requests`, `payers`, `firms`, `grades`."""

    @property
    def signed_in(self) -> bool:
        return self.actor.person_id is not None

    @property
    def firm(self) -> OwnFirm | None:
        """The firm acted for now."""
        return next((firm for firm in self.firms if firm.id == self.actor.firm_id), None)

    @property
    def kind(self) -> str:
        firm = self.firm
        return navigation.kind_of(self.actor, has_labs=bool(firm and firm.has_labs))

    @property
    def read_only(self) -> bool:
        """An auditor reads all and changes nothing."""
        return OfficialRole.AUDITOR in self.actor.roles and not self.actor.roles & EXCLUDING


def reader() -> Reader:
    if "reader" not in g:
        g.reader = _load_reader()
    loaded: Reader = g.reader
    return loaded


def _load_reader() -> Reader:
    actor, person = current_actor(), current_person()
    if person is None:
        return Reader(actor=actor)
    firms, waiting = firms_and_waiting(actor, dict(person.memberships), utc_now())
    return Reader(
        actor=actor,
        name=person.name,
        email=person.email,
        firms=firms,
        unread=waiting["account.notices"],
        waiting=waiting,
    )


def _top() -> list[navigation.Link]:
    who = reader()
    items = navigation.TOP["client" if who.firm else "visitor"]
    return navigation.links(items, who.actor, who.waiting)


def _rail() -> list[navigation.Link]:
    who = reader()
    return navigation.links(navigation.RAIL.get(who.kind, ()), who.actor, who.waiting)


def _tabs(rail: list[navigation.Link] | None = None) -> list[navigation.Link]:
    who = reader()
    if who.kind == "client":
        return navigation.links(navigation.CLIENT_TABS, who.actor, who.waiting)
    return navigation.rail_tabs(rail if rail is not None else _rail(), who.kind)


def exists_page(endpoint: str) -> bool:
    """Whether a page is there already, so that templates leave out links to what is not."""
    return endpoint in current_app.view_functions


def _may_open(endpoint: str) -> bool:
    """Whether the reader may open this page, so that templates leave out links to what they may not."""
    return navigation.may_open(current_actor(), endpoint)


def with_query(**changes: Any) -> str:
    """The present address with some query values changed; None takes one away, a list sets several. Keeps filters."""
    query = request.args.to_dict(flat=False)
    for name, value in changes.items():
        if value is None:
            query.pop(name, None)
        else:
            query[name] = [str(each) for each in value] if isinstance(value, list | tuple) else [str(value)]
    text = urlencode(query, doseq=True)
    return request.path + (f"?{text}" if text else "")


def flash_done(message: str) -> None:
    """A success line at the top of the next page; says what happened."""
    flash(message, "done")


def context() -> dict[str, Any]:
    language = chosen_language()
    config = current_app.config
    return {
        "reader": reader,
        "navigation_top": _top,
        "navigation_rail": _rail,
        "navigation_tabs": _tabs,
        "language": language,
        "html_lang": HTML_LANG[language],
        "theme": theme(),
        "service_name": config["SERVICE_NAME_EN" if language == "en" else "SERVICE_NAME"],
        "demonstration": not config.get("PRODUCTION"),
        "present": utc_now,
        "today": lambda: local_day(utc_now()),
        "brand": _("LabShare"),
    }


def codes_offered() -> bool:
    """Whether this installation sends codes to mobile phones (`SMS_URL`)."""
    return bool(current_app.config["SMS_URL"])


def stores_searches() -> bool:
    """Whether the searches of who reads are kept for their firm."""
    return keeps_searches(current_actor())


def init(app: Flask) -> None:
    assets.init(app)
    labels.init(app)
    navigation.init(app)
    app.context_processor(context)
    app.jinja_env.globals.update(
        table_formats=tuple(FORMATS),
        file_formats=tuple(TYPES),
        with_query=with_query,
        page_exists=exists_page,
        may_open=_may_open,
        town_of=town_of,
        csrf_token=generate_csrf,
        action_title=action_title,
        codes_offered=codes_offered,
        stores_searches=stores_searches,
    )
    app.jinja_env.add_extension("jinja2.ext.do")
    app.jinja_env.trim_blocks = True
    app.jinja_env.lstrip_blocks = True
