"""Who had what, and between which times an entry was made: docs/protocol.md, "Times" and "Timeline"."""

from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass

from . import model
from .gate import Record, places

ENTRY, RECEIPT = "entry", "receipt"


@dataclass(frozen=True)
class Bound:
    """Somebody's word that bounds the time of an entry."""

    at: int
    by: str
    id: bytes
    party: bytes
    number: int = 0  # of a receipt


@dataclass(frozen=True)
class _Cover:
    bound: Bound
    covered: int


class Delivery:
    """For each entry, by its place in the record, what other parties' signed word says of it."""

    def __init__(self, record: Record, receipts: Iterable[model.Receipt]) -> None:
        self._record = record
        self._of_party: defaultdict[bytes, int] = defaultdict(int)
        for place, entry in enumerate(record.entries):
            self._of_party[entry.party] |= 1 << place
        self._everything = (1 << len(record.entries)) - 1
        covers = [
            _Cover(Bound(entry.at, ENTRY, entry.id, entry.party), record.past[place])
            for place, entry in enumerate(record.entries)
        ]
        covers += [
            _Cover(Bound(receipt.at, RECEIPT, receipt.id, receipt.party, receipt.number), record.covers(receipt.heads))
            for receipt in receipts
        ]
        self._covers = sorted(covers, key=lambda cover: (cover.bound.at, cover.bound.by, cover.bound.id))
        self.not_after = self._first_of_others(self._covers)
        self.not_before = self._first_of_others(self._latest_first())
        self.received_by = self._received_by()

    def covered_by(self, party: bytes) -> int:
        """Everything that something a party signed covers."""
        covered = 0
        for cover in self._covers:
            if cover.bound.party == party:
                covered |= cover.covered
        return covered

    def not_received(self, party: bytes) -> int:
        """How many entries of others nothing that a party signed covers."""
        return (self._everything & ~self._of_party[party] & ~self.covered_by(party)).bit_count()

    def _first_of_others(self, covers: list[_Cover]) -> dict[int, Bound]:
        """For each entry the first of these that covers it and is not of its own party."""
        found: dict[int, Bound] = {}
        left = self._everything
        for cover in covers:
            bounded = cover.covered & left & ~self._of_party[cover.bound.party]
            found.update((place, cover.bound) for place in places(bounded))
            left &= ~bounded
        return found

    def _latest_first(self) -> list[_Cover]:
        """Statements, each with those that have it in their past, by time claimed, the last first."""
        entries = self._record.entries
        followers = [0] * len(entries)
        for place in range(len(entries) - 1, -1, -1):
            later = followers[place] | 1 << place
            for dep in entries[place].deps:
                followers[self._record.index[dep]] |= later
        bounds = [
            _Cover(Bound(entry.at, ENTRY, entry.id, entry.party), followers[place])
            for place, entry in enumerate(entries)
        ]
        return sorted(bounds, key=lambda cover: (-cover.bound.at, cover.bound.id))

    def _received_by(self) -> dict[int, list[tuple[bytes, int]]]:
        """For each entry the other parties that cover it, by id, each with its smallest time."""
        found: defaultdict[int, list[tuple[bytes, int]]] = defaultdict(list)
        for party in sorted({cover.bound.party for cover in self._covers}):
            left = self._everything & ~self._of_party[party]
            for cover in self._covers:
                if cover.bound.party == party:
                    for place in places(cover.covered & left):
                        found[place].append((party, cover.bound.at))
                    left &= ~cover.covered
        return found
