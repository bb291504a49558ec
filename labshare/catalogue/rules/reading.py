"""A question's words, read by the vocabulary of the field: what is looked for.

Read forgivingly, one wrong letter of a Latin word and one character that sounds like the right one are put right first
(`rules.mending`), and the meaning says so.
"""

import re
from collections.abc import Sequence
from dataclasses import replace

from labshare.catalogue.rules import sounds
from labshare.catalogue.rules import text as spelling
from labshare.catalogue.rules.meaning import (
    MOST_NEEDS,
    SHORTEST_PINYIN,
    WEIGHTS,
    Concept,
    Meaning,
    Mended,
    Need,
    Symptom,
    Vocabulary,
    inside_words,
    whole_word,
)
from labshare.catalogue.rules.mending import mend
from labshare.catalogue.rules.question import take_mark, take_standard
from labshare.catalogue.rules.text import Token
from labshare.catalogue.terms import ConceptKind

_BEFORE, _AFTER = "做测想要我找求给把用能可和与及或打看", "的了吗呢啊么吧和与及或"
"""Small words of one character, dropped at the two ends of words that are not known."""
_VALUE = re.compile(r"([a-z]{2,4})(0\d+|\d{1,2})")
"""An abbreviation with its value: HV0.3, HV10."""
_NO_NAME = re.compile(r"0\d*|\d{1,2}")
"""A number that stands for an amount, not for a model."""


def read_meaning(typed: str, vocabulary: Vocabulary, *, forgiving: bool = False) -> Meaning:
    """What is looked for. Where nothing but fillers was typed, these are looked for as they stand."""
    standard, rest = take_standard(typed)
    mark, rest = take_mark(rest)
    tokens: Sequence[Token] = spelling.tokens(rest)
    mended: tuple[Mended, ...] = ()
    if forgiving:
        tokens, mended = mend(tokens, vocabulary)
    reading = _Reading(vocabulary)
    by_number = _called(standard, vocabulary) if standard is not None else None
    found = reading.read([*spelling.tokens(by_number), *tokens] if by_number else tokens)
    if standard is not None and not by_number:
        found.insert(0, Need((spelling.anywhere(standard),), must=True))
    if not found and mark is None and not reading.symptoms:
        found = literal(typed)
    return Meaning(tuple(found[:MOST_NEEDS]), mark, tuple(reading.symptoms), mended)


def _called(standard: str, vocabulary: Vocabulary) -> str | None:
    """A number that is one of our words: ISO 6507-1:2018, which nobody lists, is what GB/T 4340 says."""
    number = re.sub(r"(?<=[A-Za-z])(?=\d)", " ", standard)
    while number:
        if vocabulary.concept_of([token for token, _touches in spelling.tokens(number)]):
            return number
        number = re.sub(r"[-–—:.]?[^-–—:.]*$", "", number)
    return None


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
        self.symptoms: list[Symptom] = []
        self.run = ""

    def read(self, tokens: Sequence[Token]) -> list[Need]:
        """Known concepts, longest first, then what is left between them; single characters only where there is
        nothing else."""
        inside = inside_words(tokens, self.vocabulary)
        at = 0
        while at < len(tokens):
            token, touches = tokens[at]
            known = self.vocabulary.longest_at(tokens, at)
            if known is not None and known[-1] == 1 and at in inside:
                known = None
            if known is not None:
                self._end_run()
                concept, phrase, length = known
                self._concept(concept, phrase)
                at += length
                continue
            if spoken := self._spoken(tokens, at):
                self._end_run()
                at += spoken
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
        return self.needs or ([] if self.symptoms else self.singles)

    def _spoken(self, tokens: Sequence[Token], at: int) -> int:
        """How many tokens here are a word of ours in pinyin, wholly (yan wu) or in part (盐wu)."""
        for length in range(min(4, len(tokens) - at), 0, -1):
            piece = tokens[at : at + length]
            letters = [token for token, _touches in piece if token.isascii()]
            mixed = len(letters) < length
            if not letters or not all(map(str.isalpha, letters)) or (mixed and not all(one[1] for one in piece[1:])):
                continue
            word = self.vocabulary.pinyin.get(
                "".join(sounds.sounds(token)[0] if spelling.is_chinese(token) else token for token, _touches in piece)
            )
            words = [word] if word else self._joined(letters[0]) if length == 1 else []
            for found in words:
                if known := self.vocabulary.concept_of(found):
                    self._concept(*known)
            if words:
                return length
        return 0

    def _joined(self, letters: str) -> list[str]:
        """yanwushiyan → 盐雾, 试验: the fewest words of ours whose pinyin it is, one after the other."""
        best: list[list[str] | None] = [[], *([None] * len(letters))]
        for end in range(SHORTEST_PINYIN, len(letters) + 1):
            for start in range(end - SHORTEST_PINYIN + 1):
                before, word = best[start], self.vocabulary.pinyin.get(letters[start:end])
                if before is not None and word and (best[end] is None or len(before) + 1 < len(best[end] or ())):
                    best[end] = [*before, word]
        return best[-1] or []

    def _concept(self, concept: Concept, typed: str) -> None:
        if concept.kind == ConceptKind.FILLER:
            return
        if concept.kind == ConceptKind.SYMPTOM:
            suggests = tuple(self.vocabulary.need(self.vocabulary.concepts[key]) for key in concept.finds)
            self.symptoms.append(Symptom(typed, suggests))
            return
        need = self.vocabulary.need(concept, typed)
        if (known := self.concepts.get(concept.key)) is not None:
            before = self.needs[known]
            self.needs[known] = replace(before, typed=(*before.typed, *need.typed))
            return
        self.concepts[concept.key] = len(self.needs)
        self.needs.append(need)

    def _latin(self, word: str) -> None:
        if (value := _VALUE.fullmatch(word)) and (known := self.vocabulary.concept_of([value[1]])):
            self._concept(*known)
        elif len(word) == 1 or _NO_NAME.fullmatch(word):
            self.singles.append(Need((spelling.anywhere(word),)))
        elif word.isalpha() and (names := self.vocabulary.initials.get(word)):
            typed = (*whole_word(word), spelling.initials(word))
            self._add(Need(typed, tuple(map(spelling.anywhere, names)), WEIGHTS[ConceptKind.MATERIAL]))
        elif word.isalpha() and len(word) <= spelling.SHORT:
            self._add(Need(tuple(whole_word(word)), (spelling.initials(word),)))
        else:
            plural = word.isalpha() and word.endswith("s") and not word.endswith("ss")
            self._add(Need((spelling.anywhere(word[:-1] if plural else word),)))

    def _end_run(self) -> None:
        bare = self.run.lstrip(_BEFORE).rstrip(_AFTER)
        self.run = ""
        if len(bare) < 2:
            if bare:
                self.singles.append(Need((spelling.anywhere(bare),)))
            return
        words = [word for word in self.vocabulary.cutter.cut(bare) if len(word) > 1]
        for word in words or [bare]:
            self._add(Need((spelling.anywhere(word),)))

    def _add(self, need: Need) -> None:
        if need not in self.needs:
            self.needs.append(need)
