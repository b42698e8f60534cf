"""Who signed what: R1, the closings of R3 and R5, and the signatures that count (R6, R9)."""

from . import force, members, performance, times
from .graph import bits
from .lens import Lens, once
from .terms import PROPOSALS, Key, Seat, seat

MOVES = ("propose", "counter", "accept", "release")  # what takes a position on a matter (R5)


def signers(lens: Lens, r: int) -> list[Seat]:
    """The seats that must sign a revision, as it states them."""
    return [seat(place) for place in lens.entry(r).body["signers"]]


def author(lens: Lens, r: int) -> bytes:
    return lens.entry(r).party


def confirms(lens: Lens, r: int) -> bool:
    """Whether the author keeps the last word."""
    return bool(lens.entry(r).body["mode"] == "confirm")


def seats_signed(lens: Lens, i: int, r: int) -> frozenset[Seat]:
    """The seats of a revision that an act of its author's past could sign for."""
    held = members.seats_of(lens.before(i), lens.entry(i).party)
    return held & frozenset(signers(lens, r))


@once
def signatures(lens: Lens, r: int, contested: bool = False) -> tuple[int, ...]:
    """The acts that sign a revision; with `contested` those too that only R9 keeps from counting."""
    some = lens.effective | (lens.contested if contested else 0)
    found = [r] if some >> r & 1 and not confirms(lens, r) else []
    offerer = author(lens, r)
    name = lens.entry(r).id
    for i in bits(some & lens.graph.kind("accept")):
        if lens.entry(i).body["revision"] == name:
            own = lens.entry(i).party == offerer
            if own and confirms(lens, r):
                continue
            if own or times.counts(lens, i, r, contested):
                found.append(i)
    found += [i for i in bits(some & lens.graph.kind("confirm")) if lens.entry(i).body["revision"] == name]
    return tuple(found)


@once
def signed(lens: Lens, r: int, contested: bool = False) -> dict[Seat, frozenset[bytes]]:
    """For each seat the parties that signed for it."""
    found: dict[Seat, set[bytes]] = {}
    for i in signatures(lens, r, contested):
        for place in seats_signed(lens, i, r):
            found.setdefault(place, set()).add(lens.entry(i).party)
    return {place: frozenset(parties) for place, parties in found.items()}


@once
def fully_signed(lens: Lens, r: int, contested: bool = False) -> bool:
    """Whether every signer has a valid signature on the revision."""
    if not (lens.effective | (lens.contested if contested else 0)) >> r & 1:
        return False
    by = signed(lens, r, contested)
    return all(
        by.get(place) and by[place] >= _needed(lens, r, place, contested) for place in signers(lens, r)
    )


@once
def _needed(lens: Lens, r: int, place: Seat, contested: bool) -> frozenset[bytes]:
    """Who must sign for a seat by name: where two admissions bind it, the party that signed the base."""
    # The second admission may be news to who signs.
    if not any(
        place in seats_signed(lens, i, r) and len(members.holders(lens.before(i), place)) > 1
        for i in signatures(lens, r, contested)
    ):
        return frozenset()
    before = lens.before(r)
    found: set[bytes] = set()
    for subject in lens.subjects(r):
        base = force.base(before, subject)
        if base is not None:
            found |= signed(before, base.r, contested).get(place, frozenset())
    return frozenset(found)


@once
def agreements(lens: Lens, contested: bool = False) -> tuple[int, ...]:
    """All revisions that are fully signed."""
    some = lens.effective | (lens.contested if contested else 0)
    return tuple(r for r in bits(some & lens.graph.kind(*PROPOSALS)) if fully_signed(lens, r, contested))


@once
def signer_parties(lens: Lens, r: int) -> frozenset[bytes]:
    """The parties that signed or, where nobody did, hold the signing seats."""
    found: set[bytes] = set()
    by = signed(lens, r, True)
    for place in signers(lens, r):
        found |= by.get(place) or frozenset(members.holders(lens, place))
    return frozenset(found)


def is_signer(lens: Lens, party: bytes, r: int) -> bool:
    """Whether a party holds one of the signing seats of a revision."""
    return bool(members.seats_of(lens, party) & frozenset(signers(lens, r)))


