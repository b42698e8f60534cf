"""What makes a party's devices doubtful: revocations, rotations that take back, logs that branch (R9, R10)."""

from dataclasses import dataclass

from ..model import KeyEvent
from .lens import Lens, once
from .terms import BINDING, PARTAKING

COMPROMISED, ENDED = "compromised", "ended"


@dataclass(frozen=True)
class Doubt:
    """Why acts under some grants may not be their party's."""

    party: bytes
    grants: frozenset[bytes]
    kinds: frozenset[str]
    reason: str
    known_by: tuple[int, ...]  # sets of entries: who knows of it has one of at least `enough` of these in the past
    enough: int
    revoke: bytes | None = None  # what a cut names
    lasting: bool = True  # whether what the party's other devices had built on stays

    def known(self, mask: int) -> bool:
        return sum(1 for cites in self.known_by if cites & mask) >= self.enough


@once
def taken_back(lens: Lens) -> dict[bytes, bytes]:
    """Events that a rotation took back, each with that rotation. Two rotations of one era take nothing back."""
    keys = lens.keys
    rotations: dict[bytes, list[KeyEvent]] = {}
    for event in keys.known(lens.mask):
        if event.kind == "rotate" and event.prev is not None:
            rotations.setdefault(keys.era(keys.events[event.prev]), []).append(event)
    found = {}
    for era, ending in rotations.items():
        if len(ending) == 1:
            before = {event.id for event in keys.line(ending[0].id)}
            for event in keys.events.values():
                if event.kind != "rotate" and event.id not in before and keys.era(event) == era:
                    found[event.id] = ending[0].id
    return found


@once
def doubts(lens: Lens) -> tuple[Doubt, ...]:
    """All doubts that a set of entries gives rise to."""
    return (*_revocations(lens), *_rotations(lens), *_disputes(lens))


def _revocations(lens: Lens) -> list[Doubt]:
    gone, found = taken_back(lens), []
    for event in lens.keys.known(lens.mask):
        if event.kind == "revoke" and event.id not in gone:
            grants, cites = frozenset({event.body["grant"]}), lens.keys.citing[event.id]
            found.append(Doubt(event.party, grants, PARTAKING, event.body["reason"], (cites,), 1, event.id))
    return found


def _rotations(lens: Lens) -> list[Doubt]:
    by: dict[bytes, set[bytes]] = {}
    for event, rotation in taken_back(lens).items():
        if lens.keys.events[event].kind == "grant":
            by.setdefault(rotation, set()).add(event)
    found = []
    for rotation, grants in sorted(by.items()):
        party, cites = lens.keys.events[rotation].party, lens.keys.citing[rotation]
        found.append(Doubt(party, frozenset(grants), PARTAKING, COMPROMISED, (cites,), 1, lasting=False))
    return found


def _disputes(lens: Lens) -> list[Doubt]:
    """Where a log branches and no rotation decides: the grants that stand on one branch only."""
    keys, gone = lens.keys, taken_back(lens)
    tree = [event for event in keys.known(lens.mask) if event.id not in gone]
    children: dict[bytes, list[KeyEvent]] = {}
    for event in tree:
        if event.prev is not None:
            children.setdefault(event.prev, []).append(event)
    found = []
    for branches in children.values():
        if len(branches) < 2:
            continue
        grants: list[dict[bytes, set[bytes]]] = []  # on each branch, by device
        for branch in branches:
            on: dict[bytes, set[bytes]] = {}
            for event in tree:
                if event.kind == "grant" and branch in keys.line(event.id):
                    on.setdefault(event.body["device"], set()).add(event.id)
            grants.append(on)
        doubtful = {
            grant
            for on in grants
            for device, those in on.items()
            if not all(device in other for other in grants)
            for grant in those
        }
        cites = tuple(keys.citing[branch.id] for branch in branches)
        found.append(Doubt(branches[0].party, frozenset(doubtful), BINDING, COMPROMISED, cites, 2, lasting=False))
    return found
