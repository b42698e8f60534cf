"""`data/timeline.txt`: docs/protocol.md, "Timeline"."""

from collections.abc import Iterator
from typing import Any

from . import acts, model, order
from .delivery import ENTRY, Bound, Delivery
from .gate import Record
from .moments import moment
from .parties import Party
from .seal import Path, Values
from .shapes import FROZEN

TIMES = ("started", "expires", "instant", "due")
MARKS = range(0x200C, 0x2010)  # joiners and direction marks
EFFECTS = {
    "effective": None,
    "without_effect": "Without effect.",
    "not_judged": "Not judged by the program that wrote this.",
}


def shown(text: str) -> str:
    """A text with what is hidden in it made visible."""
    return "".join(
        " / " if char == "\n" else f"<U+{ord(char):04X}>" if FROZEN.match(char) or ord(char) in MARKS else char
        for char in text
    )


class Timeline:
    """What is written about one bundle."""

    def __init__(
        self,
        record: Record,
        values: Values,
        delivery: Delivery,
        judgement: model.Judgement,
        parties: dict[bytes, Party],
        exported_at: int,
    ) -> None:
        self._record = record
        self._values = values
        self._delivery = delivery
        self._judgement = judgement
        self._parties = parties
        self._exported_at = exported_at
        self._numbers = order.numbers(record)

    def text(self) -> bytes:
        lines = [*self._head(), "", "PARTIES", *self._party_lines(), "", "ENTRIES"]
        lines.append("The time of an entry is its author's claim.")
        for place in order.agreed(self._record):
            lines += ["", *self._entry_lines(place)]
        return "".join(line + "\n" for line in lines).encode()

    def _head(self) -> Iterator[str]:
        record = self._record
        ends = ", ".join(f"{self._numbers[id_]} {id_.hex()}" for id_ in order.heads(record))
        yield f"CASE: {shown(record.entries[0].body['title'])}"
        yield f"counterpart:{record.case.hex()}"
        yield f"Exported: {moment(self._exported_at)} ({self._exported_at})"
        yield f"Entries: {len(record.entries)}"
        yield f"Ends: {ends}"

    def _party(self, id_: bytes) -> str:
        return self._parties[id_].written(shown)

    def _party_lines(self) -> Iterator[str]:
        logs = self._record.logs
        forked, disputed = {party for party, _ in logs.forks()}, logs.disputed()
        for party in self._parties.values():
            roles = ", ".join(seat.role for seat in party.seats) or "no seat"
            yield f"  {self._party(party.id)}: {roles}; {party.id.hex()}"
            if party.id in disputed:
                yield "    Its key log was written in two ways: who may sign for it is disputed."
            elif party.id in forked:
                yield "    Its key log was written in two ways: a change of its main key decided which is its own."
        party_of = order.party_of_feeds(self._record)
        for (device, seq), taken in order.forked(self._record):
            entries = " and ".join(self._numbers[self._record.entries[place].id] for place in taken)
            yield f"  {self._party(party_of[device])} signed position {seq} of one feed more than once: {entries}."

    def _entry_lines(self, place: int) -> Iterator[str]:
        entry = self._record.entries[place]
        yield f"{self._numbers[entry.id]}  {moment(entry.at)}  {self._party(entry.party)}: {shown(entry.kind)}"
        yield f"    id: {entry.id.hex()}"
        for name, item in entry.body.items():
            yield from self._field(f"{shown(name)}:", item, entry.id, (name,), 4)
        effect = EFFECTS[self._judgement.effect[entry.id]]
        if effect is not None:
            yield f"    {effect}"
        received = "; ".join(
            f"{self._party(party)}, {moment(at)} by its own clock"
            for party, at in self._delivery.received_by.get(place, [])
        )
        received = received or "no receipt in this copy"
        yield f"    Grade: {self._judgement.grade[entry.id]}. Received: {received}."
        bounds = [
            f"{word} {moment(bound.at)} ({self._party(bound.party)}, {self._source(bound)})"
            for word, bound in (
                ("not before", self._delivery.not_before.get(place)),
                ("not after", self._delivery.not_after.get(place)),
            )
            if bound is not None
        ]
        yield f"    Time: {', '.join(bounds) or 'not proven'}."

    def _source(self, bound: Bound) -> str:
        return self._numbers[bound.id] if bound.by == ENTRY else f"receipt {bound.number}"

    def _field(self, name: str, item: Any, entry: bytes, at: Path, indent: int) -> Iterator[str]:
        """A field or element, and what is in it on the lines below."""
        lead = " " * indent + name
        if acts.is_sealed(item):
            if (entry, at) not in self._values:
                yield f"{lead} (sealed, its value is not here)"
                return
            lead += " (sealed, laid open here)"
            item = self._values[entry, at]
        if type(item) is dict:
            yield lead
            for key, each in item.items():
                yield from self._field(f"{shown(key)}:", each, entry, (*at, key), indent + 2)
        elif type(item) is list and item:
            yield lead
            for index, each in enumerate(item):
                yield from self._field("-", each, entry, (*at, index), indent + 2)
        elif type(item) is list:
            yield f"{lead} none"
        else:
            yield f"{lead} {self._scalar(item, at)}"

    def _scalar(self, item: Any, at: Path) -> str:
        if type(item) is bool:
            return "yes" if item else "no"
        if type(item) is int:
            return moment(item) if at[-1] in TIMES else str(item)
        if type(item) is str:
            return shown(item)
        if item in self._numbers:
            return self._numbers[item]
        if item in self._parties:
            return self._party(item)
        return f"({len(item)} bytes)" if len(item) > 64 else item.hex()
