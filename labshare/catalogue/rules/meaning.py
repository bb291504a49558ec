"""What typed words mean: the concepts of the field among them, and what says nothing about the test.

A vocabulary names concepts in both languages, with abbreviations. Of the words typed, each known concept becomes one
need that any of its words meets; fillers (测试, 多少钱, test, cost …) cost nothing: they need not occur, and spoil
nothing.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from functools import cached_property
from itertools import pairwise
from typing import Literal

from labshare.catalogue.rules import text as spelling
from labshare.catalogue.rules.question import take_mark, take_standard
from labshare.catalogue.rules.text import Word

Kind = Literal["test", "instrument", "material", "maker", "filler"]
WEIGHTS: Mapping[str, int] = {"test": 4, "instrument": 4, "maker": 3, "material": 2}
UNKNOWN = 2
"""The weight of a word that the vocabulary does not know."""
MOST_NEEDS = 8
_BEFORE, _AFTER = "做测想要我找求给把用能可和与及或", "的了吗呢啊么吧和与及或"
"""Small words of one character, dropped at the two ends of words that are not known."""


@dataclass(frozen=True, kw_only=True)
class Concept:
    """`zh` are found inside other words, `en` and `short` as whole words; `finds` are other concepts whose tests do
    it too."""

    key: str
    kind: Kind
    zh: tuple[str, ...]
    en: tuple[str, ...]
    short: tuple[str, ...]
    finds: tuple[str, ...]
    source: str

    @property
    def phrases(self) -> tuple[str, ...]:
        return (*self.zh, *self.en, *self.short)


@dataclass(frozen=True)
class Need:
    """What must occur, in any of its words. `typed` are as typed, `others` say the same."""

    typed: tuple[Word, ...]
    others: tuple[Word, ...] = ()
    weight: int = UNKNOWN
    must: bool = False
    """Never left out, even where nothing has it: a standard's number."""

    @cached_property
    def words(self) -> tuple[Word, ...]:
        """All of them, without those that another one finds anyway."""
        every = tuple(dict.fromkeys((*self.typed, *self.others)))
        return tuple(word for word in every if not any(other is not word and other.finds(word) for other in every))

    @property
    def shown(self) -> str:
        return self.typed[0].shown


@dataclass(frozen=True)
class Meaning:
    needs: tuple[Need, ...] = ()
    mark: str | None = None
    """CNAS or CMA, where it was typed: what accreditation the test must have."""

    @property
    def shown(self) -> str:
        """The words that count, as typed."""
        shown = ""
        for need in self.needs:
            blank = shown and not (spelling.is_chinese(shown[-1]) and spelling.is_chinese(need.shown[0]))
            shown += f"{' ' if blank else ''}{need.shown}"
        return shown


class Vocabulary:
    """Concepts by their phrases. Raises `ValueError` for a phrase of two concepts, or one that finds what is not
    there: data that contradicts itself."""

    def __init__(self, concepts: Iterable[Concept]) -> None:
        self.concepts = {concept.key: concept for concept in concepts}
        self._phrases: dict[tuple[str, ...], Concept] = {}
        for concept in self.concepts.values():
            if missing := [key for key in concept.finds if key not in self.concepts]:
                raise ValueError(f"{concept.key} finds what is not there: {missing}")
            for phrase in concept.phrases:
                key = tuple(token for token, _touches in spelling.tokens(phrase))
                known = self._phrases.setdefault(key, concept)
                if known is not concept:
                    raise ValueError(f"“{phrase}” belongs to {known.key} and to {concept.key}")
        self._longest = max(map(len, self._phrases), default=0)

    def longest_at(self, tokens: list[tuple[str, bool]], at: int) -> tuple[Concept, int] | None:
        """The concept whose phrase is the longest of those that begin here, and how many tokens it takes."""
        for length in range(min(self._longest, len(tokens) - at), 0, -1):
            piece = tokens[at : at + length]
            if any(_apart(before, after) for before, after in pairwise(piece)):
                continue
            if concept := self._phrases.get(tuple(token for token, _touches in piece)):
                return concept, length
        return None

    def words_of(self, concept: Concept) -> list[Word]:
        """Its own words and those of what it finds too."""
        every = [concept, *(self.concepts[key] for key in concept.finds)]
        return [
            *(spelling.anywhere(word) for one in every for word in one.zh),
            *(found for one in every for word in one.en for found in _whole(word, one.kind)),
            *(spelling.whole(word) for one in every for word in one.short),
        ]


def _apart(before: tuple[str, bool], after: tuple[str, bool]) -> bool:
    """Two Chinese characters with a blank between them are no word."""
    return not after[1] and spelling.is_chinese(before[0]) and spelling.is_chinese(after[0])


