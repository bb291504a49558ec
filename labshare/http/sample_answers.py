"""Answers to a sample form as they come in, by page or by API: words, and files that are examined before the
transaction and kept within it."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime

from labshare.booking.rules.answers import Answer, Answers, GivenFile, answer_problems, field_of
from labshare.catalogue.rules.sample_form import Question
from labshare.kernel.actor import Actor
from labshare.kernel.database import take_turn
from labshare.kernel.errors import InvalidInput, Problem, raise_all
from labshare.settlement.files import TakenFile, store


class AnswersFileNotTaken(InvalidInput):
    """A file that is none, at its question."""

    message = "%(problem)s"


@dataclass(frozen=True)
class SentAnswers:
    """By the ids of questions."""

    texts: Mapping[int, str] = field(default_factory=dict)
    files: Mapping[int, TakenFile] = field(default_factory=dict)
    revision: int | None = None

    @property
    def _given(self) -> dict[int, Answer]:
        taken = {
            number: GivenFile(name=one.name, size=one.size, content_type=one.content_type)
            for number, one in self.files.items()
        }
        return {**self.texts, **taken}

    @property
    def _unread(self) -> dict[str, Problem]:
        """What is wrong with the content of files, by field."""
        return {
            field_of(number): AnswersFileNotTaken(field_of(number), problem=one.problem.text)
            for number, one in self.files.items()
            if one.problem is not None
        }

    def problems(self, questions: Sequence[Question]) -> list[Problem]:
        """What is wrong, each at its own field; of a file what its content says first."""
        unread = self._unread
        others = [one for one in answer_problems(questions, self._given) if one.field not in unread]
        return [*unread.values(), *others]

    def stored(self, actor: Actor, now: datetime) -> Answers:
        """The answers with their files' rows, written in the transaction that is open. Raises the problems of the
        files."""
        given = self._given
        if not self.files:
            return Answers(given, self.revision)
        raise_all(list(self._unread.values()))
        take_turn()
        for number, one in self.files.items():
            file = given[number]
            if isinstance(file, GivenFile):
                given[number] = replace(file, id=store(one, actor=actor, now=now).id)
        return Answers(given, self.revision)
