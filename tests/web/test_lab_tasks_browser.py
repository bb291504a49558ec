"""What a lab's people do all day: at a desk of 1440 px and on a phone of 390 px, in Chinese and in English.

Counted is each click: a link, a button, a choice, a file, a field that must be clicked before it is written in. Typing
is the same anywhere; a field that has the focus already, or gets it by the Tab key, costs nothing. The bank's file, the
sheet and the reports are invented.
"""

import re
from collections.abc import Callable, Iterator
from datetime import date, datetime
from typing import Any

import pytest
from flask_babel import force_locale
from flask_babel import gettext as _
from playwright.sync_api import expect
from sqlalchemy import select

from labshare.booking import services
from labshare.booking.models import Booking, ForClient, Holding, OpeningWeek, Proposal
from labshare.catalogue.models import Authorisation, Instrument
from labshare.kernel import time as kernel_time
from labshare.kernel.database import db
from labshare.settlement.models import Invoice, Report
from labshare.settlement.reminders import Reminder
from tests import factories
from tests.booking.conftest import House, at, make_house
from tests.conftest import PATIENCE, TUESDAY_MORNING, Clock
from tests.serving import serving
from tests.settlement.bank_files import HEAD, csv_of
from tests.settlement.world import World, pdf
from tests.signing import sign_in_browser
from tests.web import axe
from tests.web.clicking import COUNTS, Someone

LANGUAGES = {"zh-CN": "zh_Hans_CN", "en-GB": "en"}


class Seat(Someone):
    """A person's place at a lab, at a desk or with a phone; `clicks` are counted."""

    def __init__(self, browser: Any, address: str, width: int, locale: str) -> None:
        self.locale, self.phone = locale, width == 390
        self.context = browser.new_context(
            base_url=address,
            locale=locale,
            timezone_id="Asia/Shanghai",
            viewport={"width": width, "height": 844 if self.phone else 900},
            has_touch=self.phone,
        )
        super().__init__(self.context.new_page())
        self.page.set_default_timeout(PATIENCE)
        self.page.add_init_script(COUNTS)
        self.other, self.looked = 0, set[str]()
        self.house: House

    def sits_down(self, house: House) -> None:
        self.house, self.other = house, 0
        self.page.clock.set_fixed_time(house.clock.now)
        self.signs_in(house.manager)
        self.page.goto("/")
        self.page.evaluate("localStorage.clear()")

    def it_is(self, moment: Any) -> "Seat":
        """Shanghai time; on another day the person has signed in anew."""
        clock = self.house.clock
        before, now = clock.now, clock.set(moment)
        self.page.clock.set_fixed_time(now)
        if now.date() != before.date():
            self.signs_in(self.house.manager)
        return self

    def signs_in(self, actor: Any) -> "Seat":
        db.session.rollback()
        person, firm = (
            db.session.get_one(factories.Person, actor.person_id),
            db.session.get_one(factories.Firm, actor.firm_id),
        )
        sign_in_browser(self.page, person, firm)
        return self

    @property
    def clicks(self) -> int:
        return self.other + int(self.page.evaluate("Number(localStorage.getItem('clicks'))"))

    def say(self, english: str, **given: Any) -> str:
        """As the page says it in this person's language."""
        with force_locale(LANGUAGES[self.locale]):
            return _(english, **given)

    def is_sound(self) -> "Seat":
        """The page fits, its dates stay on their lines, axe finds nothing: once an address, its numbers aside."""
        kind = "".join(each for each in self.page.url.split("?")[0] if not each.isdigit()).split("/B-")[0]
        kind += self.page.url.split("?")[0].rpartition("/")[2] if "/B-" in self.page.url else ""
        if kind not in self.looked:
            self.looked.add(kind)
            without = ".ec" if "/calendar" in self.page.url else None
            found = axe.findings(self.page, without), axe.too_wide(self.page), axe.broken_dates(self.page)
            assert found == ([], 0, []), self.page.url
        return self

    def go(self, path: str) -> "Seat":
        super().go(path)
        return self.is_sound()

    def takes(self, target: Any) -> "Seat":
        super().takes(target)
        return self.is_sound()

    def follow(self, name: Any, within: str = "main", exact: bool = False) -> "Seat":
        super().follow(self.say(name), within, exact)
        return self

    def press(self, name: str, within: str = "main", **given: Any) -> "Seat":
        super().press(self.say(name, **given), within)
        return self

    def does(self, verb: str, within: str = "main", **values: Any) -> "Seat":
        """Press a verb, and in the dialog that asks once more the same."""
        super().does(self.say(verb), within, **values)
        return self

    def write(self, name: str, text: str) -> "Seat":
        """Into the field of this name, which is clicked unless it has the focus; the browser gives that to a page's
        first field a moment after it is there."""
        field = self.page.locator(f"main [name='{name}']:visible").first
        if field.evaluate("one => one.autofocus && document.activeElement === document.body"):
            expect(field).to_be_focused()
        if not field.evaluate("one => one === document.activeElement"):
            field.click()
        field.fill(text)
        return self

    def choose(self, name: str, value: str) -> "Seat":
        self.other += 1
        self.page.locator(f"main select[name='{name}']").select_option(value)
        return self

    def attach(self, name: str, **files: bytes) -> "Seat":
        """Files, chosen at once; `_` in their names stands for the dot before the ending."""
        self.other += 1
        sent = [
            {"name": file.replace("__", "."), "mimeType": "application/octet-stream", "buffer": content}
            for file, content in files.items()
        ]
        self.page.locator(f"main [name={name}]").set_input_files(sent)
        return self

    def booked(self, starts_at: str, *steps: str, **given: Any) -> str:
        """A booking brought as far as these steps go; its reference."""
        db.session.rollback()
        ref = str(self.house.book(starts_at, **given).ref)
        for step in steps:
            self.house.do(getattr(services, step), self.house.manager, ref=ref)
        return ref

    def tested(self, **given: Any) -> World:
        """A test of last week whose report is there."""
        db.session.rollback()
        client = db.session.get_one(factories.Firm, self.house.client.firm_id)
        lab = db.session.merge(self.house.lab)
        done = World(lab=lab, client=client, booked_on=date(2026, 11, 16), finished_on=date(2026, 11, 19), **given)
        done.report()
        return done


