"""Who is told of what, with its words (kinds of notices are registered here)."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

from flask_babel import lazy_gettext as _l

from labshare.accounts.queries import names_of
from labshare.booking.entries import CLIENT_ENTRY, LAB_ENTRY, appointment
from labshare.booking.models import Approval, Booking, ForClient, Proposal, Quote
from labshare.booking.queries.quotes import QuoteRow
from labshare.booking.rules.time import Interval
from labshare.booking.terms import BookingState
from labshare.catalogue.formatting import place_in_both
from labshare.catalogue.models import Lab
from labshare.kernel.actor import Actor
from labshare.kernel.formatting import clock_span, in_both_languages
from labshare.notices.kinds import ALSO, Appointment, kind
from labshare.notices.services import Audience, Message, notify, people_in, send_mail, write_notices
from labshare.notices.terms import Topic
from labshare.organisations.models import Firm
from labshare.organisations.terms import FirmRole

LAB_ROLES = (FirmRole.OWNER, FirmRole.LAB_MANAGER)
LAB_OWNER_ROLES = (FirmRole.OWNER,)
"""Told when those at the lab leave something unanswered."""
CLIENT_ROLES = (FirmRole.OWNER,)
"""Beside the person who booked."""
CLIENT_MONEY_ROLES = (FirmRole.OWNER, FirmRole.LAB_MANAGER, FirmRole.APPROVER, FirmRole.ACCOUNTANT)
LAB_PAGE, CLIENT_PAGE = "/lab/bookings/", "/bookings/"
"""Where each side acts on a booking."""

REQUESTED = kind(
    "booking.requested",
    topic=Topic.REQUEST,
    title=_l("New request %(ref)s"),
    text=_l("%(client)s asks for %(item)s on %(starts_at)s. Answer before %(answer_by)s; after that the slot is free."),
)
UNANSWERED = kind(
    "booking.unanswered",
    topic=Topic.REQUEST,
    title=_l("Nobody has answered request %(ref)s"),
    text=_l("%(client)s asks for %(item)s on %(starts_at)s at %(lab)s. It lapses at %(answer_by)s."),
)
BOOKED = kind(
    "booking.booked",
    topic=Topic.REQUEST,
    title=_l("New booking %(ref)s"),
    text=_l("%(client)s has booked %(item)s on %(starts_at)s. It is confirmed automatically."),
)
CONFIRMED = kind(
    "booking.confirmed",
    topic=Topic.CONFIRMATION,
    title=_l("Booking %(ref)s is confirmed"),
    text=_l("%(lab)s has confirmed %(item)s on %(starts_at)s. Bring the samples by then."),
)
CONFIRMED_BY_RULE = kind(
    "booking.confirmed_by_rule",
    topic=Topic.CONFIRMATION,
    title=_l("Booking %(ref)s is confirmed"),
    text=_l(
        "%(lab)s confirms bookings automatically: %(item)s on %(starts_at)s is confirmed. Bring the samples by then."
    ),
)
CONFIRMED_BY_LAB = kind(
    "booking.confirmed_by_lab",
    topic=Topic.CONFIRMATION,
    title=_l("Booking %(ref)s is confirmed"),
    text=_l("%(item)s for %(client)s on %(starts_at)s is confirmed."),
)
DECLINED = kind(
    "booking.declined",
    topic=Topic.CONFIRMATION,
    title=_l("Booking %(ref)s was declined"),
    text=_l("%(lab)s cannot take %(item)s on %(starts_at)s: %(reason)s"),
)
LAPSED = kind(
    "booking.lapsed",
    topic=Topic.CONFIRMATION,
    title=_l("Request %(ref)s was not answered in time"),
    text=_l("%(lab)s has not answered the request for %(item)s on %(starts_at)s. The slot is free again."),
)
MOVED = kind(
    "booking.moved",
    topic=Topic.MOVE,
    title=_l("Booking %(ref)s was moved"),
    text=_l("%(client)s has moved %(item)s to %(starts_at)s."),
)
MOVE_ASKED = kind(
    "booking.move_asked",
    topic=Topic.MOVE,
    title=_l("The new time of %(ref)s waits for the lab"),
    text=_l("%(item)s is to be on %(starts_at)s instead. %(lab)s answers before %(answer_by)s."),
)
MOVE_AGREED = kind(
    "booking.move_agreed",
    topic=Topic.MOVE,
    title=_l("Booking %(ref)s has a new time"),
    text=_l("%(item)s is on %(starts_at)s now, as %(lab)s proposed."),
)
UNIT_MOVED = kind(
    "booking.unit_moved",
    topic=Topic.MOVE,
    title=_l("Booking %(ref)s has another place"),
    text=_l("%(lab)s has moved %(item)s on %(starts_at)s to place %(unit)s of the same instrument."),
    mail=False,
)
PROPOSED = kind(
    "booking.proposed",
    topic=Topic.MOVE,
    title=_l("Another time for %(ref)s is proposed"),
    text=_l("%(lab)s proposes %(proposed_at)s for %(item)s: %(reason)s Answer before %(answer_by)s."),
)
PROPOSAL_ACCEPTED = kind(
    "booking.proposal_accepted",
    topic=Topic.MOVE,
    title=_l("The new time of %(ref)s is accepted"),
    text=_l("%(client)s accepts %(starts_at)s for %(item)s."),
)
PROPOSAL_DECLINED = kind(
    "booking.proposal_declined",
    topic=Topic.MOVE,
    title=_l("The new time of %(ref)s is declined"),
    text=_l("%(client)s keeps %(starts_at)s for %(item)s."),
)
PROPOSAL_LAPSED = kind(
    "booking.proposal_lapsed",
    topic=Topic.MOVE,
    title=_l("The proposal for %(ref)s was not answered in time"),
    text=_l("The time proposed for %(item)s is free again; the booking stays on %(starts_at)s."),
)
CANCELLED = kind(
    "booking.cancelled",
    topic=Topic.CANCELLATION,
    title=_l("Booking %(ref)s is cancelled"),
    text=_l("%(item)s on %(starts_at)s is cancelled. Charged: %(charged_fen)s. %(reason)s"),
)
NO_SHOW = kind(
    "booking.no_show",
    topic=Topic.CANCELLATION,
    title=_l("No-show recorded for %(ref)s"),
    text=_l("The samples for %(item)s on %(starts_at)s did not come. Charged: %(charged_fen)s."),
)
REMINDER = kind(
    "booking.reminder",
    topic=Topic.REMINDER,
    title=_l("Reminder: %(ref)s begins on %(starts_at)s"),
    text=_l("%(item)s at %(lab)s begins on %(starts_at)s. Bring the samples by then; the lab's telephone: %(phone)s."),
)
RECEIVED = kind(
    "booking.received",
    topic=Topic.PROGRESS,
    title=_l("Samples of %(ref)s received"),
    text=_l("%(lab)s has received the samples for %(item)s: %(samples)s. %(condition)s"),
)
FINISHED = kind(
    "booking.finished",
    topic=Topic.PROGRESS,
    title=_l("Test of %(ref)s finished"),
    text=_l("%(lab)s has finished %(item)s; the report follows."),
)
ASSIGNED = kind(
    "booking.assigned",
    topic=Topic.PROGRESS,
    title=_l("%(ref)s is yours to do"),
    text=_l("%(item)s for %(client)s on %(starts_at)s is assigned to you."),
    mail=False,
)
OVERRUN = kind(
    "booking.overrun",
    topic=Topic.MOVE,
    title=_l("The test before %(ref)s takes longer"),
    text=_l("The instrument for %(item)s may not be free on %(starts_at)s: the test before it is still running."),
)
CHARGE_PROPOSED = kind(
    "charge.proposed",
    topic=Topic.CHARGE,
    title=_l("Change of charge for %(ref)s needs consent"),
    text=_l("%(lab)s asks for %(amount_fen)s more for %(item)s: %(reason)s"),
)
CHARGE_LOWERED = kind(
    "charge.lowered",
    topic=Topic.CHARGE,
    title=_l("Charge of %(ref)s lowered"),
    text=_l("%(lab)s has lowered the charge for %(item)s to %(charged_fen)s: %(reason)s"),
)
CHARGE_AGREED = kind(
    "charge.agreed",
    topic=Topic.CHARGE,
    title=_l("Change of charge for %(ref)s agreed"),
    text=_l("%(client)s agrees; %(charged_fen)s is now charged for %(item)s."),
)
CHARGE_REFUSED = kind(
    "charge.refused",
    topic=Topic.CHARGE,
    title=_l("Change of charge for %(ref)s refused"),
    text=_l("%(client)s does not agree to %(amount_fen)s more for %(item)s."),
)

CHARGE_WITHDRAWN = kind(
    "charge.withdrawn",
    topic=Topic.CHARGE,
    title=_l("Change of charge for %(ref)s taken back"),
    text=_l("%(lab)s no longer asks for %(amount_fen)s more for %(item)s."),
)
EXTRA_PROPOSED = kind(
    "charge.extra_proposed",
    topic=Topic.CHARGE,
    title=_l("Extra work for %(ref)s needs consent"),
    text=_l(
        "%(lab)s proposes extra work for %(item)s: %(amount_fen)s more by the published fee. Answer before "
        "%(answer_by)s and before the test is over; without an answer nothing changes."
    ),
)
EXTRA_LAPSED = kind(
    "charge.extra_lapsed",
    topic=Topic.CHARGE,
    title=_l("Extra work for %(ref)s was not answered"),
    text=_l("The extra work that %(lab)s proposed for %(item)s has lapsed; nothing has changed."),
)

APPROVAL_ASKED = kind(
    "approval.asked",
    topic=Topic.CONFIRMATION,
    title=_l("A booking waits for your approval"),
    text=_l("%(person)s asks for %(item)s at %(lab)s on %(starts_at)s: %(price_fen)s. Answer before %(answer_by)s."),
)
APPROVAL_GIVEN = kind(
    "approval.given",
    topic=Topic.CONFIRMATION,
    title=_l("Approved: booking %(ref)s"),
    text=_l("%(person)s has approved %(item)s at %(lab)s on %(starts_at)s. It is booked."),
)
APPROVAL_REFUSED = kind(
    "approval.refused",
    topic=Topic.CONFIRMATION,
    title=_l("Not approved: %(item)s"),
    text=_l("%(person)s has not approved %(item)s at %(lab)s on %(starts_at)s: %(reason)s The slot is free again."),
)
APPROVAL_LAPSED = kind(
    "approval.lapsed",
    topic=Topic.CONFIRMATION,
    title=_l("Nobody approved %(item)s in time"),
    text=_l("%(item)s at %(lab)s on %(starts_at)s was not approved in time. The slot is free again."),
)

FOR_CLIENT_MADE = kind(
    "for_client.made",
    topic=Topic.CONFIRMATION,
    title=_l("%(lab)s has booked %(item)s for you"),
    text=_l(
        "After your call %(lab)s holds %(starts_at)s for %(item)s: %(price_fen)s. It is booked once you accept it, "
        "before %(answer_by)s; until then it costs nothing."
    ),
)
SLIP_MAILED = kind(
    "for_client.slip",
    topic=Topic.ACCOUNT,
    title=_l("%(lab)s holds a time for %(firm)s"),
    text=_l(
        "Good day %(contact)s. After your call %(lab)s holds %(starts_at)s for %(item)s: %(price_fen)s. To have it, "
        "sign up, register %(firm)s and accept, before %(answer_by)s. The link leads through it. If you do not know of "
        "this, do nothing: the time is given back and costs nothing."
    ),
    most=5,
)
SLIP_OVER = kind(
    "for_client.slip_over",
    topic=Topic.ACCOUNT,
    title=_l("The time at %(lab)s is no longer held"),
    text=_l("%(item)s on %(starts_at)s is no longer held for %(firm)s. It costs nothing."),
)
FOR_CLIENT_ACCEPTED = kind(
    "for_client.accepted",
    topic=Topic.REQUEST,
    title=_l("%(client)s has accepted: booking %(ref)s"),
    text=_l("What you booked for %(client)s is accepted and confirmed: %(item)s on %(starts_at)s."),
)
FOR_CLIENT_DECLINED = kind(
    "for_client.declined",
    topic=Topic.REQUEST,
    title=_l("%(client)s has declined what you booked"),
    text=_l("%(item)s on %(starts_at)s is free again. %(reason)s"),
)
FOR_CLIENT_WITHDRAWN = kind(
    "for_client.withdrawn",
    topic=Topic.CONFIRMATION,
    title=_l("%(lab)s no longer holds %(item)s for you"),
    text=_l("%(lab)s has withdrawn %(item)s on %(starts_at)s: %(reason)s It costs nothing."),
)
FOR_CLIENT_LAPSED = kind(
    "for_client.lapsed",
    topic=Topic.CONFIRMATION,
    title=_l("Not accepted in time: %(item)s"),
    text=_l("%(item)s at %(lab)s on %(starts_at)s, held for %(client)s, was not accepted. It costs nothing."),
)

RATED = kind(
    "rating.given",
    topic=Topic.MESSAGE,
    title=_l("%(client)s has rated %(ref)s"),
    text=_l("%(client)s has rated %(item)s. You can answer once on the booking's page; the answer stands beside it."),
    mail=False,
)
RATING_ANSWERED = kind(
    "rating.answered",
    topic=Topic.MESSAGE,
    title=_l("%(lab)s has answered the rating of %(ref)s"),
    text=_l("%(lab)s has answered what you said of %(item)s."),
    mail=False,
)
FEED_MADE = kind(
    "feed.made",
    topic=Topic.ACCOUNT,
    title=_l("A calendar address was made"),
    text=_l(
        "Whoever knows the new address can read in a calendar from now on: %(of)s. If it was not you, revoke it at "
        "once and choose a new password."
    ),
)

ABOUT_MONEY = frozenset({CHARGE_PROPOSED, CHARGE_LOWERED, CHARGE_WITHDRAWN, EXTRA_PROPOSED, EXTRA_LAPSED})
"""Told to the client's roles that see money."""

