"""Envelopes and strict Ed25519: docs/protocol.md, "Primitives" and "Envelope"."""

import hashlib
from functools import lru_cache

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey

from .refusal import Malformed, demand

HEAD = bytes.fromhex("8443a10132a0")
SIGNATURE_HEAD = bytes.fromhex("5840")
OVERHEAD = 96  # an envelope is at most this much larger than its payload

P = 2**255 - 19
L = 2**252 + 27742317777372353535851937790883648493
D = -121665 * pow(121666, -1, P) % P


def digest(domain: str, *parts: bytes) -> bytes:
    """SHA-256 over a domain and what follows it."""
    return hashlib.sha256(domain.encode() + b"".join(parts)).digest()


def open_envelope(data: bytes, largest_payload: int) -> tuple[bytes, bytes]:
    """Payload and signature of an envelope in its one form; the signature is not checked yet."""
    demand(len(data) <= largest_payload + OVERHEAD, "envelope too large")
    demand(data[:6] == HEAD, "not an envelope of the one form")
    demand(len(data) > 6 and data[6] >> 5 == 2, "payload is no byte string")
    low = data[6] & 31
    if low < 24:
        start, length = 7, low
    else:
        demand(low <= 27, "payload of indefinite length")
        start = 7 + (1 << (low - 24))
        demand(len(data) >= start, "cut short")
        length = int.from_bytes(data[7:start], "big")
    demand(data[6:start] == bytes_head(length), "payload head not the shortest")
    end = start + length
    demand(data[end : end + 2] == SIGNATURE_HEAD and len(data) == end + 66, "not an envelope of the one form")
    return data[start:end], data[end + 2 :]


def bytes_head(length: int) -> bytes:
    """The shortest CBOR head of a byte string."""
    if length < 24:
        return bytes([0x40 + length])
    for more, size in ((24, 1), (25, 2), (26, 4), (27, 8)):
        if length < 1 << (8 * size):
            return bytes([0x40 + more]) + length.to_bytes(size, "big")
    raise Malformed("a byte string without end")


def verify(key: bytes, domain: str, payload: bytes, signature: bytes) -> None:
    """The strict check: raises Malformed unless `key` signed `payload` for `domain`."""
    demand(acceptable_key(key), "not an acceptable public key")
    demand(int.from_bytes(signature[32:], "little") < L, "S is not below the group order")
    demand(not _small_order(signature[:32]), "R is of small order")
    # cryptography computes R anew without the cofactor and compares bytes, so an R in a second spelling fails too.
    try:
        _loaded(key).verify(signature, _to_be_signed(domain, payload))
    except InvalidSignature as error:
        raise Malformed("the signature does not fit") from error


def _to_be_signed(domain: str, payload: bytes) -> bytes:
    """Sig_structure of RFC 9052 section 4.4."""
    aad = domain.encode()
    return (
        bytes.fromhex("846a5369676e61747572653143a10132")
        + bytes_head(len(aad))
        + aad
        + bytes_head(len(payload))
        + payload
    )


@lru_cache(maxsize=4096)
def _loaded(key: bytes) -> Ed25519PublicKey:
    return Ed25519PublicKey.from_public_bytes(key)


@lru_cache(maxsize=4096)
def acceptable_key(key: bytes) -> bool:
    """The canonical encoding of a curve point that is not of small order."""
    y = int.from_bytes(key, "little") & (2**255 - 1)
    if len(key) != 32 or y >= P or _small_order(key):
        return False
    # x^2 = (y^2 - 1) / (d y^2 + 1) must be a square; x = 0 has been refused already, as of small order.
    square = (y * y - 1) * pow(D * y * y + 1, -1, P) % P
    return pow(square, (P - 1) // 2, P) == 1


def _small_order(point: bytes) -> bool:
    """Whether the point's y is that of one of the eight points of small order; either sign of x is one."""
    return (int.from_bytes(point, "little") & (2**255 - 1)) % P in SMALL_ORDER_Y


def _small_order_y() -> frozenset[int]:
    """y of the identity, of the point of order 2, of those of order 4 and of order 8.

    On -x^2 + y^2 = 1 + d x^2 y^2, doubling a point of order 8 gives y = 0, which it does where y^2 = -x^2;
    so d y^4 + 2 y^2 = 1 without x, and y^2 = (-1 ± sqrt(1 + d)) / d.
    """
    ys = {0, 1, P - 1}
    for root in _roots(1 + D):
        for y in _roots((root - 1) * pow(D, -1, P)):
            ys.add(y)
    return frozenset(ys)


def _roots(value: int) -> list[int]:
    """Both square roots modulo P, or none."""
    value %= P
    root = pow(value, (P + 3) // 8, P)
    if root * root % P != value:
        root = root * pow(2, (P - 1) // 4, P) % P
    return [root, P - root] if root * root % P == value else []


SMALL_ORDER_Y = _small_order_y()