@pytest.fixture(scope="module")
def served(_applications: Callable[[str], Any]) -> Iterator[tuple[str, Any]]:
    app, database = _applications("sqlite")
    database.renew()
    settings = dict(app.config)
    app.config["WTF_CSRF_ENABLED"] = True
    with app.app_context(), serving(app) as address:
        yield address, database
        db.session.remove()
        db.engine.dispose()
    app.config.clear()
    app.config.update(settings)
    kernel_time.set_clock(None)


@pytest.fixture(scope="module")
def seats(served: tuple[str, Any], browser: Any) -> Iterator[Callable[[int, str], Seat]]:
    """One for each width and language: what has been looked at there is not looked at again."""
    made: dict[tuple[int, str], Seat] = {}

    def seat(width: int, locale: str) -> Seat:
        if (width, locale) not in made:
            made[width, locale] = Seat(browser, served[0], width, locale)
        return made[width, locale]

    yield seat
    for each in made.values():
        each.context.close()


@pytest.fixture
def house(served: tuple[str, Any]) -> House:
    """A lab of its own for each task: an instrument of twelve places, a test of an hour, one client."""
    _address, database = served
    db.session.remove()
    db.engine.dispose()
    database.renew()
    clock = Clock(TUESDAY_MORNING)
    kernel_time.set_clock(clock)
    return make_house(
        clock,
        units=12,
        turnaround_days=0,
        name="洛氏硬度",
        name_en="Rockwell hardness",
        lab={"name": "力学检测中心", "name_en": "Mechanics centre"},
        instrument={"name": "洛氏硬度计", "name_en": "Hardness tester"},
    )


def stands(model: Any, **by: Any) -> Any:
    """The newest such row, as the last request left it."""
    db.session.rollback()
    db.session.expire_all()
    newest = [one.desc() for one in model.__table__.primary_key]
    return db.session.scalars(select(model).filter_by(**by).order_by(*newest)).first()


def states() -> list[str]:
    db.session.rollback()
    return sorted(db.session.scalars(select(Booking.state)))


DESK, PHONE = 1440, 390
TASKS: list[Any] = []


def task(most: int, *seats: tuple[int, str]) -> Callable[[Callable[[Seat], None]], Callable[[Seat], None]]:
    """A task done in at most so many clicks, at each of these widths and languages."""

    def decorate(way: Callable[[Seat], None]) -> Callable[[Seat], None]:
        TASKS.extend(
            pytest.param(way, most, width, locale, id=f"{way.__name__}-{width}-{locale[:2]}") for width, locale in seats
        )
        return way

    return decorate


def sheet(*rows: str) -> bytes:
    return "\n".join(["innerId,cname,units,condition", *rows]).encode()