IN_CALENDARS = frozenset(
    {
        BOOKED,
        CANCELLED,
        CONFIRMED,
        CONFIRMED_BY_LAB,
        CONFIRMED_BY_RULE,
        DECLINED,
        LAPSED,
        MOVED,
        MOVE_AGREED,
        MOVE_ASKED,
        PROPOSAL_ACCEPTED,
        REQUESTED,
    }
)
"""They change what stands in calendars: their mails bring the booking's entry, once anybody was invited (R-TOLD-2)."""


def notify_client(
    notice: str, booking: Booking, *, actor: Actor, now: datetime, doer_too: bool = False, **params: Any
) -> None:
    """Tell the person who booked and the client firm's owners; `doer_too` for the calendar of whoever did it. What is
    about money is told to those who see it, whoever booked."""
    money = notice in ABOUT_MONEY
    _notify(
        notice,
        booking,
        booking.client_firm_id,
        CLIENT_MONEY_ROLES if money else CLIENT_ROLES,
        () if money else (booking.booked_by,),
        actor,
        now,
        params,
        CLIENT_PAGE,
        doer_too=doer_too,
    )


def notify_confirmed_by_rule(booking: Booking, *, now: datetime) -> None:
    """Tell the client's side, whoever booked included, that nobody has to answer any more: no person confirmed it."""
    _notify(
        CONFIRMED_BY_RULE,
        booking,
        booking.client_firm_id,
        CLIENT_ROLES,
        (booking.booked_by,),
        None,
        now,
        {},
        CLIENT_PAGE,
    )


