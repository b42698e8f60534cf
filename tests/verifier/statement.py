"""Statements by themselves: docs/protocol.md, "Statement", and steps 1, 4 and 5 of "Gate"."""

from dataclasses import dataclass
from typing import Any

from . import cbor, envelope, model
from .refusal import demand
from .shapes import Check, array, number, octets, row

LARGEST = 2**53 - 1
LAST_SEQ = 1_048_575
LARGEST_PAYLOAD = 32_816
VERSION = 1

_id = octets(32)
_citation = row(_id, number(0, 2**32 - 1), _id)


def _act(value: Any) -> None:
    demand(type(value) is dict and value.keys() == {"kind", "body"}, "no act")
    demand(type(value["kind"]) is str, "a kind is a text")
    # An empty map has no keys that could be numbers.
    demand(type(value["body"]) is dict and all(type(key) is str for key in value["body"]), "a body has names")


_FIELDS: dict[int, Check] = {
    1: number(VERSION, VERSION),
    2: _id,
    3: _id,
    4: _id,
    5: number(1, LAST_SEQ),
    6: _id,
    7: array(_id, 0, 32),
    8: array(_citation, 0, 32),
    9: _id,
    10: number(0, LARGEST),
    11: _act,
}
_OPTIONAL = {2, 6}


@dataclass(frozen=True)
class Statement:
    """What a statement says, and what its author signed for it."""

    entry: model.Entry
    case: bytes | None
    core: bytes
    payload: bytes
    signature: bytes

    def verify(self) -> None:
        """Step 4: the signature, by the device key in the core."""
        envelope.verify(self.entry.device, "counterpart/entry/1", self.payload, self.signature)

    def case_begun(self) -> bytes:
        """The id of the case that this statement opens."""
        return envelope.digest("counterpart/case/1", self.core)


def read(data: bytes) -> Statement:
    """Step 1: form, limits and types of the fields."""
    payload, signature = envelope.open_envelope(data, LARGEST_PAYLOAD)
    demand(len(payload) <= LARGEST_PAYLOAD, "payload too large")
    core, change = _entry_payload(payload)
    fields = cbor.decode(core, cbor.STATEMENT)
    demand(type(fields) is dict, "a core is a map")
    demand(_FIELDS.keys() - _OPTIONAL <= fields.keys() <= _FIELDS.keys(), "a field missing or unknown")
    for number_, check in _FIELDS.items():
        if number_ in fields:
            check(fields[number_])
    entry = model.Entry(
        id=envelope.digest("counterpart/entry/1", core),
        party=fields[3],
        device=fields[4],
        seq=fields[5],
        prev=fields.get(6),
        deps=tuple(fields[7]),
        keys=tuple((party, position, event) for party, position, event in fields[8]),
        grant=fields[9],
        at=fields[10],
        kind=fields[11]["kind"],
        body=fields[11]["body"],
        change=change,
    )
    return Statement(entry, fields.get(2), core, payload, signature)


def _entry_payload(payload: bytes) -> tuple[bytes, bytes]:
    """[core, change hash]: a list of two byte strings."""
    demand(payload[:1] == b"\x82", "an entry's payload is a list of two")
    change = payload[-34:]
    demand(len(payload) > 35 and change[:2] == b"\x58\x20", "no hash of a change")
    rest = payload[1:-34]
    for size in (1, 2, 3, 5):
        core = rest[size:]
        if rest[:size] == envelope.bytes_head(len(core)):
            return core, change[2:]
    demand(False, "no core")
    raise AssertionError("demand has raised")


def check_shape(statement: Statement) -> None:
    """Step 5: what can be seen without anything else."""
    entry, is_open = statement.entry, statement.entry.kind == "open"
    demand(_ascending(entry.deps), "deps not ascending")
    demand((entry.prev is None) == (entry.seq == 1), "prev is absent exactly at seq 1")
    demand((statement.case is None) == is_open, "the case id is absent exactly in open")
    demand((len(entry.deps) == 0) == is_open, "there are no deps exactly in open")
    demand(not is_open or entry.seq == 1, "open stands at seq 1")
    demand(_ascending([party for party, _, _ in entry.keys]), "keys not ascending")


def _ascending(items: "tuple[bytes, ...] | list[bytes]") -> bool:
    return all(one < next_ for one, next_ in zip(items, items[1:]))
