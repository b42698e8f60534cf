"""The Automerge change of a statement: docs/protocol.md, "The Automerge document" and "Bytes of a change"."""

import hashlib
from collections.abc import Callable
from dataclasses import dataclass
from itertools import groupby
from typing import Any, NamedTuple

from . import envelope, model
from .refusal import demand

MAGIC = bytes.fromhex("856f4a83")
BUCKET = 64  # entries in one bucket
LAST_OP = 2**31 - 1
MAKE_MAP, PUT, MAKE_LIST = 0, 1, 2
FALSE, TRUE, INT, STR, BYTES = 1, 2, 4, 6, 7
CANONICAL_FIELDS = ("at", "id", "body", "deps", "keys", "kind", "prev", "grant", "party", "version")


@dataclass(frozen=True)
class Change:
    """A change, and where the next one of its feed goes on."""

    hash: bytes
    bytes: bytes
    last_op: int
    bucket: int  # the op that made the current bucket


class Op(NamedTuple):
    """One row. An object and a key's element are (actor index, counter)."""

    object: tuple[int, int] | None
    after: tuple[int | None, int] | None  # the list element before; (None, 0) at the head; None in maps
    name: str | None
    action: int
    type: int = 0
    value: bytes = b""


def actor(case: bytes, device: bytes) -> bytes:
    """The actor id of a feed."""
    return envelope.digest("counterpart/actor/1", case, device)


