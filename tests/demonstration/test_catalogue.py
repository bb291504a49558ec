"""The invented county before any booking: whole, valid, and the same again for the same seed and day."""

from stdnum.cn import uscc

from labshare.demonstration.data.hosts import HOSTS
from labshare.demonstration.data.instruments import KINDS
from labshare.demonstration.data.items import NORMS, TYPES


def test_twenty_hosts_have_82_labs():
    assert (len(HOSTS), sum(len(host.labs) for host in HOSTS)) == (20, 82)


def test_every_standard_that_a_test_names_is_known_and_successors_come_first():
    numbers = [norm.number for norm in NORMS]
    assert len(set(numbers)) == len(numbers)
    assert {number for test in TYPES for number in test.standards} <= set(numbers)
    for norm in NORMS:
        if norm.replaced_by:
            assert numbers.index(norm.replaced_by) < numbers.index(norm.number)


def test_every_kind_of_instrument_has_a_test():
    kinds = {kind.key for kind in KINDS}
    assert {kind for test in TYPES for kind in test.kinds} == kinds - {"sound"} | {"sound"}


def test_credit_codes_are_valid():
    from labshare.demonstration.codes import credit_code

    for number in (1, 77, 4_321, 999_999):
        for kind in ("enterprise", "public_institution", "other"):
            assert uscc.is_valid(credit_code(kind=kind, division="330624", number=number))
