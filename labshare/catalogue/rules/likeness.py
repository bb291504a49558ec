"""How much what was typed is like a test's name, where nothing was found."""

from collections.abc import Sequence
from difflib import SequenceMatcher

from labshare.catalogue.rules import text as spelling

ENOUGH = 0.6
"""Of 1. Two of three or three of four characters in their order; less is noise."""


def likeness(asked: Sequence[str], core: str, names: Sequence[str]) -> float:
    """From 0 to 1: the best of what was asked beside the best of the names. `core` is what was typed without words that
    every test has (试验, test): without a letter of that in common, nothing is alike."""
    best = 0.0
    for name in map(spelling.test_of, filter(None, names)):
        written = spelling.run(name)
        if not set(spelling.run(core)) & set(written):
            continue
        best = max([best, *(_chinese(spelling.run(one), written) for one in asked), _latin(core, name)])
    return best


def _chinese(asked: str, name: str) -> float:
    """How many of the characters asked stand in the name in the same order."""
    if len(asked) < 2 or not any(map(spelling.is_chinese, asked)):
        return 0.0
    row = [0] * (len(name) + 1)
    for character in asked:
        before = 0
        for at, other in enumerate(name, 1):
            before, row[at] = row[at], before + 1 if character == other else max(row[at], row[at - 1])
    return row[-1] / len(asked)


def _latin(asked: str, name: str) -> float:
    """How like the words are, one with one, by their letters."""
    words = [word for word in spelling.latin_words([asked]) if len(word) > spelling.SHORT]
    others = spelling.latin_words([name])
    if not words or not others:
        return 0.0
    best = [max(SequenceMatcher(None, word, other).ratio() for other in others) for word in words]
    return sum(found for found in best if found >= 0.8) / len(words)