def notify_lab(
    notice: str, booking: Booking, *, actor: Actor, now: datetime, doer_too: bool = False, **params: Any
) -> None:
    """Tell the lab's owners and managers; `doer_too` as of `notify_client`."""
    _notify(notice, booking, booking.lab_firm_id, LAB_ROLES, (), actor, now, params, LAB_PAGE, doer_too=doer_too)


DELIVER = _l("Bring %(samples)s samples, marked with %(ref)s, to: %(lab)s, %(address)s.")
ASKED_OF_SAMPLES = _l("Sample requirements: %(requirement)s")
OPEN_THAT_DAY = _l("Opening hours on that day: %(hours)s.")
CALL_THE_LAB = _l("The lab's telephone: %(phone)s.")
ANSWER_ON_SAMPLES = _l("%(label)s: %(value)s")


def about_delivery(booking: Booking, open_hours: Sequence[Interval]) -> dict[str, Any]:
    """What a confirmation says below its words: what to bring where, when somebody is there, and what was said of the
    samples, unless that is confidential."""
    lab, item = booking.lab, booking.test_item
    hours = ", ".join(map(clock_span, open_hours))
    lines: list[tuple[Any, dict[str, Any]]] = [
        (
            DELIVER,
            {
                "samples": booking.quantity,
                "ref": booking.ref,
                "lab": in_both_languages(lab),
                "address": place_in_both(lab),
            },
        )
    ]
    if item.sample_requirement or item.sample_requirement_en:
        lines.append((ASKED_OF_SAMPLES, {"requirement": in_both_languages(item, "sample_requirement")}))
    lines.append((OPEN_THAT_DAY, {"hours": hours or None}))
    lines.append((CALL_THE_LAB, {"phone": lab.phone or None}))
    if not booking.confidential:
        lines += [(ANSWER_ON_SAMPLES, line) for line in map(_answer_line, booking.answers or ()) if line["value"]]
    return {ALSO: lines}


