from flask import Flask

from labshare.audit.words import ACTIONS
from labshare.kernel.verbs import VERBS


def test_every_verb_has_its_words(app: Flask) -> None:
    assert not [name for name in VERBS if name.split(".")[0] != "test" and name not in ACTIONS]