@once
def speakers(lens: Lens, r: int, place: Seat) -> frozenset[bytes]:
    """The parties that speak for a seat under a revision: of two that hold it those who signed, if one did."""
    held = frozenset(members.holders(lens, place))
    if len(held) < 2:
        return held
    return held & signed(lens, r, True).get(place, frozenset()) or held


def speaks(lens: Lens, party: bytes, r: int) -> bool:
    """Whether a party speaks for one of the signing seats of a revision."""
    return any(party in speakers(lens, r, place) for place in signers(lens, r))


@once
def bound(lens: Lens, party: bytes, r: int) -> bool:
    """Whether a party signed a revision itself."""
    return any(lens.entry(i).party == party for i in signatures(lens, r, True))


# What closes an open revision, for all who know of it.


@once
def matters(lens: Lens, i: int) -> frozenset[Key]:
    """The subjects that a move speaks of."""
    entry = lens.entry(i)
    if entry.kind in PROPOSALS:
        return lens.touches(i)
    name = entry.body["revision"] if entry.kind == "accept" else entry.body["of"]
    r = lens.graph.index.get(name)
    if r is not None and lens.entry(r).kind == "declare":
        about = performance.declared(lens, r)
        return frozenset({about[1].key}) if about is not None else frozenset()
    return lens.touches(r) if r is not None else frozenset()


def closes(lens: Lens, i: int, r: int) -> bool:
    """Whether a move takes its party's signature off an open revision (R5)."""
    entry = lens.entry(i)
    if i == r or not lens.graph.past[i] >> r & 1:
        return False
    if entry.kind == "accept" and entry.body["revision"] == lens.entry(r).id:
        return False
    if not matters(lens, i) & lens.touches(r):
        return False
    before = lens.before(i)
    if not (before.effective | before.contested) >> r & 1 or fully_signed(before, r):
        return False
    return any(lens.entry(s).party == entry.party for s in positions_taken(before, r))


@once
def positions_taken(lens: Lens, r: int) -> tuple[int, ...]:
    """Acts by which somebody took the position of a revision: also accepts that are not dated yet."""
    name = lens.entry(r).id
    accepts = [i for i in lens.acts("accept", "confirm") if lens.entry(i).body["revision"] == name]
    return (r, *accepts)


@once
def closings(lens: Lens, r: int) -> tuple[int, ...]:
    """Moves that closed a revision under R5."""
    return tuple(i for i in lens.acts(*MOVES) if closes(lens, i, r))


@once
def withdrawals(lens: Lens, r: int) -> tuple[int, ...]:
    """Acts of the author that take a revision back."""
    name, by = lens.entry(r).id, author(lens, r)
    found = [i for i in lens.acts("withdraw", "counter") if lens.entry(i).body["of"] == name]
    return tuple(i for i in found if lens.entry(i).party == by)


@once
def refusals(lens: Lens, r: int) -> tuple[int, ...]:
    """Declines, counters and contests by those who were to sign."""
    name, by = lens.entry(r).id, author(lens, r)
    found = [i for i in lens.acts("decline") if lens.entry(i).body["revision"] == name]
    found += [i for i in lens.acts("counter") if lens.entry(i).body["of"] == name]
    return tuple(
        i
        for i in sorted([*found, *denials(lens, r)])
        if seats_signed(lens, i, r) and (lens.entry(i).kind == "decline" or lens.entry(i).party != by)
    )


@once
def denials(lens: Lens, r: int) -> tuple[int, ...]:
    """Contests of an alleged promise: they decline it, unless their author knew it to be agreed."""
    if "alleged" not in lens.entry(r).body:
        return ()
    name = lens.entry(r).id
    return tuple(
        i
        for i in lens.acts("contest")
        if lens.entry(i).body["entry"] == name
        and lens.entry(i).party != author(lens, r)
        and seats_signed(lens, i, r)
        and not fully_signed(lens.before(i), r)
    )


def closed(lens: Lens, r: int) -> bool:
    """Whether somebody took back, refused or moved on from a revision."""
    return bool(withdrawals(lens, r) or refusals(lens, r) or closings(lens, r))


def knowing(lens: Lens, i: int, others: tuple[int, ...]) -> bool:
    """Whether an act knows one of others."""
    return any(lens.graph.past[i] >> other & 1 for other in others)