def _answer_line(row: Mapping[str, Any]) -> dict[str, Any]:
    value: Any = in_both_languages(row, "value") if "value" in row else (row.get("file") or {}).get("name")
    if "value" in row and row.get("unit"):
        value = {name: f"{word} {row['unit']}" for name, word in value.items()}
    return {"label": in_both_languages(row, "label"), "value": value}


def people_of_new(actor: Actor, lab: Lab, client: Firm, state: BookingState) -> list[list[int]]:
    """Whom a new booking at the lab concerns: on the lab's side and, where nobody has to confirm it, on the client's,
    whoever books included. One statement."""
    audiences = [Audience(firm_id=lab.firm_id, roles=LAB_ROLES, but=actor.person_id)]
    if state == BookingState.CONFIRMED:
        booker = (actor.person_id,) if actor.person_id is not None else ()
        audiences.append(Audience(firm_id=client.id, roles=CLIENT_ROLES, person_ids=booker))
    return people_in(*audiences)


def notify_of_new(
    booking: Booking,
    people: list[list[int]],
    *,
    now: datetime,
    open_hours: Sequence[Interval] = (),
    accepted: bool = False,
) -> None:
    """Tell them, found by `people_of_new`; `open_hours`: the lab's on the day of the start; `accepted`: the lab had
    made it for the client. One statement."""
    known = _known(booking)
    delivery = {} if booking.unanswered else about_delivery(booking, open_hours)
    kinds = (FOR_CLIENT_ACCEPTED, CONFIRMED) if accepted else (BOOKED, CONFIRMED_BY_RULE)
    if booking.unanswered:
        known["answer_by"], kinds = booking.answer_by, (REQUESTED, CONFIRMED_BY_RULE)
    sides = ((booking.lab_firm_id, LAB_PAGE), (booking.client_firm_id, CLIENT_PAGE))
    write_notices(
        *(
            Message(
                kind=notice,
                person_ids=person_ids,
                params=known | (delivery if notice in (CONFIRMED_BY_RULE, CONFIRMED) else {}),
                url=f"{page}{booking.ref}",
                firm_id=firm_id,
                appointment=_entry(notice, booking, page),
            )
            for notice, person_ids, (firm_id, page) in zip(kinds, people, sides, strict=False)
        ),
        now=now,
    )


