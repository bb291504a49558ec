import pytest
from sqlalchemy import literal

from labshare.booking.models import Booking
from labshare.kernel.actor import VISITOR, Actor
from labshare.kernel.errors import NotAllowed
from labshare.organisations.divisions import containing, is_prefix
from labshare.organisations.permissions import PERMISSIONS, check_anywhere, lies_in, may, prefixes, visible

BOOKER = Actor(person_id=1, firm_id=7, roles=frozenset({"booker"}))


def test_unknown_action_is_refused_to_everybody() -> None:  # R-RIGHTS-1
    everything = Actor(person_id=1, firm_id=7, roles=frozenset({"owner", "officer", "admin", "system"}))
    assert not may(everything, "no.such_action", client=7, lab=7, firm=7)


def test_booker_books_for_the_own_firm_alone() -> None:
    assert may(BOOKER, "booking.book", client=7)
    assert not may(BOOKER, "booking.book", client=8)


def test_visitor_may_do_nothing_that_is_listed() -> None:  # R-RIGHTS-1
    assert not [action for action in PERMISSIONS if may(VISITOR, action, client=1, lab=1, firm=1)]


def test_read_only_token_changes_nothing() -> None:  # R-RIGHTS-8
    reader = Actor(person_id=1, firm_id=7, roles=frozenset({"owner"}), scope="read")
    assert may(reader, "booking.see", client=7)
    assert not may(reader, "booking.book", client=7)


def officer(division: str) -> Actor:
    return Actor(person_id=1, roles=frozenset({"officer"}), divisions=frozenset({("officer", division)}))


def test_a_role_reaches_its_division_and_what_lies_in_it() -> None:  # R-RIGHTS-13
    county, province, everywhere = officer("330624"), officer("33"), officer("")
    assert [may(one, "booking.see", division="330624") for one in (county, province, everywhere)] == [True] * 3
    assert [may(one, "booking.see", division="330683") for one in (county, province, everywhere)] == [False, True, True]
    assert [may(one, "booking.see", division="110000") for one in (county, province, everywhere)] == [
        False,
        False,
        True,
    ]


def test_second_is_the_approver_or_an_officer_around() -> None:  # R-FACT-2
    approver = Actor(person_id=2, roles=frozenset({"approver"}), divisions=frozenset({("approver", "330624")}))
    county, prefecture, province, elsewhere = (officer(code) for code in ("330624", "3306", "33", "34"))
    for action in ("policy.publish", "lab.confirm_admission", "grade.confirm"):
        asked = [may(one, action, division="330624") for one in (approver, county, prefecture, province, elsewhere)]
        assert asked == [True, False, True, True, False]
        assert not may(prefecture, action, division="3306")  # its own, as a county's officer not the county's
        assert may(province, action, division="3306")
        # whom it can never be is told so before anything is looked up
        with pytest.raises(NotAllowed):
            check_anywhere(county, action)
        assert [prefixes(one, action) for one in (approver, county, prefecture)] == [("330624",), (), ("3306",)]


def test_who_names_no_division_is_refused_but_for_the_whole_platform() -> None:  # R-RIGHTS-13
    assert not may(officer("330624"), "run.publish")
    assert may(officer(""), "run.publish")
    assert str(visible(officer("330624"), "booking.see")) == "false"
    assert not may(Actor(person_id=1, roles=frozenset({"officer"})), "run.publish", division="330624")  # for none


def test_a_division_is_asked_for_only_where_it_matters() -> None:
    def never() -> str:
        raise AssertionError

    assert may(officer(""), "booking.see", division=never)
    assert not may(VISITOR, "booking.see", division=never)


def test_another_role_of_the_person_lends_nothing() -> None:
    both = Actor(
        person_id=1,
        roles=frozenset({"officer", "auditor"}),
        divisions=frozenset({("officer", "330624"), ("auditor", "33")}),
    )
    assert may(both, "booking.see", division="330683")
    assert not may(both, "dispute.decide", division="330683")


@pytest.mark.parametrize(
    ("prefix", "said"),
    [
        ("330624", "= '330624'"),
        ("33", "booking.division >= '33' AND booking.division < '34'"),
        ("09", "booking.division >= '09' AND booking.division < '10'"),
        ("99", "booking.division >= '99'"),
    ],
)
def test_a_condition_that_an_index_serves(prefix: str, said: str) -> None:
    compiled = lies_in(Booking.division, prefix).compile(compile_kwargs={"literal_binds": True})
    assert said in str(compiled)
    assert str(lies_in(literal("x"), "")) == "true"


def test_codes() -> None:
    assert containing("330624", "3302") == ["", "33", "3302", "3306", "330624"]
    assert [is_prefix(code) for code in ("", "33", "3306", "330624")] == [True] * 4
    assert not any(is_prefix(code) for code in ("3", "330", "33062a", "33062401", "３３"))