@task(10, (DESK, "en-GB"), (PHONE, "zh-CN"))
def settle_a_booking_from_request_to_paid(seat: Seat) -> None:
    ref = seat.booked("2026-11-25 09:00")
    seat.go("/lab/today").turn(seat.main.locator("button[name=confirm]")).reads(ref)
    seat.it_is("2026-11-25 08:55").go("/lab/today").turn(seat.main.locator("button[name=receive]"))
    seat.turn(seat.main.locator("button[name=start]"))
    seat.it_is("2026-11-25 09:50").turn(seat.main.locator("button[name=finish]"))
    assert axe.findings(seat.page) == []
    seat.takes(seat.main.locator("#outcome .btn")).attach("file", report__pdf=pdf())
    seat.press("Upload, then add the invoice").write("number", "26332000000009018427")
    seat.press("Add, then add the payment").write("reference", "ICBC-1")
    seat.press("Add, then to the missing papers").reads(seat.say("No papers are missing"))
    assert states() == ["settled"]
    assert seat.clicks <= 9
    seat.follow("Revenue ledger").reads("100.00")


@task(50, (DESK, "zh-CN"))
def a_day_of_twelve_bookings(seat: Seat) -> None:
    """One that the client's colleague had declined meanwhile stays out, and holds up nothing."""

    def all_of_them(step: str) -> None:
        ticks = seat.main.locator("[data-ticks]").first
        if not ticks.is_checked():
            ticks.click()
        seat.turn(seat.main.locator(f"button[name=many][value={step}]"))

    refs = [seat.booked("2026-11-25 09:00") for _number in range(11)]
    gone = seat.booked("2026-11-25 09:00")
    seat.go("/lab/requests")
    seat.house.do(services.decline, seat.house.manager, ref=gone, reason="检修")
    refs.append(seat.booked("2026-11-25 09:00"))
    seat.go("/lab/requests")
    all_of_them("confirm")
    seat.reads(*refs)
    seat.it_is("2026-11-25 08:55").go("/lab/today?show=all")
    all_of_them("receive")
    all_of_them("start")
    seat.it_is("2026-11-25 09:50")
    all_of_them("finish")
    assert seat.page.url.endswith("/lab/today?show=all")
    seat.follow("Missing papers", "body").follow("Upload several reports")
    seat.attach("files", **{f"{ref}__pdf": pdf(ref) for ref in refs}).press("Check files")
    seat.press("Record those ticked")
    for number in range(12):
        seat.follow("Add invoice").write("number", f"{26332000000009018400 + number}")
        seat.press("Add, then add the payment").write("reference", f"ICBC-{number}")
        seat.press("Add, then to the missing papers")
    assert states() == ["declined", *["settled"] * 12]


@task(0, (DESK, "zh-CN"))
def move_a_booking_on_the_calendar_by_keyboard_alone(seat: Seat) -> None:
    ref = seat.booked("2026-11-25 09:00", "confirm")
    key, keys = seat.page.keyboard, 0
    seat.go("/lab/calendar?from=2026-11-25").page.locator(f".ec-event[data-ref='{ref}']").wait_for()

    def presses(*names: str, until: str = "") -> None:
        """These keys, the last again and again until what has the focus is this; without, it leads to another page."""
        nonlocal keys
        for name in names[:-1]:
            key.press(name)
            keys += 1
        if not until:
            with seat.page.expect_navigation():
                key.press(names[-1])
            keys += 1
            seat.is_sound()
        while until and not seat.page.evaluate("css => document.activeElement.matches(css)", until):
            assert keys < 99, f"no way to {until}"
            key.press(names[-1])
            keys += 1

    presses("Tab", "Enter", "Tab", until=f"[data-ref='{ref}']")
    presses("m")
    key.type("主轴检修")
    presses("Tab", until="button[name=slot]")
    when = seat.page.evaluate("document.activeElement.value").split("|")[0]
    presses("Enter")
    presses("Tab", "Enter", "Tab", until="button[name=sure]")
    presses("Enter")
    proposal = stands(Proposal, open=True)
    assert (proposal.starts_at, proposal.reason) == (datetime.fromisoformat(when), "主轴检修")
    assert keys <= 36


@task(4, (PHONE, "en-GB"))
def propose_another_time_from_the_phones_calendar(seat: Seat) -> None:
    ref = seat.booked("2026-11-25 09:00", "confirm")
    seat.go("/lab/calendar").follow("Rockwell hardness").follow("Propose another time")
    seat.write("reason", "The spindle is repaired")
    seat.takes(seat.page.locator("button[name=slot]:visible:not([aria-current])").first).takes(
        seat.page.locator("button[name=sure]")
    )
    assert stands(Proposal, open=True).reason == "The spindle is repaired"
    assert stands(Booking, ref=ref).starts_at == at("2026-11-25 09:00")


