"""Receipts: docs/protocol.md, "Receipts"."""

from dataclasses import dataclass

from . import cbor, envelope, model
from .refusal import demand
from .shapes import Check, array, number, octets, row

LARGEST_PAYLOAD = 4_096
DOMAIN = "counterpart/receipt/1"

_id = octets(32)
_FIELDS: dict[int, Check] = {
    1: number(1, 1),
    2: _id,
    3: _id,
    4: _id,
    5: number(0, 2**32 - 1),
    6: number(1, 2**32 - 1),
    7: _id,
    8: array(_id, 1, 32),
    9: array(row(_id, number(0, 2**32 - 1), _id), 0, 32),
    10: array(_id, 0, 32),
    11: number(0, 2**53 - 1),
}
_OPTIONAL = {7}


@dataclass(frozen=True)
class Signed:
    """A receipt as it came; its signature is not checked yet."""

    receipt: model.Receipt
    case: bytes
    keys: tuple[tuple[bytes, int, bytes], ...]
    payload: bytes
    signature: bytes

    def verify(self) -> None:
        envelope.verify(self.receipt.device, DOMAIN, self.payload, self.signature)


def read(data: bytes) -> Signed:
    """Form, limits and types of the fields; nothing about the case around it."""
    payload, signature = envelope.open_envelope(data, LARGEST_PAYLOAD)
    fields = cbor.decode(payload, cbor.RECEIPT)
    demand(type(fields) is dict, "a receipt is a map")
    demand(_FIELDS.keys() - _OPTIONAL <= fields.keys() <= _FIELDS.keys(), "a field missing or unknown")
    for key, check in _FIELDS.items():
        if key in fields:
            check(fields[key])
    demand(all(one < other for one, other in zip(fields[8], fields[8][1:])), "heads not ascending")
    receipt = model.Receipt(
        id=envelope.digest(DOMAIN, payload),
        party=fields[3],
        device=fields[4],
        last_seq=fields[5],
        number=fields[6],
        heads=tuple(fields[8]),
        lacking=tuple(fields[10]),
        at=fields[11],
    )
    keys = tuple((party, position, event) for party, position, event in fields[9])
    return Signed(receipt, fields[2], keys, payload, signature)
