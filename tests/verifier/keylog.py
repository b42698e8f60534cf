"""Key logs: docs/protocol.md, "Key log"."""

from collections import defaultdict
from dataclasses import dataclass, field, replace

from . import acts, cbor, envelope, model
from .refusal import demand
from .shapes import any_text, array, either, fields, number, octets, row, word, yes_no

LARGEST_PAYLOAD = 4_096
LAST_POSITION = 4_096
MOST_BRANCHES = 2
MOST_AT_POSITION = 8
LARGEST = 2**53 - 1
DOMAIN = "counterpart/key-event/1"

_id = octets(32)
_time = number(0, LARGEST)
_BODIES = {
    "inception": fields(suite=word(acts.SUITE), root=_id, next=_id, nonce=octets(16)),
    "grant": fields(
        device=_id,
        peer=octets(1, 64),
        kinds=either(word("all"), array(any_text(128), 0, 512)),
        receive=yes_no,
        admin=yes_no,
        opt_ceilings=array(row(any_text(128), any_text(128)), 0, 512),
        opt_from_=_time,
        opt_until=_time,
        possession=octets(0, LARGEST_PAYLOAD),
    ),
    "revoke": fields(grant=_id, reason=word("ended", "compromised")),
    "rotate": fields(root=_id, next=_id),
}
_HEADERS = {1: number(1, 1), 2: _id, 3: number(1, LAST_POSITION), 4: _id, 5: _id, 6: _time}
_OPTIONAL = {2, 4, 5}


@dataclass(frozen=True)
class Signed:
    """An event as it came: its fields, its payload and the signature on it."""

    event: model.KeyEvent
    payload: bytes
    signature: bytes


def read(data: bytes) -> Signed:
    """Form, limits and types of the fields; nothing of the log around it."""
    payload, signature = envelope.open_envelope(data, LARGEST_PAYLOAD)
    headers = cbor.decode(payload, cbor.KEY_EVENT)
    demand(type(headers) is dict, "an event is a map")
    known = _HEADERS.keys() | {7}
    demand(known - _OPTIONAL <= headers.keys() <= known, "a field missing or unknown")
    for key, check in _HEADERS.items():
        if key in headers:
            check(headers[key])
    act = headers[7]
    demand(type(act) is dict and act.keys() == {"kind", "body"}, "no kind and body")
    kind, body = act["kind"], act["body"]
    demand(type(kind) is str and kind in _BODIES, "a kind of event that is not known")
    _BODIES[kind](body)
    first = kind == "inception"
    demand(
        (2 in headers) != first and (4 in headers) != first and (headers[3] == 1) == first,
        "only an inception begins a log",
    )
    demand(5 not in headers or kind in ("grant", "revoke"), "an event that only the root signs")
    party = envelope.digest("counterpart/party/1", payload) if first else headers[2]
    event = model.KeyEvent(
        id=envelope.digest(DOMAIN, payload),
        party=party,
        position=headers[3],
        prev=headers.get(4),
        by=headers.get(5),
        at=headers[6],
        kind=kind,
        body=body,
    )
    return Signed(event, payload, signature)


@dataclass
class Standing:
    """What a log says up to one event, on that event's branch."""

    root: bytes
    next_root: bytes
    era: bytes  # the inception or rotate that its root key came with
    rotates: int = 0
    grants: dict[bytes, model.KeyEvent] = field(default_factory=dict)
    revoked: frozenset[bytes] = frozenset()  # grants that were taken back

    def after(self, event: model.KeyEvent) -> "Standing":
        if event.kind == "grant":
            return replace(self, grants={**self.grants, event.id: event})
        if event.kind == "revoke":
            return replace(self, revoked=self.revoked | {event.body["grant"]})
        root, next_root = event.body["root"], event.body["next"]
        return Standing(root, next_root, event.id, self.rotates + 1, self.grants, self.revoked)

    def has(self, grant: bytes) -> bool:
        """Whether a grant was made and not taken back."""
        return grant in self.grants and grant not in self.revoked


