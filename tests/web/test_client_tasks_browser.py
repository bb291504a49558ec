"""What clients come for, on a phone of 390 px, without a mouse: in Chinese by touch, in English by keyboard.

Counted is each touch: a link, a button, a field that is written in, a choice, a file. Typing is the same anywhere.
"""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any
from zipfile import ZipFile

import pytest
from flask_babel import force_locale
from flask_babel import gettext as _
from sqlalchemy import select

from labshare.accounts.models import Person
from labshare.booking import services
from labshare.booking.models import Booking, Quote, Rating
from labshare.catalogue.rules.fees import Discount, Extras
from labshare.catalogue.services.index import rebuild_all
from labshare.kernel import time as kernel_time
from labshare.kernel.database import db, transaction
from labshare.organisations.models import Firm
from labshare.settlement.models import Dispute, Inquiry, Message
from tests import factories
from tests.booking.test_quotes import RUSH
from tests.conftest import PATIENCE, SHANGHAI, TUESDAY_MORNING, Clock
from tests.serving import serving
from tests.settlement.world import World, pdf
from tests.signing import sign_in_browser
from tests.web import axe

TASKS = {
    # what a client wants to do, from where: most touches
    "find a test and book it, from the first page": 6,
    "ask the labs what to test, compare, book, from a search that finds nothing": 6,
    "book a quote, from the quote": 3,
    "choose the slot again after its ten minutes, from the booking form": 3,
    "move a booking, from its page": 4,
    "cancel a booking free of charge, from its page": 3,
    "write to the lab with a file, from the booking's page": 3,
    "dispute a result, from the first page": 5,
    "rate a test, from the booking's page": 5,
    "take a figure of the spending apart, into a spreadsheet, from the dashboard": 4,
    "put bookings into a calendar, and end that, from the account": 5,
}
LANGUAGES = {"zh-CN": "zh_Hans_CN", "en-GB": "en"}


@dataclass
class County:
    """A lab that confirms at once, whose fee allows a tenth off for five samples."""

    clock: Clock
    address: str
    lab: Any
    item: Any
    manager: Person


class Phone:
    """A person's phone. Each act gives the phone back; `touches` are counted."""

    def __init__(self, browser: Any, locale: str, county: County, person: Person, firm: Firm) -> None:
        self.locale, self.county, self.firm = locale, county, firm
        self.actor = factories.actor(person, firm, "owner")
        self.touches = 0
        self.looked: set[str] = set()
        self.lab: Phone
        self.context = browser.new_context(
            base_url=county.address,
            locale=locale,
            timezone_id="Asia/Shanghai",
            viewport={"width": 390, "height": 844},
            has_touch=True,
        )
        self.page = self.context.new_page()
        self.page.set_default_timeout(PATIENCE)
        self.page.clock.install(time=county.clock.now)
        sign_in_browser(self.page, person, firm)

    def words(self, english: str) -> str:
        """As the page says it in this phone's language."""
        with force_locale(LANGUAGES[self.locale]):
            return _(english)

    def go(self, path: str) -> "Phone":
        self.page.goto(path)
        return self.looks()

    def touch(self, target: Any) -> "Phone":
        """By finger or by key."""
        self.touches += 1
        target = target.first
        if self.locale == "zh-CN":
            target.tap()
        else:
            target.focus()
            self.page.keyboard.press("Enter")
        return self

    def named(self, english: str, within: str = "main") -> Any:
        """The link or button of this name."""
        place, name = self.page.locator(within), self.words(english)
        return place.get_by_role("link", name=name).or_(place.get_by_role("button", name=name))

    def follow(self, target: Any) -> "Phone":
        """Touch what leads to another page; the page is looked at."""
        target = self.named(target) if isinstance(target, str) else target
        with self.page.expect_navigation():
            self.touch(target)
        return self.looks()

    def write(self, name: str, text: str) -> "Phone":
        """Into the field of this name."""
        self.touches += 1
        self.page.locator(f"main [name={name}]").fill(text)
        return self

    def choose(self, name: str, value: str) -> "Phone":
        self.touches += 1
        self.page.locator(f"main select[name={name}]").select_option(value)
        return self

    def attach(self, name: str) -> "Phone":
        """A file, into the field of this name."""
        self.touches += 1
        file = {"name": "drawing.pdf", "mimeType": "application/pdf", "buffer": pdf()}
        self.page.locator(f"main [name={name}]").set_input_files(file)
        return self

    def looks(self) -> "Phone":
        """The page fits, its dates stay on their lines, axe finds nothing: once an address, its numbers aside."""
        kind = "".join(each for each in self.page.url.split("?")[0] if not each.isdigit())
        if kind not in self.looked:
            self.looked.add(kind)
            looked = axe.findings(self.page), axe.too_wide(self.page), axe.broken_dates(self.page)
            assert looked == ([], 0, []), self.page.url
        return self

    def book(self, starts_at: str, **given: Any) -> Booking:
        """A booking made before."""
        db.session.rollback()
        start = datetime.fromisoformat(starts_at).replace(tzinfo=SHANGHAI)
        with transaction():
            return services.book(
                actor=self.actor,
                now=self.county.clock.now,
                test_item_id=self.county.item.id,
                quantity=1,
                starts_at=start,
                **given,
            )

    def tested(self) -> World:
        """A test of last week with its report, invoice and payment."""
        db.session.rollback()
        done = World(
            lab=self.county.lab, client=self.firm, booked_on=date(2026, 11, 16), finished_on=date(2026, 11, 19)
        )
        done.report()
        done.invoice()
        done.payment()
        return done


