"""Who is in, in which seats, in which role: docs/rules.md "Who is in", docs/protocol.md "Roles"."""

from typing import Any

from .. import cbor, envelope
from ..refusal import Malformed, demand
from .lens import Lens, once
from .terms import Seat, seat, seat_order

WATCHING = frozenset(
    ("join", "seen", "leave", "note", "contact", "acknowledge", "contest", "attach", "prove")
)
ROLES = {"observer": WATCHING, "arbiter": WATCHING | {"decide"}}
SILENT = ("observer", "arbiter")  # roles that sign no agreement


@once
def bindings(lens: Lens) -> dict[Seat, list[tuple[bytes, int]]]:
    """For each seat the parties bound to it, each with the act that bound it."""
    found: dict[Seat, list[tuple[bytes, int]]] = {}
    for i in lens.acts("open"):
        found[0] = [(lens.entry(i).party, i)]
    for i in lens.acts("admit"):
        body = lens.entry(i).body
        found.setdefault(seat(body["seat"]), []).append((body["party"], i))
    for place, bound in found.items():
        chosen = _decided(lens, place)
        if chosen is not None and any(i == chosen for _, i in bound):
            found[place] = [(party, i) for party, i in bound if i == chosen]
    return found


def _decided(lens: Lens, place: Seat) -> int | None:
    """The admission that the opener's newest word on a seat names."""
    words = [i for i in lens.acts("seat") if seat(lens.entry(i).body["seat"]) == place]
    # Of words that do not know of each other too the last in the agreed order.
    return lens.graph.index[lens.entry(words[-1]).body["admit"]] if words else None


@once
def admitted(lens: Lens) -> frozenset[bytes]:
    """Everybody who was let in, seat or none."""
    found = {lens.entry(i).party for i in lens.acts("open")}
    return frozenset(found | {lens.entry(i).body["party"] for i in lens.acts("admit")})


@once
def joined(lens: Lens) -> frozenset[bytes]:
    return frozenset(lens.entry(i).party for i in lens.acts("open", "join"))


@once
def seats_of(lens: Lens, party: bytes) -> frozenset[Seat]:
    return frozenset(place for place, bound in bindings(lens).items() if any(p == party for p, _ in bound))


def holders(lens: Lens, place: Seat) -> list[bytes]:
    return [party for party, _ in bindings(lens).get(place, [])]


def opener(lens: Lens) -> bytes:
    return lens.graph.entries[0].party


@once
def role(lens: Lens, place: Seat) -> str | None:
    """The role of a seat; nothing where there is no such seat."""
    about = _declared(lens, place)
    return about["role"] if about else None


def label(lens: Lens, place: Seat) -> object:
    about = _declared(lens, place)
    return about["label"] if about else None


def _declared(lens: Lens, place: Seat) -> dict[str, Any] | None:
    if isinstance(place, int):
        seats = lens.graph.entries[0].body["seats"]
        return dict(seats[place]) if place < len(seats) else None
    from . import agreement

    proposal = lens.proposal(place[0])
    if proposal is None or not agreement.fully_signed(lens, proposal):
        return None
    subjects = lens.subjects(proposal)
    if place[1] >= len(subjects):
        return None
    body = subjects[place[1]].body
    return body if body["is"] == "admit" and "role" in body else None


def signing(lens: Lens, place: Seat) -> bool:
    """Whether a seat takes part in agreements."""
    return role(lens, place) not in (*SILENT, None)


def may(lens: Lens, party: bytes, kind: str) -> bool:
    """Whether one of a party's seats lets it do this."""
    for place in seats_of(lens, party):
        what = role(lens, place)
        if what in ROLES:
            if kind in ROLES[what]:
                return True
        elif kind != "decide":
            return True
    return False


def everybody(lens: Lens) -> frozenset[Seat]:
    """Every bound seat but observers and arbiters."""
    return frozenset(place for place in bindings(lens) if signing(lens, place))


def in_order(seats: "frozenset[Seat] | set[Seat]") -> list[Seat]:
    return sorted(seats, key=seat_order)


def request_fits(lens: Lens, i: int, invite: int) -> bool:
    """Whether the request inside an admit is one on that invitation, by that party, and no newer than its log here."""
    entry, invitation = lens.entry(i), lens.entry(invite)
    try:
        outer, signature = envelope.open_envelope(entry.body["request"], cbor.JOIN_REQUEST.size)
        envelope.verify(invitation.body["key"], "counterpart/join-request/1", outer, signature)
        payload, inner_signature = envelope.open_envelope(outer, cbor.JOIN_REQUEST.size)
        asked = cbor.decode(payload, cbor.JOIN_REQUEST)
        demand(isinstance(asked, dict) and asked.keys() == set(range(1, 12)), "no join request")
        demand(isinstance(asked[8], bytes), "no device")
        envelope.verify(asked[8], "counterpart/join-request/1", payload, inner_signature)
    except Malformed:
        return False
    cited = lens.keys.cited(lens.mask | 1 << i, entry.body["party"])
    if cited is not None and asked[10] > cited.position:
        return False
    return bool(
        asked[1] == 1
        and asked[2] == lens.graph.case.id
        and asked[3] == opener(lens)
        and asked[4] == invitation.id
        and asked[6] == invitation.body["expires"]
        and asked[7] == entry.body["party"]
    )