@task(6, (DESK, "en-GB"))
def close_an_instrument_for_maintenance_while_bookings_clash(seat: Seat) -> None:
    ref = seat.booked("2026-11-26 09:00", "confirm")
    seat.go("/lab/calendar").follow("Add block")
    seat.write("starts_at", "2026-11-26T08:00").write("ends_at", "2026-11-26T12:00").press("Add block")
    seat.reads("1 booking in the way", ref).write("reason", "The guide rail is serviced").press("Block and send")
    proposal, booking = stands(Proposal, open=True), stands(Booking, ref=ref)
    assert (proposal.booking_id, proposal.reason) == (booking.id, "The guide rail is serviced")
    assert booking.starts_at == at("2026-11-26 09:00")
    assert stands(Holding, kind="maintenance") is not None


@task(4, (PHONE, "zh-CN"))
def take_a_booking_by_telephone_from_a_firm_that_is_not_here_yet(seat: Seat) -> None:
    seat.go("/lab/today").follow("Book for a client")
    seat.write("client", "天姥五金厂").write("email", "buyer@test.example").write("starts_at", "2026-11-26T10:00")
    seat.page.locator("#part-price").get_by_text(seat.say("Not registered: gets a slip to sign up")).wait_for()
    seat.press("Hold and ask the client").reads(seat.say("Not accepted yet"))
    made = stands(ForClient)
    assert (made.starts_at, made.firm_name) == (at("2026-11-26 10:00"), "天姥五金厂")


@task(8, (DESK, "zh-CN"))
def import_instruments_with_a_bad_cell_mend_it_and_undo(seat: Seat) -> None:
    good, bad = "YQ-1,布氏硬度计,2,正常", "YQ-2,维氏硬度计,200,正常"

    def known() -> list[str]:
        db.session.rollback()
        return sorted(db.session.scalars(select(Instrument.inner_id).where(Instrument.inner_id.startswith("YQ"))))

    seat.go("/lab/instruments").follow("Import and export")
    seat.attach("file", 仪器__csv=sheet(good, bad)).press("Check the file")
    seat.reads(seat.say("To correct: %(n)s", n=1), "C3", "200")
    assert (known(), axe.findings(seat.page)) == ([], [])
    seat.attach("file", 仪器__csv=sheet(good, bad.replace("200", "2"))).press("Check the file").press("Import now")
    assert known() == ["YQ-1", "YQ-2"]
    seat.does("Undo")
    assert known() == []


@task(2, (PHONE, "zh-CN"))
def receive_fewer_samples_than_ordered_at_the_bench(seat: Seat) -> None:
    ref = seat.booked("2026-11-25 09:00", "confirm", quantity=3)
    seat.it_is("2026-11-25 08:50").go(f"/lab/bookings/{ref}")
    seat.main.locator(".bench summary").first.click()
    seat.takes(seat.main.locator("button[name='receive-samples'][value='2']"))
    booking = stands(Booking, ref=ref)
    assert (booking.state, booking.samples_received) == ("received", 2)


@task(6, (DESK, "en-GB"))
def upload_reports_at_once_matched_by_file_name(seat: Seat) -> None:
    done = [seat.booked("2026-11-24 10:30", "confirm", "receive", "start") for _number in range(3)]
    seat.it_is("2026-11-24 11:40")
    for ref in done:
        seat.house.do(services.finish, seat.house.manager, ref=ref)
    seat.go("/lab/papers").follow("Upload several reports")
    files = {f"{done[0]}__pdf": pdf("1"), f"{done[1]}__pdf": pdf("2"), "scan__pdf": pdf("3")}
    seat.attach("files", **files).press("Check files").reads("2 of 3 ticked")
    assert axe.findings(seat.page) == []
    seat.write("ref-2", done[2])
    seat.main.locator("[name=take-2]").click()
    seat.press("Record those ticked")
    db.session.rollback()
    assert len(db.session.scalars(select(Report)).all()) == 3
    assert states() == ["reported"] * 3