@pytest.fixture(scope="module")
def county(_applications: Callable[[str], Any]) -> Iterator[County]:
    app, database = _applications("sqlite")
    database.renew()
    clock = Clock(TUESDAY_MORNING)
    kernel_time.set_clock(clock)
    settings = dict(app.config)
    app.config["WTF_CSRF_ENABLED"] = True
    with app.app_context(), serving(app) as address:
        with transaction():
            factories.working_year()
            lab = factories.lab(name="力学检测中心", name_en="Mechanics centre", automatic_confirmation=True)
            item = factories.test_item(
                factories.instrument(lab, units=4),
                name="洛氏硬度",
                name_en="Rockwell hardness",
                fee_fen=10_000,
                free_cancel_minutes=1440,
                late_cancel_percent=30,
            )
            extras = Extras(surcharges=(RUSH,), discounts=(Discount(5, 10),))
            for name, value in extras.columns().items():
                setattr(item.fees[0], name, value)
            manager = factories.member(lab.firm, "lab_manager")
            rebuild_all()
        yield County(clock, address, lab, item, manager)
        db.session.remove()
        db.engine.dispose()
    app.config.clear()
    app.config.update(settings)
    kernel_time.set_clock(None)


@pytest.fixture(scope="module", params=LANGUAGES)
def phone(request: pytest.FixtureRequest, county: County, browser: Any) -> Iterator[Phone]:
    """An owner's; `lab` is that of a manager of the lab."""
    locale = request.param
    with transaction():
        firm = factories.firm()
        owner = factories.member(firm)
    phone = Phone(browser, locale, county, owner, firm)
    phone.lab = Phone(browser, locale, county, county.manager, county.lab.firm)
    yield phone
    phone.context.close()
    phone.lab.context.close()


def stands(model: Any, **by: Any) -> Any:
    """The newest such row, as the last request left it."""
    db.session.rollback()
    db.session.expire_all()
    return db.session.scalars(
        select(model).filter_by(**by).order_by(*[one.desc() for one in model.__table__.primary_key])
    ).first()


HOW: dict[str, Callable[[Phone], None]] = {}


def does(task: str) -> Callable[[Callable[[Phone], None]], Callable[[Phone], None]]:
    """The way in which a task of the table is done."""

    def decorate(way: Callable[[Phone], None]) -> Callable[[Phone], None]:
        HOW[task] = way
        return way

    return decorate


@does("find a test and book it, from the first page")
def find_and_book(phone: Phone) -> None:
    phone.go("/").write("q", "HRC").follow("Search").follow("Choose slot").follow(phone.page.locator(".paybar a.btn"))
    phone.page.locator("[data-left]").wait_for(state="visible")
    phone.write("sample_description", "M8").follow("Submit booking")
    assert stands(Booking).client_firm_id == phone.firm.id


@does("ask the labs what to test, compare, book, from a search that finds nothing")
def ask_the_labs(phone: Phone) -> None:  # R-ASK-1, R-ASK-4, R-ASK-5
    words = "量子纠缠" if phone.locale == "zh-CN" else "quantum entanglement"
    phone.go(f"/search?q={words}&quantity=5").follow("Ask the labs").follow("Send request")
    asked = stands(Inquiry)
    assert (asked.client_firm_id, asked.quantity, asked.text) == (phone.firm.id, 5, words)
    lab = phone.lab
    lab.go("/lab/inquiries").follow(words)
    lab.choose("test_item", str(phone.county.item.id)).write("own_fen", "460").follow("Send answer")
    phone.go("/client/").follow("Compare")
    assert "460.00" in phone.page.locator(".tbl").inner_text()
    phone.follow(phone.page.locator("button[name=book]"))
    assert "460.00" in phone.page.locator("#part-price").inner_text()
    phone.write("sample_description", "M8").follow("Submit booking")
    booking = stands(Booking)
    assert (booking.client_firm_id, booking.price_fen, booking.quantity) == (phone.firm.id, 46_000, 5)
    assert stands(Inquiry).closed_at is not None


@does("book a quote, from the quote")
def book_a_quote(phone: Phone) -> None:  # R-QUOTE-1
    item = phone.county.item
    phone.go(f"/bookings/new?test_item={item.id}&quantity=2&surcharges=rush")
    phone.follow(phone.page.locator("button[name=quote]"))
    assert "300.00" in phone.page.locator(".money").inner_text()
    phone.touches = 0
    phone.follow("Book this quote").write("sample_description", "M8").follow("Submit booking")
    booking, quote = stands(Booking), stands(Quote)
    assert (booking.price_fen, quote.booking_id) == (30_000, booking.id)