def _notify(
    notice: str,
    booking: Booking,
    firm_id: int,
    roles: tuple[str, ...],
    person_ids: tuple[int, ...],
    actor: Actor | None,
    now: datetime,
    params: dict[str, Any],
    page: str,
    *,
    doer_too: bool = False,
) -> None:
    """`actor` is not told of what they did, but `doer_too`; `page` is where this side acts on a booking."""
    doer = actor.person_id if actor else None
    notify(
        kind=notice,
        now=now,
        params=_known(booking) | params,
        url=f"{page}{booking.ref}",
        person_ids=person_ids,
        firm_id=firm_id,
        roles=roles,
        but=None if doer_too else doer,
        by=doer,
        appointment=_entry(notice, booking, page),
    )


def _entry(notice: str, booking: Booking, page: str) -> Appointment | None:
    """What the mails of this side bring for the calendar."""
    entry = CLIENT_ENTRY if page == CLIENT_PAGE else LAB_ENTRY
    return appointment(booking, entry) if notice in IN_CALENDARS else None


def notify_owners(booking: Booking, *, actor: Actor, now: datetime) -> None:
    """Tell the owners of the lab's firm, and nobody else, that nobody answers."""
    roles, params = LAB_OWNER_ROLES, {"answer_by": booking.answer_by}
    _notify(UNANSWERED, booking, booking.lab_firm_id, roles, (), actor, now, params, LAB_PAGE)


