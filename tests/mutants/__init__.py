"""Whether the tests of the conventions, of the rights and of the races can fail at all: `make mutants`.

Each of them is run on a copy of the house in which one thing is wrong (`mutants.py`), and must fail there. A test of
these folders without a mutant fails the whole, so that the list stays complete. Outside `make test`: it takes long.
"""