@does("choose the slot again after its ten minutes, from the booking form")
def choose_again(phone: Phone) -> None:  # R-TIME-13
    phone.go(f"/bookings/new?test_item={phone.county.item.id}&starts_at=2026-12-03T10:00:00%2B08:00")
    phone.page.locator("[data-left]").wait_for(state="visible")
    phone.county.clock.advance(minutes=10, seconds=1)
    phone.page.clock.fast_forward("10:01")
    phone.page.locator("[data-after]").wait_for(state="visible")
    assert (axe.findings(phone.page), axe.too_wide(phone.page)) == ([], 0)
    phone.touch(phone.named("Keep it anew"))
    phone.page.locator("[data-during]").wait_for(state="visible")
    phone.write("sample_description", "M8").follow("Submit booking")
    assert phone.county.clock.at("2026-12-03 10:00") == stands(Booking).starts_at


@does("move a booking, from its page")
def move(phone: Phone) -> None:
    booking = phone.book("2026-12-01 09:00")
    phone.go(f"/bookings/{booking.ref}").follow("Reschedule")
    start = phone.county.clock.at("2026-12-02 09:30")
    phone.follow(phone.page.locator(f"button[name=slot][value^='{start.isoformat()}']"))
    phone.follow(phone.page.locator("button[name=sure]"))
    assert stands(Booking, id=booking.id).starts_at == start


@does("cancel a booking free of charge, from its page")
def cancel(phone: Phone) -> None:
    booking = phone.book("2026-12-01 10:00")
    phone.go(f"/bookings/{booking.ref}").touch(phone.named("Cancel booking"))
    dialog = phone.page.get_by_role("dialog")
    dialog.wait_for()
    assert "0.00" in dialog.inner_text()
    assert axe.findings(phone.page) == []
    phone.write("cancel-reason", "计划有变").follow(dialog.get_by_role("button", name=phone.words("Cancel booking")))
    cancelled = stands(Booking, id=booking.id)
    assert (cancelled.state, cancelled.charged_fen) == ("cancelled", 0)


@does("write to the lab with a file, from the booking's page")
def write_with_a_file(phone: Phone) -> None:  # R-TALK-1
    done = phone.tested()
    phone.go(f"/bookings/{done.ref}").write("message-text", "请看图").attach("message-files").follow("Send message")
    assert [one.name for one in stands(Message).files] == ["drawing.pdf"]
    assert "drawing.pdf" in phone.page.locator("#messages").inner_text()


@does("dispute a result, from the first page")
def dispute(phone: Phone) -> None:  # R-DISPUTE-1
    done = phone.tested()
    phone.go("/").follow(phone.named("My bookings", ".tabbar"))
    phone.follow(phone.page.locator(f"main a[href='/bookings/{done.ref}']")).follow("Open a dispute")
    phone.write("text", "3 号试样编号对不上").follow("Send the dispute")
    assert phone.page.locator("#dispute .bubble").inner_text() == "3 号试样编号对不上"
    assert (stands(Dispute).booking_id, stands(Dispute).state) == (done.id, "open")


@does("rate a test, from the booking's page")
def rate(phone: Phone) -> None:  # R-RATING-1
    done = phone.tested()
    phone.go(f"/bookings/{done.ref}")
    for what in ("result", "service", "time"):
        phone.choose(f"rate-{what}", "5")
    phone.write("rate-text", "讲解清楚").follow("Rate this test")
    rating = stands(Rating, booking_id=done.id)
    assert (rating.result_points, rating.text) == (5, "讲解清楚")


@does("take a figure of the spending apart, into a spreadsheet, from the dashboard")
def take_spending_apart(phone: Phone) -> None:
    done = phone.tested()
    phone.go("/client/").follow("Spending").follow(phone.page.locator("tbody td.num a"))
    assert done.ref in phone.page.locator("main").inner_text()
    with phone.page.expect_download() as file:
        phone.touch(phone.named("XLSX"))
    with ZipFile(file.value.path()) as book:
        assert done.ref.encode() in b"".join(map(book.read, book.namelist()))


@does("put bookings into a calendar, and end that, from the account")
def subscribe(phone: Phone) -> None:  # R-TOLD-8
    phone.go("/account/").follow("Calendar feed").follow("Make an address")
    address = phone.page.locator("[data-copy]").get_attribute("data-copy")
    calendar = phone.page.request.get(address)
    assert (calendar.status, "BEGIN:VCALENDAR" in calendar.text()) == (200, True)
    phone.follow("Revoke")
    assert phone.page.request.get(address).status == 404


@pytest.mark.parametrize("task", TASKS)
def test_a_client_can(phone: Phone, task: str) -> None:
    db.session.rollback()
    phone.touches = 0
    HOW[task](phone)
    assert phone.touches <= TASKS[task]