def notify_assigned(booking: Booking, *, actor: Actor, now: datetime) -> None:
    """Tell whoever it is assigned to, and nobody else."""
    if booking.assignee_id is not None:
        _notify(ASSIGNED, booking, booking.lab_firm_id, (), (booking.assignee_id,), actor, now, {}, LAB_PAGE)


def notify_of_proposal(booking: Booking, proposal: Proposal, *, actor: Actor, now: datetime) -> None:
    """Remind the client's side that the lab proposed another time."""
    notify_client(
        PROPOSED,
        booking,
        actor=actor,
        now=now,
        proposed_at=proposal.starts_at,
        reason=proposal.reason,
        answer_by=proposal.answer_by,
    )


def notify_of_start(booking: Booking, *, actor: Actor, now: datetime) -> None:
    """Remind the client's side that it begins soon."""
    notify_client(REMINDER, booking, actor=actor, now=now, phone=booking.lab.phone or None)


def _known(booking: Booking) -> dict[str, Any]:
    """What the words of every notice about it may name."""
    return {
        "ref": booking.ref,
        "client": in_both_languages(booking.client),
        "lab": in_both_languages(booking.lab),
        "item": in_both_languages(booking.test_item),
        "starts_at": booking.starts_at,
    }


QUOTE_MADE = kind(
    "quote.made",
    topic=Topic.QUOTE,
    title=_l("Quote %(number)s made"),
    text=_l("%(client)s had a quote made: %(item)s, %(quantity)s samples, %(amount_fen)s. Your own price is possible."),
    mail=False,
)
QUOTE_PRICED = kind(
    "quote.priced",
    topic=Topic.QUOTE,
    title=_l("A better price in quote %(number)s"),
    text=_l("%(lab)s offers %(item)s for %(amount_fen)s instead of %(published_fen)s."),
)
QUOTE_ACCEPTED = kind(
    "quote.accepted",
    topic=Topic.QUOTE,
    title=_l("Quote %(number)s is accepted"),
    text=_l("%(client)s accepts %(item)s for %(amount_fen)s by purchase order %(purchase_order)s. The slot follows."),
)


def notify_of_quote(row: QuoteRow, *, actor: Actor, now: datetime) -> None:
    """Tell the lab of a quote for which its table allows a price of its own."""
    if row.most_off:
        _notify_of_quote(QUOTE_MADE, row.quote, actor=actor, now=now, lab_side=True)


def notify_of_own_price(row: QuoteRow, *, actor: Actor, now: datetime) -> None:
    _notify_of_quote(QUOTE_PRICED, row.quote, actor=actor, now=now, lab_side=False)


def notify_of_order(row: QuoteRow, *, actor: Actor, now: datetime) -> None:
    _notify_of_quote(QUOTE_ACCEPTED, row.quote, actor=actor, now=now, lab_side=True)


def _notify_of_quote(notice: str, quote: Quote, *, actor: Actor, now: datetime, lab_side: bool) -> None:
    notify(
        kind=notice,
        now=now,
        params={
            "number": quote.number,
            "client": in_both_languages(quote.client),
            "lab": in_both_languages(quote.lab),
            "item": in_both_languages(quote.test_item),
            "quantity": quote.quantity,
            "amount_fen": quote.amount_fen,
            "published_fen": quote.published_fen,
            "purchase_order": quote.purchase_order,
        },
        url=f"/lab/quotes/{quote.number}" if lab_side else f"/quotes/{quote.number}",
        person_ids=() if lab_side else (quote.made_by,),
        firm_id=quote.lab_firm_id if lab_side else quote.client_firm_id,
        roles=LAB_ROLES if lab_side else CLIENT_ROLES,
        but=actor.person_id,
        by=actor.person_id,
    )


APPROVERS = (FirmRole.OWNER, FirmRole.APPROVER)


def approval_asked(asked: Approval, *, actor: Actor, now: datetime) -> None:
    """Tell the firm's owners and approvers."""
    notify(
        kind=APPROVAL_ASKED,
        now=now,
        params=_asked(asked) | {"price_fen": asked.price_fen, "answer_by": asked.answer_by} | _who(actor),
        url=f"/client/approvals/{asked.id}",
        firm_id=asked.firm_id,
        roles=APPROVERS,
        but=actor.person_id,
    )