def build(entry: model.Entry, case: bytes, opener: bytes, before: Change | None) -> Change:
    """The change of an entry, where `before` is that of `prev`, at seq 1 that of `open`, and in `open` nothing.

    Raises Malformed where the operation counters grow too large.
    """
    own = actor(case, entry.device)
    begins_bucket = (entry.seq - 1) % BUCKET == 0
    # Only a bucket is put into somebody else's map, so only then is another actor mentioned.
    makers = [own] + ([opener] if begins_bucket and opener != own else [])
    rows = _Rows(first_op=1 + (before.last_op if before else 0))
    if before is None:
        rows.put_under(None, "acts", MAKE_MAP)
    if begins_bucket:
        bucket = rows.put_under((makers.index(opener), 1), f"{own.hex()}/{(entry.seq - 1) // BUCKET}", MAKE_MAP)
    else:
        assert before is not None, "only seq 1 has nothing before it"
        bucket = before.bucket
    fields: dict[str, Any] = {
        "at": entry.at,
        "id": entry.id,
        "body": entry.body,
        "deps": list(entry.deps),
        "keys": [list(citation) for citation in entry.keys],
        "kind": entry.kind,
        "prev": entry.prev,
        "grant": entry.grant,
        "party": entry.party,
        "version": 1,
    }
    entry_map = (0, rows.put_under((0, bucket), str(entry.seq), MAKE_MAP))
    for name in CANONICAL_FIELDS:
        if fields[name] is not None:
            rows.put(entry_map, None, name, fields[name])
    last_op = rows.next_op - 1
    demand(last_op <= LAST_OP, "too many operations")
    contents = b"".join(
        (
            uleb(0) if before is None else uleb(1) + before.hash,
            uleb(32) + own,
            uleb(entry.seq),
            uleb(rows.first_op),
            sleb(entry.at // 1000),
            uleb(0),
            uleb(len(makers) - 1),
            *(uleb(32) + other for other in makers[1:]),
            _columns(rows.ops),
            b"\x01\x20" + entry.device if entry.seq == 1 else b"",
        )
    )
    chunk = b"\x01" + uleb(len(contents)) + contents
    digest = hashlib.sha256(chunk).digest()
    return Change(digest, MAGIC + digest[:4] + chunk, last_op, bucket)


class _Rows:
    """Operations in the making, numbered on from the first."""

    def __init__(self, first_op: int) -> None:
        self.first_op = first_op
        self.ops: list[Op] = []

    @property
    def next_op(self) -> int:
        return self.first_op + len(self.ops)

    def put_under(self, parent: tuple[int, int] | None, name: str, action: int) -> int:
        self.ops.append(Op(parent, None, name, action))
        return self.next_op - 1

    def put(self, parent: tuple[int, int], after: tuple[int | None, int] | None, name: str | None, value: Any) -> None:
        """A value and all that is in it, depth first."""
        made = (0, self.next_op)
        if type(value) is dict:
            self.ops.append(Op(parent, after, name, MAKE_MAP))
            for key, item in value.items():
                self.put(made, None, key, item)
        elif type(value) is list:
            self.ops.append(Op(parent, after, name, MAKE_LIST))
            before: tuple[int | None, int] = (None, 0)
            for item in value:
                element = (0, self.next_op)
                self.put(made, before, None, item)
                before = element
        else:
            kind, data = _scalar(value)
            self.ops.append(Op(parent, after, name, PUT, kind, data))


def _scalar(value: Any) -> tuple[int, bytes]:
    if type(value) is bool:
        return (TRUE if value else FALSE), b""
    if type(value) is int:
        return INT, sleb(value)
    if type(value) is str:
        return STR, value.encode()
    assert type(value) is bytes, "the gate lets nothing else in"
    return BYTES, value


def _columns(ops: list[Op]) -> bytes:
    columns = (
        (0x01, _runs([op.object[0] if op.object else None for op in ops], uleb)),
        (0x02, _runs([op.object[1] if op.object else None for op in ops], uleb)),
        (0x11, _runs([op.after[0] if op.after else None for op in ops], uleb)),
        (0x13, _runs(_deltas([op.after[1] if op.after else None for op in ops]), sleb)),
        (0x15, _runs([op.name for op in ops], _text)),
        (0x34, _booleans([op.after is not None for op in ops])),
        (0x42, _runs([op.action for op in ops], uleb)),
        (0x56, _runs([len(op.value) * 16 + op.type for op in ops], uleb)),
        (0x57, b"".join(op.value for op in ops)),
        (0x70, _runs([0] * len(ops), uleb)),
    )
    present = [(number, data) for number, data in columns if data]
    return (
        uleb(len(present))
        + b"".join(uleb(number) + uleb(len(data)) for number, data in present)
        + b"".join(data for _, data in present)
    )


def _runs(values: list[Any], encode: Callable[[Any], bytes]) -> bytes:
    """Run lengths: equal values together, values that differ from their neighbours in a row, nulls counted."""
    if all(value is None for value in values):
        return b""
    out: list[bytes] = []
    lone: list[bytes] = []

    def close_lone() -> None:
        if lone:
            out.append(sleb(-len(lone)) + b"".join(lone))
            lone.clear()

    for value, group in groupby(values):
        count = len(list(group))
        if value is not None and count == 1:
            lone.append(encode(value))
            continue
        close_lone()
        out.append(b"\x00" + uleb(count) if value is None else sleb(count) + encode(value))
    close_lone()
    return b"".join(out)


def _deltas(values: list[int | None]) -> list[int | None]:
    before = 0
    deltas: list[int | None] = []
    for value in values:
        deltas.append(None if value is None else value - before)
        before = before if value is None else value
    return deltas


def _booleans(values: list[bool]) -> bytes:
    counts = [(value, len(list(group))) for value, group in groupby(values)]
    leading = uleb(0) if values and values[0] else b""
    return leading + b"".join(uleb(count) for _, count in counts)


def _text(value: str) -> bytes:
    data = value.encode()
    return uleb(len(data)) + data


def uleb(value: int) -> bytes:
    out = bytearray()
    while True:
        low, value = value & 0x7F, value >> 7
        out.append(low | (0x80 if value else 0))
        if not value:
            return bytes(out)


def sleb(value: int) -> bytes:
    out = bytearray()
    while True:
        low, value = value & 0x7F, value >> 7
        done = (value == 0 and not low & 0x40) or (value == -1 and low & 0x40)
        out.append(low | (0 if done else 0x80))
        if done:
            return bytes(out)
