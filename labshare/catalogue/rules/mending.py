"""What was mistyped, put right by the words of the field: one wrong letter of a Latin word (tensil), one character
that sounds like the right one (洛式硬度). Words that are right in any trade are left as they are: 力度 is no 粒度."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from functools import lru_cache
from itertools import pairwise

from labshare.catalogue.rules import sounds
from labshare.catalogue.rules import text as spelling
from labshare.catalogue.rules.meaning import Mended, Vocabulary, inside_words
from labshare.catalogue.rules.text import Token

SHORTEST = 5
"""Latin words of fewer letters are like too many others."""
LONGEST = 8
"""Characters of a Chinese word."""


def mend(tokens: Sequence[Token], vocabulary: Vocabulary) -> tuple[list[Token], tuple[Mended, ...]]:
    """The tokens with what was mistyped put right, and what that was."""
    words = _words(vocabulary)
    read = list(tokens)
    mended: list[Mended] = []
    known = _covered(tokens, vocabulary)
    for at, (token, touches) in enumerate(tokens):
        if at not in known and token.isascii() and (better := words.latin(token)):
            read[at] = (better, touches)
            mended.append(Mended(token, better))
    for at, length in _windows(read):
        piece = "".join(token for token, _touches in read[at : at + length])
        places = set(range(at, at + length))
        if not _open(places, known, length) or vocabulary.cutter.is_word(piece):
            continue
        if better := words.chinese(piece):
            for place, character in zip(range(at, at + length), better, strict=True):
                read[place] = (character, read[place][1])
            mended.append(Mended(piece, better))
            known.update(dict.fromkeys(places, length))
    return read, tuple(mended)


def _covered(tokens: Sequence[Token], vocabulary: Vocabulary) -> dict[int, int]:
    """Which tokens belong to a word of ours already, and how long that word is."""
    inside = inside_words(tokens, vocabulary)
    found: dict[int, int] = {}
    at = 0
    while at < len(tokens):
        known = vocabulary.longest_at(tokens, at)
        if known is None or (known[-1] == 1 and at in inside):
            at += 1
            continue
        *_phrase, length = known
        found.update(dict.fromkeys(range(at, at + length), length))
        at += length
    return found


def _open(places: set[int], known: Mapping[int, int], length: int) -> bool:
    """Whether a longer word may be read here: it takes in, whole, every shorter word that is known in it."""
    inside = [place for place in places if place in known]
    lengths = {known[place] for place in inside}
    return len(inside) < length and all(one < length for one in lengths) and len(inside) in (0, *lengths, sum(lengths))


def _windows(tokens: Sequence[Token]) -> Iterator[tuple[int, int]]:
    """Places and lengths of Chinese characters side by side, the longest first."""
    for length in range(min(LONGEST, len(tokens)), 1, -1):
        for at in range(len(tokens) - length + 1):
            piece = tokens[at : at + length]
            if all(spelling.is_chinese(token) for token, _touches in piece) and all(
                after[1] for _before, after in pairwise(piece)
            ):
                yield at, length


class _Words:
    """The words of a vocabulary by what is left of them without one letter or character."""

    def __init__(self, vocabulary: Vocabulary) -> None:
        self._latin: dict[str, list[str]] = {}
        self._sounds: dict[tuple[str, str, str], str] = {}
        self._known: set[str] = set()
        for phrase in vocabulary.phrases:
            if all(map(spelling.is_chinese, phrase)) and len(phrase) > 1:
                word = "".join(phrase)
                for at, character in enumerate(word):
                    for sound in sounds.alike(character):
                        self._sounds.setdefault((word[:at], sound, word[at + 1 :]), word)
            for word in phrase:
                if word.isascii() and word.isalpha():
                    self._learn(word)
        for written in vocabulary.pinyin:
            self._learn(written)

    def _learn(self, word: str) -> None:
        if word in self._known:
            return
        self._known.add(word)
        if len(word) >= SHORTEST:
            for less in (word, *_shorter(word)):
                self._latin.setdefault(less, []).append(word)

    def latin(self, typed: str) -> str | None:
        """The word that one letter more, less or other, or two exchanged, make of it; none where it is right."""
        if not typed.isalpha() or len(typed) < SHORTEST or typed in self._known or _singular(typed) in self._known:
            return None
        likely = [word for less in (typed, *_shorter(typed)) for word in self._latin.get(less, ())]
        near = [word for word in dict.fromkeys(likely) if _one_apart(typed, word)]
        return min(near, key=lambda word: (word[0] != typed[0], abs(len(word) - len(typed)), word), default=None)

    def chinese(self, typed: str) -> str | None:
        """The word of which one character is written with another that sounds like it."""
        for at, character in enumerate(typed):
            for sound in sounds.alike(character):
                if (word := self._sounds.get((typed[:at], sound, typed[at + 1 :]))) and word != typed:
                    return word
        return None


@lru_cache(maxsize=4)
def _words(vocabulary: Vocabulary) -> _Words:
    return _Words(vocabulary)


def _shorter(word: str) -> Iterable[str]:
    return (word[:at] + word[at + 1 :] for at in range(len(word)))


def _singular(word: str) -> str:
    return word.removesuffix("s")


def _one_apart(one: str, other: str) -> bool:
    if len(one) == len(other):
        apart = [at for at in range(len(one)) if one[at] != other[at]]
        return len(apart) == 1 or (
            len(apart) == 2
            and apart[1] == apart[0] + 1
            and one[apart[0]] + one[apart[1]] == other[apart[1]] + other[apart[0]]
        )
    longer, shorter = sorted((one, other), key=len, reverse=True)
    return len(longer) - len(shorter) == 1 and shorter in _shorter(longer)