class KeyLogs:
    """The logs of all parties of a bundle, with the rules that each event must keep when it is added."""

    def __init__(self) -> None:
        self.events: dict[bytes, model.KeyEvent] = {}
        self._at_position: defaultdict[tuple[bytes, int], list[bytes]] = defaultdict(list)
        self._ends_of_era: defaultdict[bytes, int] = defaultdict(int)
        self._standing: dict[bytes, Standing] = {}
        self._receiving: set[tuple[bytes, bytes]] = set()

    def add(self, signed: Signed) -> None:
        """Raises Malformed where the event does not stand on those added before."""
        event = signed.event
        if event.kind == "inception":
            root = event.body["root"]
            envelope.verify(root, DOMAIN, signed.payload, signed.signature)
            standing = Standing(root, event.body["next"], event.id)
        else:
            before = self.events.get(event.prev or b"")
            demand(before is not None, "the event before is not here")
            assert before is not None, "demand has raised"
            demand(before.party == event.party and before.position + 1 == event.position, "not behind the event before")
            standing = self._standing[before.id]
            self._check_room(event, standing.era)
            _check_event(signed, standing)
            standing = standing.after(event)
        self.events[event.id] = event
        self._standing[event.id] = standing
        self._at_position[event.party, event.position].append(event.id)
        if event.kind == "grant" and event.body["receive"]:
            self._receiving.add((event.party, event.body["device"]))

    def _check_room(self, event: model.KeyEvent, era: bytes) -> None:
        """How many branches are kept: two at a position in an era, two rotates that end it, eight at a position."""
        beside = self._at_position[event.party, event.position]
        demand(len(beside) < MOST_AT_POSITION, "too many events at one position")
        if event.kind == "rotate":
            demand(self._ends_of_era[era] < MOST_BRANCHES, "an era that ended twice")
            self._ends_of_era[era] += 1
        else:
            of_era = [id_ for id_ in beside if self._standing[id_].era == era and self.events[id_].kind != "rotate"]
            demand(len(of_era) < MOST_BRANCHES, "a third event of an era at one position")

    def holds(self, citation: tuple[bytes, int, bytes]) -> bool:
        """Whether the event cited is here, at that position of that party's log."""
        party, position, event_id = citation
        event = self.events.get(event_id)
        return event is not None and (event.party, event.position) == (party, position)

    def standing(self, event: bytes) -> Standing:
        """The log up to an event that was added."""
        return self._standing[event]

    def lateness(self, event: bytes) -> tuple[int, int]:
        """Of two points of one log the later has the larger: rotates up to it, then its position."""
        return self._standing[event].rotates, self.events[event].position

    def may_receive(self, party: bytes, device: bytes) -> bool:
        """Whether some grant of a device in a party's log, on whichever branch, lets it sign receipts."""
        return (party, device) in self._receiving

    def forks(self) -> list[tuple[bytes, list[bytes]]]:
        """Parties with the events, ascending, of each position that holds several, by party and position."""
        several = sorted((where, sorted(ids)) for where, ids in self._at_position.items() if len(ids) > 1)
        return [(party, ids) for (party, _), ids in several]


    def disputed(self) -> set[bytes]:
        """Parties whose logs branch where no rotate decides between the branches."""
        return {party for party, _ in self.forks() if self._undecided(party)}

    def _undecided(self, party: bytes) -> bool:
        events = [event for event in self.events.values() if event.party == party]
        eras = {self._standing[event.id].era for event in events}
        if any(self._ends_of_era[era] > 1 for era in eras):
            return True
        followed: set[bytes] = set()
        for rotate in (event for event in events if event.kind == "rotate"):
            followed |= self._before_in_era(rotate)
        # A rotate takes back what stands beside what it follows, under the root key that it ends.
        left = [e for e in events if e.id in followed or not self._ends_of_era[self._standing[e.id].era]]
        return len({event.position for event in left}) < len(left)

    def _before_in_era(self, rotate: model.KeyEvent) -> set[bytes]:
        """What a rotate follows under the root key that it ends."""
        found: set[bytes] = set()
        at = self.events[rotate.prev or b""]
        era = self._standing[at.id].era
        while self._standing[at.id].era == era:
            found.add(at.id)
            if at.prev is None:
                break
            at = self.events[at.prev]
        return found


def next_root_hash(root: bytes) -> bytes:
    """What an inception or rotate announces the next root key by."""
    return envelope.digest("counterpart/next-root/1", root)


def _check_event(signed: Signed, before: Standing) -> None:
    event = signed.event
    if event.kind == "rotate":
        root = event.body["root"]
        demand(next_root_hash(root) == before.next_root, "not the root that was announced")
        envelope.verify(root, DOMAIN, signed.payload, signed.signature)
        return
    envelope.verify(_signer(event, before), DOMAIN, signed.payload, signed.signature)
    if event.kind == "grant":
        device = event.body["device"]
        demand(all(grant.body["device"] != device for grant in before.grants.values()), "a device granted twice")
        _check_possession(event)
    else:
        grant = event.body["grant"]
        demand(before.has(grant), "revokes what is not granted")


def _signer(event: model.KeyEvent, before: Standing) -> bytes:
    """The key that must have signed a grant or revoke."""
    if event.by is None:
        return before.root
    demand(before.has(event.by), "signed by a device that is not granted")
    by = before.grants[event.by].body
    demand(by["admin"], "signed by a device that may not grant")
    device: bytes = by["device"]
    return device


def _check_possession(grant: model.KeyEvent) -> None:
    """The device's own word that it holds its key."""
    body = grant.body
    payload, signature = envelope.open_envelope(body["possession"], LARGEST_PAYLOAD)
    demand(payload == cbor.encode([grant.party, body["device"], body["peer"]]), "possession of something else")
    envelope.verify(body["device"], "counterpart/possession/1", payload, signature)
