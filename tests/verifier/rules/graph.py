"""Entries by their place in the agreed order, and sets of them as bits of one number."""

from collections.abc import Iterable, Iterator

from ..model import Case, KeyEvent


def bits(mask: int) -> Iterator[int]:
    """The members of a set, in the agreed order."""
    while mask:
        low = mask & -mask
        yield low.bit_length() - 1
        mask ^= low


class Graph:
    """Who knew what. Causes stand before effects, so an entry's past has smaller indices only."""

    def __init__(self, case: Case) -> None:
        self.case = case
        self.entries = case.entries
        self.index = {entry.id: i for i, entry in enumerate(case.entries)}
        self.past: list[int] = []
        self.kinds: dict[str, int] = {}
        self.parties: dict[bytes, int] = {}
        self.devices: dict[bytes, int] = {}
        self.places: dict[tuple[bytes, int], list[int]] = {}
        for i, entry in enumerate(case.entries):
            past = 0
            for dep in entry.deps:
                past |= self.past[self.index[dep]] | 1 << self.index[dep]
            self.past.append(past)
            self.kinds[entry.kind] = self.kinds.get(entry.kind, 0) | 1 << i
            self.parties[entry.party] = self.parties.get(entry.party, 0) | 1 << i
            self.devices[entry.device] = self.devices.get(entry.device, 0) | 1 << i
            self.places.setdefault((entry.device, entry.seq), []).append(i)
        self.all = (1 << len(case.entries)) - 1

    def know(self, i: int) -> int:
        """What an entry rests on, and the entry itself."""
        return self.past[i] | 1 << i

    def kind(self, *kinds: str) -> int:
        found = 0
        for kind in kinds:
            found |= self.kinds.get(kind, 0)
        return found

    def party(self, party: bytes) -> int:
        return self.parties.get(party, 0)

    def covered(self, heads: Iterable[bytes]) -> int | None:
        """What heads cover; nothing where one of them is not here."""
        mask = 0
        for head in heads:
            if head not in self.index:
                return None
            mask |= self.know(self.index[head])
        return mask

    def newest(self, mask: int) -> list[int]:
        """Those of a set that no other of it rests on."""
        found = []
        for i in bits(mask):
            if not any(self.past[j] >> i & 1 for j in bits(mask >> i << i)):
                found.append(i)
        return found

    def after_fork(self, i: int, seen: int) -> bool:
        """Whether, for who holds `seen`, the feed had signed two histories when it signed this (R10)."""
        entry = self.entries[i]
        for seq in range(1, entry.seq + 1):
            both = self.places.get((entry.device, seq), [])
            if sum(seen >> j & 1 for j in both) > 1:
                return True
        return False


class Keys:
    """The key logs, as far as entries cite them."""

    def __init__(self, graph: Graph) -> None:
        self.graph = graph
        self.events = graph.case.events
        self._lines: dict[bytes, tuple[KeyEvent, ...]] = {}
        # For each event, the entries that cite it or what stands behind it.
        self.citing: dict[bytes, int] = {}
        for i, entry in enumerate(graph.entries):
            for _, _, cited in entry.keys:
                for event in self.line(cited):
                    self.citing[event.id] = self.citing.get(event.id, 0) | 1 << i

    def line(self, event: bytes) -> tuple[KeyEvent, ...]:
        """The log up to an event on that event's branch, inception first."""
        if event not in self._lines:
            here = self.events.get(event)
            if here is None:
                return ()
            before = self.line(here.prev) if here.prev is not None else ()
            self._lines[event] = (*before, here)
        return self._lines[event]

    def cited(self, mask: int, party: bytes) -> KeyEvent | None:
        """The point of a party's log that a set of entries cites: the highest, of two there the smaller id."""
        best: tuple[int, bytes] | None = None
        for i in bits(mask):
            for who, position, event in self.graph.entries[i].keys:
                if who == party and (best is None or (-position, event) < best):
                    best = (-position, event)
        return self.events.get(best[1]) if best else None

    def grant(self, event: bytes) -> KeyEvent | None:
        found = self.events.get(event)
        return found if found is not None and found.kind == "grant" else None

    def known(self, mask: int) -> list[KeyEvent]:
        """The events that a set of entries cites, or that stand before those: by party, then position, then id."""
        found = (self.events[event] for event, citing in self.citing.items() if citing & mask)
        return sorted(found, key=lambda event: (event.party, event.position, event.id))

    def era(self, event: KeyEvent) -> bytes:
        """The inception or rotate under whose root an event stands; a rotate begins an era of its own."""
        return next(e.id for e in reversed(self.line(event.id)) if e.kind in ("inception", "rotate"))
