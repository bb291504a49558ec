"""The one table of navigation: who sees which items, in which order. An item without its page yet is left out.

Add a line where a page is added. With `count` a filled badge shows how many things wait there for this person
(`layout.Reader.waiting`); with `calm` a grey one, for information.
"""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from functools import lru_cache

from flask import Flask, current_app, request, url_for
from flask_babel import lazy_gettext as _l
from flask_babel.speaklater import LazyString

from labshare.http.rights import ANY, EVERYBODY, SIGNED_IN, right_of
from labshare.kernel.actor import Actor
from labshare.organisations.permissions import may
from labshare.organisations.terms import FirmRole
from labshare.web.language import chosen_language


@dataclass(frozen=True, eq=False)
class Item:
    label: LazyString
    endpoint: str
    icon: str = ""
    count: bool = False
    """Show how much waits there for this person."""
    calm: bool = False
    group: LazyString | None = None
    """The heading above it on a rail; the items of a group stand together."""
    short: LazyString | None = None
    """The label in the tab bar, where it differs."""
    covers: tuple[str, ...] = ()
    """Further endpoints (or prefixes ending in a dot or underscore) that count as being here."""
    roles: frozenset[str] | None = None
    """Only for these roles; None: for all of this navigation's."""


def _roles(*names: str) -> frozenset[str]:
    return frozenset(names)


PAYING = _roles(FirmRole.OWNER, FirmRole.LAB_MANAGER, FirmRole.ACCOUNTANT)
"""Who records payments of the firm's labs."""

FIND = Item(_l("Find a test"), "public.search", "search", covers=("public.home", "public.test_item"))
LABS = Item(_l("Labs"), "public.labs", "flask", covers=("public.lab",))
INSTRUMENTS = Item(_l("Instruments"), "public.instruments", "microscope", covers=("public.instrument",))
STANDARDS = Item(_l("Standards"), "public.standards", "book", covers=("public.standard",))
STATISTICS = Item(_l("Public figures"), "public.statistics", "chart-bar")
HOW_IT_WORKS = Item(_l("How it works"), "public.how_it_works", "help-circle")
DASHBOARD = Item(_l("Dashboard"), "client.dashboard", "layout-dashboard")
MY_BOOKINGS = Item(_l("My bookings"), "client.bookings", "clipboard-list", covers=("client.",))
MESSAGES = Item(_l("Messages"), "account.notices", "message")
ACCOUNT = Item(_l("Account"), "account.index", "user", covers=("account.",))

CATALOGUE, DOCUMENTS, OWN = _l("Catalogue"), _l("Papers and revenue"), _l("Our firm")
MONEY, OVERSIGHT, PUBLIC, PLATFORM = _l("Money"), _l("Oversight"), _l("Public"), _l("Platform")

TOP: dict[str, tuple[Item, ...]] = {
    "visitor": (FIND, LABS, INSTRUMENTS, STANDARDS, STATISTICS, HOW_IT_WORKS),
    "client": (FIND, LABS, INSTRUMENTS, STANDARDS, DASHBOARD, MY_BOOKINGS),
}
"""The links in the header."""