@task(13, (DESK, "zh-CN"), (PHONE, "en-GB"))
def import_a_bank_list_and_accept_the_right_lines(seat: Seat) -> None:
    """Six clicks for all that is sure, one more as the account is forgotten first; three to six for the others."""
    first, *others = worlds = [seat.tested(price_fen=fen) for fen in (100_000, 100_000, 50_000)]
    for each in worlds:
        each.invoice()
    client = first.client.name
    rows = [
        HEAD,
        ["2026-11-23", "1000.00", "", client, f"检测费 {first.ref}", "S1"],
        ["2026-11-23", "1250.00", "", client, "货款", "S2"],
        ["2026-11-24", "3.21", "", "某银行", "结息", "S3"],
    ]
    seat.go("/lab/payments").follow("Bank statements").attach("file", 流水__csv=csv_of(rows)).press("Check the file")
    seat.takes(seat.main.get_by_role("button", name=re.compile("^(Import|导入) 3")))
    seat.reads(seat.say("Enter the account's number: 6 to 40 digits.")).write("account", "6222000000000001")
    seat.takes(seat.main.get_by_role("button", name=re.compile("^(Import|导入) 3"))).does("Record the sure ones")
    assert first.stands == "settled"
    seat.takes(seat.page.locator("tr", has_text="S2").get_by_role("link").last)
    seat.write(f"amount-{others[0].ref}", "1000").write(f"amount-{others[1].ref}", "250")
    seat.page.locator("[data-sum-rest]", has_text=re.compile(r"^0\.00$")).wait_for()
    assert seat.main.locator("input[name=payer_uscc]").input_value() == first.client.uscc
    seat.press("Record as payment")
    assert [each.money[2] for each in others] == [100_000, 25_000]
    seat.takes(seat.page.locator("tr", has_text="S3").get_by_role("link").last).press("Set aside: for no booking")
    assert seat.page.locator("tr", has_text="S3").count() == 0
    assert {payment.paid_on for payment in first.reread().payments} == {date(2026, 11, 23)}


@task(5, (DESK, "zh-CN"))
def invoice_three_bookings_of_a_client_at_once(seat: Seat) -> None:
    worlds = [seat.tested() for _number in range(3)]
    seat.go("/lab/papers").follow("Add invoice").write("number", "26332000000009018427")
    others = seat.say("Does the invoice cover other bookings of this client?")
    seat.main.locator("details summary", has_text=others).click()
    for button in seat.main.locator("[data-fills]").all():
        button.click()
    assert seat.main.locator("[data-sum-rest]").inner_text() == "3,000.00"
    seat.press("Add invoice")
    assert [each.money[1] for each in worlds] == [100_000] * 3
    assert [line.amount_fen for line in stands(Invoice).lines] == [100_000] * 3


@task(3, (PHONE, "en-GB"))
def remind_a_client_whose_invoice_is_overdue(seat: Seat) -> None:
    seat.tested().invoice()
    seat.it_is("2027-01-12 09:00").go("/lab/overdue").main.locator("input[name=client]").click()
    seat.press("Preview the letters").takes(seat.main.get_by_role("button", name="Send 1 letter"))
    assert [each.left_fen for each in stands(Reminder).invoices] == [100_000]


@task(6, (PHONE, "zh-CN"))
def authorise_an_operator_until_a_day(seat: Seat) -> None:
    db.session.rollback()
    firm = db.session.merge(seat.house.lab).firm
    owner, worker = factories.member(firm), factories.member(firm, "lab_manager", name="张小红")
    db.session.commit()
    seat.signs_in(factories.actor(owner, firm, "owner"))
    seat.go("/lab/instruments").follow("洛氏硬度计").follow("Operators")
    seat.choose("person_id", str(worker.id)).write("paper", "培训 2026-11").write("valid_to", "2026-12-10")
    seat.press("Authorise").reads("张小红", "12-10")
    made = stands(Authorisation)
    assert (made.person_id, made.instrument_id, made.valid_to) == (
        worker.id,
        seat.house.instrument.id,
        date(2026, 12, 10),
    )


@task(5, (DESK, "en-GB"))
def change_the_opening_hours_and_see_what_is_hit(seat: Seat) -> None:
    ref = seat.booked("2026-11-26 14:00", "confirm")
    before = stands(OpeningWeek).id
    seat.go("/lab/opening-hours").follow("Edit").write("thursday", "9-12").press("Save hours")
    seat.reads("1 booking would no longer fit", ref)
    assert stands(OpeningWeek).id == before
    seat.write("note", "Thursdays end at noon").press("Save and send")
    assert stands(OpeningWeek).weekly[3] == [[540, 720]]
    proposal, booking = stands(Proposal, open=True), stands(Booking, ref=ref)
    assert (proposal.booking_id, booking.starts_at) == (booking.id, at("2026-11-26 14:00"))


@pytest.mark.parametrize(("way", "most", "width", "locale"), TASKS)
def test_somebody_at_a_lab_can(
    seats: Callable[[int, str], Seat], house: House, way: Any, most: int, width: int, locale: str
) -> None:
    seat = seats(width, locale)
    seat.sits_down(house)
    way(seat)
    assert seat.errors == []
    assert seat.clicks <= most
    seat.page.goto("about:blank")
