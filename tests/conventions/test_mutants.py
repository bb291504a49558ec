"""The mutants of `make mutants`, which run too long for each time: a source that changed under one is seen at once."""

from tests.mutants.__main__ import misfits
from tests.mutants.mutants import MUTANTS


def test_every_mutant_fits_the_sources() -> None:
    assert not [misfit for mutant in MUTANTS for misfit in misfits(mutant)]
