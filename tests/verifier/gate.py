"""The gate: docs/protocol.md, "Gate", steps 2 and 5 to 12, on statements in the order of entries.

Sets of entries are integers, a bit for each entry in the order in which they came in: a past is one such number.
"""

from collections.abc import Iterator

from . import acts, level, model
from .keylog import KeyLogs
from .refusal import Parked, demand
from .statement import Statement, check_shape

Cited = dict[bytes, bytes]  # party to the latest point of its log


class Record:
    """Entries that passed the gate, with what follows from their pasts alone."""

    def __init__(self, logs: KeyLogs) -> None:
        self.logs = logs
        self.case = b""
        self.entries: list[model.Entry] = []
        self.index: dict[bytes, int] = {}
        self.past: list[int] = []  # what each entry rests on, itself excluded
        self._chain: list[int] = []  # its feed up to it, itself included
        self._cited: list[Cited] = []  # the latest points cited in its past and by itself
        self._feed: dict[bytes, int] = {}  # a device's entries
        self._admits: dict[bytes, int] = {}  # a party's admissions
        self._raises = 0  # proposals to raise the level

    def add(self, statement: Statement) -> None:
        """Takes a statement in after all that it rests on; raises Malformed or Parked at the first step that fails."""
        entry = statement.entry
        is_open = entry.kind == "open"
        demand(statement.case is None or not self.case or statement.case == self.case, "of another case")
        check_shape(statement)
        self._rests_on_what_is_here(entry)
        past = self._past_of(entry.deps)
        chain = self._continues_its_feed(entry, past)
        demand(is_open == (not self.entries), "open comes first, and there is no other")
        self._is_of_its_level(entry, past)
        before = self._cited_by(entry.deps)
        self._cites_forward(entry, before)
        # At seq 1 the own party may be cited at a point as late as the past's: then on the branch named here.
        cited = before | {party: event for party, _, event in entry.keys}
        self._is_granted(entry, cited)
        opener = entry.party if is_open else self.entries[0].party
        demand(entry.party == opener or bool(self._admits.get(entry.party, 0) & past), "not admitted in its past")
        self._keep(statement, past, chain, cited)

    def covers(self, heads: "tuple[bytes, ...]") -> int:
        """Some entries and all that they rest on."""
        covered = 0
        for head in heads:
            place = self.index[head]
            covered |= self.past[place] | 1 << place
        return covered

    def number(self, place: int) -> int:
        """1 + the number of entries in its past."""
        return 1 + self.past[place].bit_count()

    def _rests_on_what_is_here(self, entry: model.Entry) -> None:
        """Step 6."""
        if any(dep not in self.index for dep in entry.deps):
            raise Parked
        if entry.prev is not None and entry.prev not in self.index:
            raise Parked
        for citation in entry.keys:
            if not self.logs.holds(citation):
                raise Parked(citation)

    def _past_of(self, deps: tuple[bytes, ...]) -> int:
        """Step 7: deps are an antichain."""
        beneath = 0
        for dep in deps:
            beneath |= self.past[self.index[dep]]
        demand(not any(beneath >> self.index[dep] & 1 for dep in deps), "deps rest on each other")
        return self.covers(deps)

    def _continues_its_feed(self, entry: model.Entry, past: int) -> int:
        """Step 8: the feed is one line; returns the line before the entry."""
        chain = 0
        if entry.prev is not None:
            place = self.index[entry.prev]
            before = self.entries[place]
            chain = self._chain[place]
            demand(before.device == entry.device and before.party == entry.party, "prev is of another device or party")
            demand(before.seq + 1 == entry.seq, "seq does not follow")
            demand(bool(past >> place & 1), "prev is not in its past")
        demand(past & self._feed.get(entry.device, 0) == chain, "its past holds another line of its feed")
        return chain

    def _is_of_its_level(self, entry: model.Entry, past: int) -> None:
        """Step 9. The rules are asked only where somebody proposed to raise the level."""
        if past & self._raises:
            known = sorted(places(past), key=lambda place: (self.number(place), self.entries[place].id))
            entries = [self.entries[place] for place in known]
            level.check_known(model.Case(id=self.case, entries=entries, events=dict(self.logs.events)))
        acts.check_act(entry.kind, entry.body)
        demand(entry.kind != "open" or entry.body["level"] == acts.LEVEL, "a level that is not known")

    def _cited_by(self, deps: tuple[bytes, ...]) -> Cited:
        cited: Cited = {}
        for dep in deps:
            cited = self._latest(cited, self._cited[self.index[dep]])
        return cited

    def _latest(self, one: Cited, other: Cited) -> Cited:
        """Of two points of one log the later; of two as late the one with the smaller id."""
        if not one or one == other:
            return other
        merged = dict(one)
        for party, event in other.items():
            known = merged.setdefault(party, event)
            late, latest = self.logs.lateness(event), self.logs.lateness(known)
            if late > latest or (late == latest and event < known):
                merged[party] = event
        return merged

    def _cites_forward(self, entry: model.Entry, before: Cited) -> None:
        """Step 10: citations do not go back, and the author's own stands at seq 1."""
        for party, _, event in entry.keys:
            if party in before:
                late, latest = self.logs.lateness(event), self.logs.lateness(before[party])
                as_late = late == latest and party == entry.party and entry.seq == 1
                demand(late > latest or as_late, "cites what its past cites already, or an earlier point")
        demand(entry.seq > 1 or any(party == entry.party for party, _, _ in entry.keys), "does not cite its own log")

    def _is_granted(self, entry: model.Entry, cited: Cited) -> None:
        """Step 11: the grant stands up to the point cited for the author's party."""
        demand(entry.party in cited, "its own log is cited nowhere")
        standing = self.logs.standing(cited[entry.party])
        demand(standing.has(entry.grant), "its grant does not stand")
        demand(standing.grants[entry.grant].body["device"] == entry.device, "its grant is of another device")

    def _keep(self, statement: Statement, past: int, chain: int, cited: Cited) -> None:
        entry, place = statement.entry, len(self.entries)
        if place == 0:
            self.case = statement.case_begun()
        self.entries.append(entry)
        self.index[entry.id] = place
        self.past.append(past)
        self._chain.append(chain | 1 << place)
        self._cited.append(cited)
        self._feed[entry.device] = self._feed.get(entry.device, 0) | 1 << place
        if level.proposes_raise(entry):
            self._raises |= 1 << place
        if entry.kind == "admit":
            admitted = entry.body["party"]
            self._admits[admitted] = self._admits.get(admitted, 0) | 1 << place


def places(entries: int) -> Iterator[int]:
    """The bits that are set, ascending."""
    while entries:
        lowest = entries & -entries
        yield lowest.bit_length() - 1
        entries ^= lowest
