"""An objection names entries of its statement and brings files, which the lab's side and regulators read."""

from datetime import date
from io import BytesIO

import pytest

from labshare.kernel.database import db, transaction
from labshare.kernel.errors import NotFound, Problem
from labshare.kernel.months import Month
from labshare.rewards import services
from labshare.rewards.models import Objection, ObjectionEntry, ObjectionFile
from labshare.rewards.queries.objections import file_of_objection, grounds_of
from labshare.rewards.queries.runs import rules_of
from tests import factories
from tests.rewards.world import add_booking, add_lab, add_revenue, people, put_policy
from tests.settlement.world import pdf, taken
from tests.signing import sign_in

ENGINES = ("sqlite",)
OCTOBER = Month(2026, 10)


@pytest.fixture
def world(app, clock):
    """October in public notice; each of two labs has an entry that counts, one that does not, and one of September."""
    now = clock.set("2026-11-02 10:00")
    with transaction():
        world = people()
        factories.working_year()
        put_policy(world, now, effective_from="2026-10")
        client = factories.firm()
        world.entries = []
        for _ in range(2):
            lab = add_lab(world)
            for month, given in (("2026-10", {}), ("2026-10", {"statutory": True}), ("2026-09", {})):
                day = date(2026, int(month[5:]), 5)
                world.entries.append(add_revenue(add_booking(world, lab, client, day, **given), month, 80_000).id)
        world.owner = factories.member(world.labs[0].firm)
        world.stranger = factories.member(world.labs[1].firm)
    with transaction():
        services.run_month(actor=world.acting("officer"), now=now, month=OCTOBER)
    with transaction():
        services.publish(actor=world.acting("officer"), now=now, month=OCTOBER)
    return world


def raised(world, clock, **given):
    actor = factories.actor(world.owner, world.labs[0].firm, "owner")
    db.session.commit()
    with transaction():
        return services.raise_objection(
            actor=actor, now=clock.now, month=OCTOBER, lab=world.labs[0].code, **({"text": "少计一笔"} | given)
        )


def test_what_it_names_and_brings_is_kept_and_judged_by_the_run(world, clock):  # R-RUN-6
    counts, out = world.entries[:2]
    objection = raised(world, clock, entries=[out, counts, out], files=[taken(kinds="document")])
    grounds = grounds_of(objection.run, rules_of(objection.run.policy), [objection])[objection.id]
    assert [(row.entry.id, row.fen, row.reason) for row in grounds.entries] == [
        (counts, 80_000, None),
        (out, 80_000, "statutory"),
    ]
    assert [file.name for file in grounds.files] == ["report.pdf"]


@pytest.mark.parametrize("place", [2, 3, 4])
def test_entries_of_another_month_or_lab_are_refused(world, clock, place):  # R-RUN-6
    with pytest.raises(Problem) as refused:
        raised(world, clock, entries=[world.entries[0], world.entries[place]])
    assert refused.value.field == "entries"
    db.session.rollback()
    assert db.session.query(Objection).count() == db.session.query(ObjectionEntry).count() == 0


def test_more_than_can_be_read_and_bad_files_are_refused(world, clock):
    with pytest.raises(Problem, match="100"):
        raised(world, clock, entries=range(1, 102))
    with pytest.raises(Problem, match=r"a\.pdf"):
        raised(world, clock, files=[taken(b"no pdf", "a.pdf", "document")])
    with pytest.raises(Problem, match="5"):
        raised(world, clock, files=[taken(kinds="document")] * 6)
    assert db.session.query(ObjectionFile).count() == 0


def test_its_files_are_for_the_labs_side_and_regulators(world, clock):
    raised(world, clock, files=[taken(kinds="document")])
    file_id = db.session.query(ObjectionFile).one().file_id
    for reader in (factories.actor(world.owner, world.labs[0].firm, "viewer"), world.acting("officer")):
        assert file_of_objection(reader, file_id).name == "report.pdf"
    with pytest.raises(NotFound):
        file_of_objection(factories.actor(world.stranger, world.labs[1].firm, "owner"), file_id)


def test_by_form_with_entry_and_file(world, client, clock):
    code, (_counts, out, *_rest) = world.labs[0].code, world.entries
    path = f"/lab/rewards/2026-10/{code}/objections"
    english = {"Accept-Language": "en"}
    sign_in(client, world.owner, world.labs[0].firm)
    assert f"{path}?entry={out}" in client.get(f"/lab/rewards/2026-10/{code}", headers=english).text
    page = client.get(f"{path}?entry={out}", headers=english).text
    assert f'value="{out}" checked' in " ".join(page.split())
    wrong = client.post(path, data={"text": "x", "entries": [world.entries[3]]}, headers=english)
    assert wrong.status_code == 422
    assert "Not a valid choice" in wrong.text
    sent = {"text": "少计一笔", "entries": [str(out)], "files": [(BytesIO(pdf()), "凭证.pdf")]}
    assert client.post(path, data=sent, content_type="multipart/form-data").status_code == 303
    statement = client.get(f"/lab/rewards/2026-10/{code}", headers=english).text
    assert "凭证.pdf" in statement
    assert f'href="{path}' not in statement
    again = client.get(path, headers=english).text
    assert "has objected in this public notice already" in again
    assert client.post(path, data={"text": "again"}).status_code == 409
    sign_in(client, world.officer)
    run = client.get("/regulator/rewards/2026-10", headers=english).text
    assert "凭证.pdf" in run
    assert "Not counted: Statutory test" in run