def approval_given(asked: Approval, booking: Booking, *, actor: Actor, now: datetime) -> None:
    """Tell whoever asked that it is booked."""
    _notify_asker(APPROVAL_GIVEN, asked, actor, now, f"{CLIENT_PAGE}{booking.ref}", {"ref": booking.ref} | _who(actor))


def approval_refused(asked: Approval, *, actor: Actor, now: datetime) -> None:
    """Tell whoever asked why not."""
    url = f"/client/approvals/{asked.id}"
    _notify_asker(APPROVAL_REFUSED, asked, actor, now, url, {"reason": asked.reason or ""} | _who(actor))


def approval_lapsed(asked: Approval, *, actor: Actor, now: datetime) -> None:
    """Tell whoever asked that the time is over."""
    _notify_asker(APPROVAL_LAPSED, asked, actor, now, f"/client/approvals/{asked.id}", {})


ACCEPTERS = (FirmRole.OWNER, FirmRole.LAB_MANAGER, FirmRole.APPROVER, FirmRole.BOOKER)
"""Those of a client who may accept what a lab booked for it."""


def booked_for_client(made: ForClient, *, actor: Actor, now: datetime) -> None:
    """Tell the client; a firm that is not registered is mailed its slip."""
    params = _made(made) | {"price_fen": made.price_fen, "answer_by": made.answer_by}
    if made.client_firm_id is None:
        more = {"contact": made.contact or made.firm_name}
        send_mail(to=made.email or "", kind=SLIP_MAILED, link_id=made.id, now=now, params=params | more)
    else:
        _notify_client_of(FOR_CLIENT_MADE, made, actor, now, params)


def for_client_declined(made: ForClient, *, actor: Actor, now: datetime) -> None:
    """Tell the lab."""
    _notify_lab_of(FOR_CLIENT_DECLINED, made, actor, now, _made(made) | {"reason": made.reason or ""})


def for_client_withdrawn(made: ForClient, *, actor: Actor, now: datetime) -> None:
    """Tell the client, or where its slip went."""
    _notify_client_of(FOR_CLIENT_WITHDRAWN, made, actor, now, _made(made) | {"reason": made.reason or ""})


def for_client_lapsed(made: ForClient, *, actor: Actor, now: datetime) -> None:
    """Tell both sides."""
    _notify_client_of(FOR_CLIENT_LAPSED, made, actor, now, _made(made))
    _notify_lab_of(FOR_CLIENT_LAPSED, made, actor, now, _made(made))


def _notify_client_of(notice: str, made: ForClient, actor: Actor, now: datetime, params: dict[str, Any]) -> None:
    if made.client_firm_id is None:
        send_mail(to=made.email or "", kind=SLIP_OVER, now=now, params=params)
        return
    url = f"/client/for-us/{made.id}"
    firm_id = made.client_firm_id
    notify(kind=notice, now=now, params=params, url=url, firm_id=firm_id, roles=ACCEPTERS, but=actor.person_id)


def _notify_lab_of(notice: str, made: ForClient, actor: Actor, now: datetime, params: dict[str, Any]) -> None:
    url, firm_id = f"/lab/for-clients/{made.id}", made.lab_firm_id
    people = (made.made_by,)
    notify(
        kind=notice,
        now=now,
        params=params,
        url=url,
        firm_id=firm_id,
        roles=LAB_ROLES,
        person_ids=people,
        but=actor.person_id,
    )


def _made(made: ForClient) -> dict[str, Any]:
    item = made.test_item
    named = {"zh": made.firm_name, "en": made.firm_name}
    return {
        "item": in_both_languages(item),
        "lab": in_both_languages(item.lab),
        "client": in_both_languages(made.client) if made.client else named,
        "firm": made.firm_name,
        "starts_at": made.starts_at,
    }


def _notify_asker(notice: str, asked: Approval, actor: Actor, now: datetime, url: str, more: dict[str, Any]) -> None:
    notify(
        kind=notice,
        now=now,
        params=_asked(asked) | more,
        url=url,
        person_ids=[asked.asked_by],
        but=actor.person_id,
    )


def _asked(asked: Approval) -> dict[str, Any]:
    item = asked.test_item
    return {"item": in_both_languages(item), "lab": in_both_languages(item.lab), "starts_at": asked.starts_at}


def _who(actor: Actor) -> dict[str, str]:
    return {"person": names_of([actor.person_id]).get(actor.person_id or 0, "")}