def _whole(word: str, kind: str = "test") -> list[Word]:
    """A Latin word in singular and plural; names of makers (Waters) have none."""
    last = word.split()[-1].lower()
    if kind == "maker" or not last.isalpha() or len(last) < 3 or last.endswith(("ss", "is")):
        return [spelling.whole(word)]
    return [spelling.whole(word), spelling.whole(word[:-1] if last.endswith("s") else f"{word}s")]


def read_meaning(typed: str, vocabulary: Vocabulary) -> Meaning:
    """What is looked for. Where nothing but fillers was typed, these are looked for as they stand."""
    standard, rest = take_standard(typed)
    mark, rest = take_mark(rest)
    found = _Reading(vocabulary).read(rest)
    if standard is not None:
        found.insert(0, Need((spelling.anywhere(standard),), must=True))
    if not found and mark is None:
        found = literal(typed)
    return Meaning(tuple(found[:MOST_NEEDS]), mark)


def literal(typed: str) -> list[Need]:
    """Every word as it stands, found anywhere: for names of labs."""
    return [Need((spelling.anywhere(term),), must=True) for term in spelling.terms(typed)]


class _Reading:
    """One pass over the tokens of a query."""

    def __init__(self, vocabulary: Vocabulary) -> None:
        self.vocabulary = vocabulary
        self.needs: list[Need] = []
        self.concepts: dict[str, int] = {}
        self.singles: list[Need] = []
        self.run = ""

    def read(self, typed: str) -> list[Need]:
        """Known concepts, longest first, then what is left between them; single characters only where there is
        nothing else."""
        tokens = spelling.tokens(typed)
        at = 0
        while at < len(tokens):
            token, touches = tokens[at]
            known = self.vocabulary.longest_at(tokens, at)
            if known is not None:
                self._end_run()
                concept, length = known
                self._concept(concept, tokens[at : at + length])
                at += length
                continue
            if not spelling.is_chinese(token):
                self._end_run()
                self._latin(token)
            else:
                if not touches:
                    self._end_run()
                self.run += token
            at += 1
        self._end_run()
        return self.needs or self.singles

    def _concept(self, concept: Concept, tokens: list[tuple[str, bool]]) -> None:
        if concept.kind == "filler":
            return
        asked = [token for token, _touches in tokens]
        typed = next(one for one in concept.phrases if [token for token, _touches in spelling.tokens(one)] == asked)
        if typed in concept.short:
            words = [spelling.whole(typed)]
        else:
            words = [spelling.anywhere(typed)] if typed in concept.zh else _whole(typed, concept.kind)
        if (known := self.concepts.get(concept.key)) is not None:
            need = self.needs[known]
            self.needs[known] = replace(need, typed=(*need.typed, *words))
            return
        self.concepts[concept.key] = len(self.needs)
        self.needs.append(Need(tuple(words), tuple(self.vocabulary.words_of(concept)), WEIGHTS[concept.kind]))

    def _latin(self, word: str) -> None:
        if len(word) == 1:
            self.singles.append(Need((spelling.anywhere(word),)))
        elif word.isalpha() and len(word) <= spelling.SHORT:
            self._add(Need(tuple(_whole(word)), (spelling.initials(word),)))
        else:
            plural = word.isalpha() and word.endswith("s") and not word.endswith("ss")
            self._add(Need((spelling.anywhere(word[:-1] if plural else word),)))

    def _end_run(self) -> None:
        bare = self.run.lstrip(_BEFORE).rstrip(_AFTER)
        if len(bare) == 1:
            self.singles.append(Need((spelling.anywhere(bare),)))
        elif bare:
            self._add(Need((spelling.anywhere(bare),)))
        self.run = ""

    def _add(self, need: Need) -> None:
        if need not in self.needs:
            self.needs.append(need)


def best_together(needs: tuple[Need, ...], occurring: Iterable[int]) -> tuple[tuple[Need, ...], ...]:
    """Which needs to ask for, where not all are met together: those that weigh most among `occurring` (sums of
    2 ** place, each met by something), at least half of the whole weight; several where they weigh the same. Empty:
    what is met is too little, showing it would be noise."""
    whole = sum(need.weight for need in needs)
    musts = sum(1 << place for place, need in enumerate(needs) if need.must)
    weights = {
        bits: sum(need.weight for place, need in enumerate(needs) if bits >> place & 1)
        for bits in occurring
        if bits & musts == musts
    }
    most = max(weights.values(), default=0)
    if not most or most * 2 < whole:
        return ()
    return tuple(
        tuple(need for place, need in enumerate(needs) if bits >> place & 1)
        for bits, weight in sorted(weights.items())
        if weight == most
    )
