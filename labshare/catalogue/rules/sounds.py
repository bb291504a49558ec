"""How Chinese characters sound, without tones: for words typed in pinyin, and for one character written for another.

`syllables.txt` has the 6,763 characters of GB 2312, made from pypinyin's table (whose phrases take 54 MB, too much to
ask for each question); `tests/catalogue/test_rules.py` holds them together.
"""

from collections.abc import Callable, Mapping
from functools import cache
from itertools import islice, product
from pathlib import Path

FILE = Path(__file__).parents[1] / "syllables.txt"
MOST_READINGS = 8
"""Of a word: 重量 is zhongliang and chongliang; more than these are of no use."""


@cache
def _syllables() -> Mapping[str, tuple[str, ...]]:
    found: dict[str, tuple[str, ...]] = {}
    for line in FILE.read_text(encoding="utf-8").splitlines():
        syllable, characters = line.split(" ")
        for character in characters:
            found[character] = (*found.get(character, ()), syllable)
    return found


def sounds(character: str) -> tuple[str, ...]:
    """式 → shi. Of a letter or digit itself."""
    return _syllables().get(character, (character,))


def alike(character: str) -> frozenset[str]:
    """How it sounds to ears that hear no zh, ch, sh and no -ng: 振 and 正 are alike."""
    return frozenset(_blurred(sound) for sound in sounds(character))


def _blurred(sound: str) -> str:
    if sound[:2] in ("zh", "ch", "sh"):
        sound = sound[0] + sound[2:]
    return sound[:-1] if sound.endswith("ng") else sound


def pinyin(word: str) -> list[str]:
    """硬度 → yingdu; all ways of reading it."""
    return _joined(word, lambda sound: sound)


def initials(word: str) -> list[str]:
    """硬度 → yd."""
    return _joined(word, lambda sound: sound[0])


def _joined(word: str, part: Callable[[str], str]) -> list[str]:
    ways = product(*(dict.fromkeys(part(sound) for sound in sounds(character)) for character in word))
    return ["".join(way) for way in islice(ways, MOST_READINGS)]
