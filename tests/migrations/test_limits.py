"""The migration of limits and secrets over a database in use, up and down."""

from typing import Any

import pytest
from alembic import command
from flask import Flask
from sqlalchemy import inspect, text

from labshare.accounts.sessions import digest
from labshare.commands.db import alembic_config
from labshare.kernel.database import db

BEFORE = "event_key"
MOMENT = "2026-11-24 02:00:00.000000+00:00"
LINKED = "请设置密码。\n\nhttps://labshare.test.example/account/password/WzEsMTc2.abc-DEF_12\n\n自动发送。"


def run(statement: str, **values: Any) -> Any:
    with db.engine.begin() as connection:
        return connection.execute(text(statement), values)


@pytest.fixture
def filled(empty: Flask) -> Flask:
    """A database of the version before with a person, a token, a sent and a waiting mail, an attempt to sign in."""
    command.upgrade(alembic_config(), BEFORE)
    run(
        "INSERT INTO person (id, email, name, session_epoch, demonstration, created_at) VALUES "
        "(1, 'a@test.example', 'A', 3, :no, :at)",
        no=False,
        at=MOMENT[:26],
    )
    run(
        "INSERT INTO regulator_role (id, person_id, role, proposed_at, agreed_at) VALUES (1, 1, 'officer', :at, :at)",
        at=MOMENT[:26],
    )
    run(
        "INSERT INTO api_token (id, person_id, name, scope, token_digest, created_at) VALUES "
        "(1, 1, 'script', 'read', :digest, :at)",
        digest=digest("secret"),
        at=MOMENT[:26],
    )
    for number, sent in ((1, MOMENT[:26]), (2, None)):
        run(
            'INSERT INTO outbox_mail (id, "to", locale, subject, body, created_at, sent_at, attempts) VALUES '
            "(:id, 'a@test.example', 'en', 'x', :body, :at, :sent, 0)",
            id=number,
            body=LINKED,
            at=MOMENT[:26],
            sent=sent,
        )
    run("INSERT INTO sign_in_attempt (email_digest, address, at) VALUES ('x', '192.0.2.7', :at)", at=MOMENT[:26])
    return empty


def bodies() -> list[str]:
    with db.engine.connect() as connection:
        return list(connection.execute(text("SELECT body FROM outbox_mail ORDER BY id")).scalars())


def in_force(secret: str) -> bool:
    """Whether a token of this version acts for its person."""
    found = run(
        "SELECT count(*) FROM api_token JOIN person ON person.id = person_id AND session_epoch = epoch "
        "WHERE token_digest = :digest AND revoked_at IS NULL AND expires_at IS NULL",
        digest=digest(secret),
    )
    return found.scalar() == 1


def test_up_keeps_tokens_alive_and_forgets_the_links_of_sent_mails(filled: Flask) -> None:
    command.upgrade(alembic_config(), "limits")
    assert "sign_in_attempt" not in inspect(db.engine).get_table_names()
    assert in_force("secret")
    run("UPDATE person SET session_epoch = 4")
    assert not in_force("secret")
    sent, waiting = bodies()
    assert "WzEs" not in sent
    assert "请设置密码。" in sent
    assert waiting == LINKED, "it is still to be sent"


def test_down_brings_the_table_back_and_drops_mails_nobody_could_finish(filled: Flask) -> None:
    command.upgrade(alembic_config(), "limits")
    run(
        'INSERT INTO outbox_mail (id, "to", locale, subject, body, created_at, attempts, kind, link_id, rank) VALUES '
        "(3, 'a@test.example', 'en', 'x', :body, :at, 0, 'account.reset', 1, 0)",
        body="\ufffc",
        at=MOMENT[:26],
    )
    command.downgrade(alembic_config(), BEFORE)
    columns = {column["name"] for column in inspect(db.engine).get_columns("sign_in_attempt")}
    assert columns == {"id", "email_digest", "address", "at"}
    assert len(bodies()) == 2
    assert "epoch" not in {column["name"] for column in inspect(db.engine).get_columns("api_token")}
    command.upgrade(alembic_config(), "limits")