RAIL: dict[str, tuple[Item, ...]] = {
    "lab": (
        Item(_l("Today"), "lab.today", "calendar-time"),
        Item(_l("Requests"), "lab.requests", "inbox", count=True),
        Item(
            _l("Calendar"),
            "lab.calendar",
            "calendar-week",
            covers=("lab.for_clients", "lab.for_client", "lab.new_for_client"),
        ),
        Item(_l("Bookings"), "lab.bookings", "clipboard-list", covers=("lab.booking",)),
        Item(_l("Quotes"), "lab.quotes", "file-check", covers=("lab.quote",)),
        Item(_l("Inquiries"), "lab.inquiries", "message", count=True, covers=("lab.inquiry",)),
        Item(_l("Our bookings elsewhere"), "client.bookings", "shopping-bag", covers=("client.",)),
        Item(
            _l("Labs"),
            "lab.labs",
            "flask",
            group=CATALOGUE,
            covers=("lab.lab", "lab.lab_", "lab.accreditation"),
        ),
        Item(
            _l("Instruments and calibration"),
            "lab.instruments",
            "microscope",
            group=CATALOGUE,
            covers=("lab.instrument", "lab.instrument_", "lab.calibration_"),
        ),
        Item(
            _l("Test items"),
            "lab.test_items",
            "list-details",
            group=CATALOGUE,
            covers=("lab.test_item", "lab.test_item_", "lab.standard_"),
        ),
        Item(_l("Fees"), "lab.fees", "tag", group=CATALOGUE, covers=("lab.fee_",)),
        Item(
            _l("Opening hours"),
            "lab.opening_hours",
            "clock-hour-4",
            group=CATALOGUE,
            covers=("lab.lab_hours", "lab.closure_"),
        ),
        Item(
            _l("Import and export"),
            "lab.sheets",
            "file-spreadsheet",
            group=CATALOGUE,
            covers=("lab.sheets_", "lab.many"),
        ),
        Item(
            _l("Missing papers"),
            "lab.missing_documents",
            "file-alert",
            group=DOCUMENTS,
            count=True,
            short=_l("Papers due"),
            covers=("lab.receivables", "lab.record_", "lab.reports_"),
        ),
        Item(_l("Revenue ledger"), "lab.ledger", "book", group=DOCUMENTS),
        Item(
            _l("Receivables"),
            "lab.receivables",
            "coin",
            group=DOCUMENTS,
            covers=("lab.account",),
        ),
        Item(_l("Overdue"), "lab.overdue", "mail", group=DOCUMENTS, count=True, covers=("lab.remind",)),
        Item(_l("Payments"), "lab.payments", "cash", group=DOCUMENTS),
        Item(_l("Bank statements"), "lab.bank_lines", "transfer", group=DOCUMENTS, covers=("lab.bank_",), roles=PAYING),
        Item(_l("Invoices"), "lab.invoices", "receipt", group=DOCUMENTS, covers=("lab.red_letters",)),
        Item(
            _l("Tax system's list"),
            "lab.tax_lines",
            "file-spreadsheet",
            group=DOCUMENTS,
            covers=("lab.tax_",),
            roles=PAYING,
        ),
        Item(_l("Rewards and objections"), "lab.rewards", "award", group=DOCUMENTS),
        Item(_l("Usage report"), "lab.usage", "chart-bar", group=DOCUMENTS, covers=("lab.usage_",)),
        Item(_l("Firm"), "account.firm", "building", group=OWN),
        Item(_l("Members and roles"), "account.members", "users", group=OWN),
        Item(_l("Who may do what"), "lab.team", "user-check", group=OWN, count=True, covers=("lab.team_",)),
        Item(_l("Settings"), "lab.settings", "settings", group=OWN),
    ),
    "regulator": (
        Item(_l("Overview"), "regulator.dashboard", "layout-dashboard"),
        Item(_l("To do"), "regulator.tasks", "inbox"),
        Item(_l("Reward runs"), "regulator.runs", "award", group=MONEY, short=_l("Runs"), covers=("regulator.run",)),
        Item(_l("Reward policies"), "regulator.policies", "scale", group=MONEY, covers=("regulator.policy",)),
        Item(_l("Revenue ledger"), "regulator.ledger", "book", group=MONEY),
        Item(_l("Third-party payments"), "regulator.payers", "transfer", group=MONEY, count=True),
        Item(_l("Documents used twice"), "regulator.doubles", "copy", group=MONEY, count=True),
        Item(
            _l("Firms to verify"),
            "admin.firms",
            "building",
            group=OVERSIGHT,
            short=_l("Firms"),
            count=True,
            covers=("admin.firm",),
            roles=_roles("admin", "auditor"),
        ),
        Item(
            _l("Figures to confirm"),
            "admin.figures",
            "users",
            group=OVERSIGHT,
            short=_l("Figures"),
            count=True,
            roles=_roles("admin", "auditor"),
        ),
        Item(_l("Firms"), "regulator.firms", "building", group=OVERSIGHT, covers=("regulator.firm",)),
        Item(
            _l("Open labs"),
            "regulator.labs",
            "flask",
            group=OVERSIGHT,
            count=True,
            covers=("regulator.lab", "regulator.lab_"),
        ),
        Item(
            _l("Facts to confirm"),
            "regulator.claims",
            "certificate",
            group=OVERSIGHT,
            short=_l("Facts"),
            count=True,
        ),
        Item(_l("Usage report"), "regulator.usage", "chart-bar", group=OVERSIGHT),
        Item(_l("Bookings"), "regulator.bookings", "clipboard-list", group=OVERSIGHT, covers=("regulator.booking",)),
        Item(_l("Own prices"), "regulator.own_prices", "tag", group=OVERSIGHT),
        Item(_l("Disputes"), "regulator.disputes", "scale", group=OVERSIGHT, count=True),
        Item(_l("Held bookings"), "regulator.holds", "lock", group=OVERSIGHT, count=True),
        Item(_l("Flags"), "regulator.flags", "flag", group=OVERSIGHT),
        Item(
            _l("Assessment grades"),
            "regulator.assessments",
            "star",
            group=OVERSIGHT,
            count=True,
            covers=("regulator.assessment", "regulator.assessment_"),
        ),
        Item(
            _l("Affiliations"),
            "regulator.affiliations",
            "link",
            group=OVERSIGHT,
            covers=("regulator.affiliation", "regulator.affiliation_"),
        ),
        Item(
            _l("Standards"),
            "regulator.standards",
            "book",
            group=OVERSIGHT,
            count=True,
            covers=("regulator.standard_",),
        ),
        Item(_l("Audit trail"), "regulator.audit", "shield-check", group=OVERSIGHT, covers=("regulator.audit_",)),
        Item(_l("Public figures"), "public.statistics", "world", group=PUBLIC),
        Item(_l("Exports"), "regulator.exports", "file-download", group=PUBLIC),
        Item(
            _l("Accounts"),
            "admin.accounts",
            "users",
            group=PLATFORM,
            covers=("admin.account",),
            roles=_roles("admin", "auditor"),
        ),
        Item(_l("Regulators' roles"), "admin.roles", "shield-lock", group=PLATFORM, roles=_roles("admin", "auditor")),
        Item(_l("Working-day calendar"), "admin.working_days", "calendar-off", group=PLATFORM),
        Item(_l("Search words"), "admin.words", "search", group=PLATFORM, roles=_roles("admin", "auditor")),
        Item(_l("Heads by mail"), "admin.head_mails", "mail", group=PLATFORM, roles=_roles("admin")),
        Item(_l("Scheduled jobs"), "admin.jobs", "refresh", group=PLATFORM, roles=_roles("admin", "auditor")),
    ),
}
"""The workbenches' rails."""

