"""A security key in software: makes keys and signs what pages ask, as browsers and devices do (WebAuthn level 2).

key = SoftKey()
key.make(asked)               # what the browser answers where a page asks for a new passkey
key.sign(asked)               # … and for the use of it
key = passkey_of(person)      # puts one on the account
"""

import base64
import contextlib
import hashlib
import json
import re
import secrets
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import datetime
from html import unescape
from typing import Any

import cbor2
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.hashes import SHA256
from flask import current_app

from labshare.accounts import passkeys
from labshare.accounts.models import Person
from labshare.kernel.actor import Actor
from labshare.kernel.database import db
from labshare.kernel.time import utc_now

ADDRESS = "https://labs.test.example"
PRESENT, VERIFIED, ATTESTED = 0x01, 0x04, 0x40


def _text(data: bytes) -> str:
    return base64.urlsafe_b64encode(data).decode().rstrip("=")


def asked_on(page: Any) -> dict[str, Any]:
    """What the page asks the browser."""
    found = re.search(r'data-asked="([^"]+)"', page.text)
    assert found
    asked: dict[str, Any] = json.loads(unescape(found[1]))
    return asked


@dataclass
class SoftKey:
    origin: str = ADDRESS
    site: str = "labs.test.example"
    looks: bool = True
    """Whether it looks at its person (finger, PIN) before it signs."""
    count: int = 0
    counts: bool = True
    secret: Any = field(default_factory=lambda: ec.generate_private_key(ec.SECP256R1()))
    name: bytes = field(default_factory=lambda: secrets.token_bytes(16))

    def _state(self, more: bytes = b"", flags: int = 0) -> bytes:
        self.count += self.counts
        flags |= PRESENT | (VERIFIED if self.looks else 0)
        return hashlib.sha256(self.site.encode()).digest() + bytes([flags]) + self.count.to_bytes(4, "big") + more

    def _client(self, kind: str, challenge: str) -> bytes:
        return json.dumps({"type": kind, "challenge": challenge, "origin": self.origin, "crossOrigin": False}).encode()

    def _answer(self, **response: bytes) -> str:
        name = _text(self.name)
        made = {each: _text(value) for each, value in response.items()}
        return json.dumps({"id": name, "rawId": name, "type": "public-key", "response": made})

    def make(self, asked: dict[str, Any]) -> str:
        """A new key for the site, without attestation."""
        point = self.secret.public_key().public_numbers()
        key = {1: 2, 3: -7, -1: 1, -2: point.x.to_bytes(32, "big"), -3: point.y.to_bytes(32, "big")}
        about = bytes(16) + len(self.name).to_bytes(2, "big") + self.name + cbor2.dumps(key)
        whole = cbor2.dumps({"fmt": "none", "attStmt": {}, "authData": self._state(about, ATTESTED)})
        return self._answer(clientDataJSON=self._client("webauthn.create", asked["challenge"]), attestationObject=whole)

    def sign(self, asked: dict[str, Any]) -> str:
        """What shows that the key is here."""
        state, client = self._state(), self._client("webauthn.get", asked["challenge"])
        signed = self.secret.sign(state + hashlib.sha256(client).digest(), ec.ECDSA(SHA256()))
        return self._answer(clientDataJSON=client, authenticatorData=state, signature=signed)


@contextlib.contextmanager
def at_its_address() -> Iterator[None]:
    """The installation has a name meanwhile, as passkeys need."""
    config = current_app.config
    before, config["BASE_URL"] = config["BASE_URL"], ADDRESS
    try:
        yield
    finally:
        config["BASE_URL"] = before


def add_to(person: Person, key: SoftKey, now: datetime) -> None:
    """The person puts the key on the own account."""
    with at_its_address():
        asked = passkeys.to_add(
            person_id=person.id, email=person.email, name=person.name, service="LabShare", bound="-", now=now
        )
        answer = passkeys.Answer(key.make(json.loads(asked or "")), passkeys.ADDING, "-")
        passkeys.add_passkey(actor=Actor(person_id=person.id), now=now, name="手机", answer=answer, key="-")


def passkey_of(person: Person, **kind: Any) -> SoftKey:
    """Put a passkey on the account; the challenges of the pages that come are newer than its own."""
    key = SoftKey(**kind)
    add_to(person, key, utc_now())
    for each in passkeys.passkeys_of(person.id):
        each.asked_at = person.created_at
    db.session.commit()
    return key
