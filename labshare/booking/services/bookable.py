"""Whether something can be booked, and by whom."""

from typing import Any

from labshare.booking.errors import FirmUnverified, NotPublished, QuestionsChanged
from labshare.booking.queries.loading import BookableItem
from labshare.booking.rules.answers import Answers, StoredAnswers, answer_problems, written_answers
from labshare.catalogue.terms import LifeState
from labshare.kernel.actor import Actor
from labshare.kernel.errors import NotAllowed, NotFound, SignInFirst, raise_all
from labshare.organisations import permissions
from labshare.organisations.models import Firm


def check_bookable(actor: Actor, bookable: BookableItem | None) -> BookableItem:
    """The item with its lab and instruments. Raises `NotFound` for a draft of another firm, else `NotPublished`."""
    if bookable is None:
        raise NotFound
    draft = LifeState.DRAFT in (bookable.item.state, bookable.lab.state)
    if draft and not permissions.may(actor, "catalogue.see_drafts", firm=bookable.lab.firm_id):
        raise NotFound
    if actor.person_id is None:
        raise SignInFirst
    permissions.check(actor, "booking.book", client=actor.firm_id)
    if not bookable.published:
        raise NotPublished
    return bookable


def answers_to(bookable: BookableItem, answers: Answers | StoredAnswers) -> list[dict[str, Any]] | None:
    """What a booking keeps of the answers to the item's sample form; None where it has none (R-SAMPLE-2). One
    statement, none without a form. Raises `QuestionsChanged` where another form was shown, and the problems of the
    answers (422, together)."""
    if isinstance(answers, StoredAnswers):
        return answers.rows
    if answers.revision is not None and answers.revision != bookable.item.form_revision:
        raise QuestionsChanged
    raise_all(list(answer_problems(bookable.questions, answers.given)))
    return written_answers(bookable.questions, answers.given) or None


def client_of(bookable: BookableItem) -> Firm:
    """The firm that books. Raises `FirmUnverified`: it may browse and prepare, not book."""
    if bookable.client is None:
        raise NotAllowed
    if not bookable.client.verified:
        raise FirmUnverified
    return bookable.client
