"""Proofs of the audit trail checked from RFC 9162 and what the public page says, with the public key alone.

Takes the JSON as it is downloaded. Imports nothing from the product.
"""

import hashlib
import json

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey


def signed(public_key, message, signature):
    try:
        Ed25519PublicKey.from_public_bytes(bytes.fromhex(public_key)).verify(bytes.fromhex(signature), message.encode())
    except (InvalidSignature, ValueError):
        return False
    return True


def leaf(data):
    return hashlib.sha256(b"\0" + data).digest()


def node(left, right):
    return hashlib.sha256(b"\1" + left + right).digest()


def included(hashed, index, size, path, root):
    """RFC 9162, 2.1.3.2."""
    if index >= size:
        return False
    number, last, result = index, size - 1, hashed
    for each in map(bytes.fromhex, path):
        if last == 0:
            return False
        if number % 2 or number == last:
            result = node(each, result)
            while number % 2 == 0 and number:
                number, last = number >> 1, last >> 1
        else:
            result = node(result, each)
        number, last = number >> 1, last >> 1
    return last == 0 and result.hex() == root


def consistent(first_size, first_root, second_size, second_root, path):
    """RFC 9162, 2.1.4.2."""
    if first_size == second_size:
        return not path and first_root == second_root
    if not 0 < first_size < second_size or not path:
        return False
    hashes = list(map(bytes.fromhex, path))
    if first_size & (first_size - 1) == 0:
        hashes.insert(0, bytes.fromhex(first_root))
    number, last = first_size - 1, second_size - 1
    while number % 2:
        number, last = number >> 1, last >> 1
    first = second = hashes[0]
    for each in hashes[1:]:
        if last == 0:
            return False
        if number % 2 or number == last:
            first, second = node(each, first), node(each, second)
            while number % 2 == 0 and number:
                number, last = number >> 1, last >> 1
        else:
            second = node(second, each)
        number, last = number >> 1, last >> 1
    return last == 0 and first.hex() == first_root and second.hex() == second_root


def head_holds(head, public_key):
    kind, number, _at, seals, events, root = head["said"].split("\n")
    values = (int(number), int(seals), int(events), root)
    return (
        kind == "labshare audit head"
        and values == (head["id"], head["seals"], head["events"], head["root"])
        and signed(public_key, head["said"], head["signature"])
    )


def continues(proof, public_key):
    """Whether the second head of a consistency proof continues the first."""
    first, second = proof["first"], proof["second"]
    return (
        head_holds(first, public_key)
        and head_holds(second, public_key)
        and consistent(first["seals"], first["root"], second["seals"], second["root"], proof["path"])
    )


def in_trail(proof, public_key):
    """Whether the event of an inclusion proof is the one it says, in its seal, and the seal under the head."""
    seal, head = proof["seal"], proof["covered_by"]
    if seal is None or head is None or json.loads(proof["said"])["id"] != proof["event"]:
        return False
    kind, _at, count, root, _previous = seal["said"].split("\n")
    if (kind, int(count), root) != ("labshare audit seal", seal["count"], seal["root"]):
        return False
    of_seal = leaf(f"{seal['id']}\n{seal['signature']}\n{seal['said']}".encode())
    return (
        included(leaf(proof["said"].encode()), seal["position"], seal["count"], seal["path"], seal["root"])
        and included(of_seal, proof["index"], head["seals"], proof["path"], head["root"])
        and head_holds(head, public_key)
    )
