"""A small market and tokens for its people."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import pytest
from flask import Flask

from labshare.catalogue.models import Instrument, Lab, TestItem
from labshare.kernel.database import transaction
from labshare.organisations.models import ApiToken, Firm
from labshare.organisations.queries import digest
from tests import factories

Headers = dict[str, str]


@dataclass
class Market:
    lab: Lab
    instrument: Instrument
    item: TestItem
    client: Firm
    booker: Headers
    lab_hand: Headers
    stranger: Headers
    officer: Headers
    auditor: Headers


def token_for(person: Any, firm: Firm | None = None, scope: str = "write") -> Headers:
    secret = f"secret-of-{person.id}-{scope}"
    factories.add(
        ApiToken(
            person_id=person.id,
            firm_id=firm.id if firm else None,
            scope=scope,
            token_digest=digest(secret),
            created_at=factories.LONG_AGO,
        )
    )
    return {"Authorization": f"Bearer {secret}"}


@pytest.fixture
def market(app: Flask, clock: Any) -> Market:
    """One lab with an instrument of two units, a client who books, and others."""
    with transaction():
        factories.working_year()
        lab = factories.lab()
        instrument = factories.instrument(lab, units=2)
        item = factories.test_item(instrument, by=factories.standard("GB/T 228.1-2021"))
        client = factories.firm()
        stranger = factories.firm()
        return Market(
            lab,
            instrument,
            item,
            client,
            booker=token_for(factories.member(client, "firm_approver"), client),
            lab_hand=token_for(factories.member(lab.firm, "lab_manager"), lab.firm),
            stranger=token_for(factories.member(stranger), stranger),
            officer=token_for(factories.regulator("officer")),
            auditor=token_for(factories.regulator("auditor")),
        )


@pytest.fixture
def wish(market: Market) -> Callable[..., dict[str, Any]]:
    """The body of a booking on Wednesday 25 November at nine."""

    def body(**given: Any) -> dict[str, Any]:
        return {
            "test_item": market.item.id,
            "quantity": 2,
            "starts_at": "2026-11-25T09:00:00+08:00",
            "sample_description": "拉伸试样 2 根",
            **given,
        }

    return body