TABS: dict[str, tuple[str, ...]] = {
    "lab": ("lab.today", "lab.requests", "lab.calendar", "lab.missing_documents"),
    "regulator": ("regulator.dashboard", "regulator.runs", "regulator.flags", "regulator.firms"),
}
"""What of the rail stands in the phone's tab bar; 更多 (the rail's sheet) comes after it."""

CLIENT_TABS = (DASHBOARD, FIND, MY_BOOKINGS, MESSAGES, ACCOUNT)


@dataclass(frozen=True)
class Link:
    """An item as the template draws it."""

    label: str
    short: str
    href: str
    icon: str
    here: bool
    group: str | None
    count: int | None
    calm: bool


def kind_of(actor: Actor, has_labs: bool) -> str:
    """Whose navigation: `visitor`, `client`, `lab` or `regulator`."""
    if actor.is_regulator:
        return "regulator"
    if actor.person_id is None:
        return "visitor"
    return "lab" if has_labs or FirmRole.LAB_MANAGER in actor.roles else "client"


def may_open(actor: Actor, endpoint: str) -> bool:
    """Whether the page asks for nothing that the actor's roles lack; what it shows is another matter."""
    right = right_of(endpoint)
    return right is None or right.of is not ANY or right.action in (EVERYBODY, SIGNED_IN) or may(actor, right.action)


def links(items: tuple[Item, ...], actor: Actor, counts: Mapping[str, int]) -> list[Link]:
    """The items whose page exists and whose role fits, with their counts."""
    drawn = current_app.extensions["labshare.links"](items, actor.shape, chosen_language(), request.script_root)
    here = _here([item for item, _link in drawn])
    return [
        replace(link, here=item is here, count=counts.get(item.endpoint) if item.count else None)
        if item.count or item is here
        else link
        for item, link in drawn
    ]


def _drawn(items: tuple[Item, ...], shape: Actor, _language: str, _root: str) -> list[tuple[Item, Link]]:
    """Those of whoever has this shape, as they read in the language of the request, with no counts yet. Every page
    wants them: each application draws them once."""
    pages, found = current_app.view_functions, []
    for item in items:
        fits = item.roles is None or item.roles & shape.roles
        if item.endpoint not in pages or not fits or not may_open(shape, item.endpoint):
            continue
        label = str(item.label)
        link = Link(
            label=label,
            short=str(item.short or label),
            href=url_for(item.endpoint),
            icon=item.icon,
            here=False,
            group=str(item.group) if item.group else None,
            count=None,
            calm=item.calm,
        )
        found.append((item, link))
    return found


def init(app: Flask) -> None:
    app.extensions["labshare.links"] = lru_cache(256)(_drawn)


def _here(items: list[Item]) -> Item | None:
    """The item that the present page belongs to: its own, else the longest name that covers it."""
    endpoint = request.endpoint or ""
    best, best_length = None, -1
    for item in items:
        for name in (item.endpoint, *item.covers):
            whole = endpoint == name
            part = name.endswith((".", "_")) and endpoint.startswith(name)
            length = len(name) + (1000 if whole else 0)
            if (whole or part) and length > best_length:
                best, best_length = item, length
    return best


def rail_tabs(rail: list[Link], kind: str) -> list[Link]:
    """The rail's links that stand in the tab bar."""
    wanted = [url_for(endpoint) for endpoint in TABS.get(kind, ()) if endpoint in current_app.view_functions]
    return [link for href in wanted for link in rail if link.href == href]
