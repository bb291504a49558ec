"""Quotes of the demonstration's client: one that lasts, one with the lab's own price, one that ended."""

from dataclasses import replace
from datetime import timedelta

from labshare.booking.models import Quote
from labshare.booking.rules.lines import written_price
from labshare.booking.rules.price import price_of, work_of
from labshare.booking.rules.quotes import lasts_until
from labshare.demonstration.catalogue import Laboratory, Offer
from labshare.demonstration.loading import Loading
from labshare.kernel.money import Fen
from labshare.organisations.terms import SizeClass

DAYS_AGO = (2, 3, 45)
"""When each was made."""
OWN = 1
"""Which of them the lab gave its own price: a tenth less."""


def add_quotes(loading: Loading, lab: Laboratory) -> None:
    """For tests of this lab without a choice of hours, whose fee allows a tenth less for many samples."""
    offers = [
        offer
        for offer in lab.offers
        if offer.discounts and offer.terms.hours is None and offer.fee_on(loading.today - timedelta(days=50))
    ]
    for place, (days, offer) in enumerate(zip(DAYS_AGO, offers, strict=False)):
        _quote(loading, lab, offer, place, days)


def _quote(loading: Loading, lab: Laboratory, offer: Offer, place: int, days: int) -> None:
    client = loading.demo_client
    made_at = loading.at(loading.today - timedelta(days=days), 10)
    fee = offer.fee_on(loading.day(made_at))
    if fee is None:
        return
    quantity = offer.terms.max_quantity
    sme = client.size_on(loading.day(made_at)) in SizeClass.smes()
    price = price_of(fee, work_of(offer.terms, quantity), sme=sme)
    published = price.total_fen
    own = Fen(published * 9 // 10) if place == OWN else None
    price = replace(price, own_fen=own)
    row = loading.rows.add(
        Quote,
        number=f"Q-{made_at:%Y%m}-{place + 1:05d}",
        client_firm_id=client.id,
        lab_firm_id=lab.host.id,
        lab_id=lab.id,
        test_item_id=offer.row["id"],
        fee_id=fee.id,
        quantity=quantity,
        price=written_price(price),
        amount_fen=price.total_fen,
        published_fen=published,
        turnaround_days=offer.row["turnaround_days"],
        made_by=client.members[0]["id"],
        made_at=made_at,
        valid_until=lasts_until(made_at),
        own_by=lab.host.manager["id"] if own is not None else None,
        own_at=made_at + timedelta(hours=4) if own is not None else None,
        own_reason="批量委托，按优惠幅度" if own is not None else "",
    )
    loading.trail.record(
        made_at,
        person_id=client.members[0]["id"],
        firm_id=client.id,
        action="quote.make",
        subject=("quote", row["number"]),
        after={
            "client_firm_id": client.id,
            "lab_id": lab.id,
            "test_item_id": offer.row["id"],
            "fee_id": fee.id,
            "quantity": quantity,
            "hours": None,
            "amount_fen": published,
            "valid_until": row["valid_until"].isoformat(),
        },
    )
    if own is not None:
        loading.trail.record(
            row["own_at"],
            person_id=lab.host.manager["id"],
            firm_id=lab.host.id,
            action="quote.price",
            subject=("quote", row["number"]),
            before={"amount_fen": published},
            after={"amount_fen": own, "published_fen": published, "reason": row["own_reason"]},
        )
