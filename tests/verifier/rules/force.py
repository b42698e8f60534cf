"""Which agreement is in force on a subject: R2 and R7."""

from typing import NamedTuple

from . import agreement, members, receipts, release
from .graph import bits
from .lens import Lens, once
from .terms import PROPOSALS, Key, Subject


class Position(NamedTuple):
    """A fully signed revision, or its end."""

    r: int
    end: bool


def REV(r: int) -> Position:  # noqa: N802
    return Position(r, False)


def END(r: int) -> Position:  # noqa: N802
    return Position(r, True)


class InForce(NamedTuple):
    """What counts on a subject; where rivals are crossed, `position` is what stays."""

    position: Position | None
    rivals: tuple[Position, ...] = ()

    @property
    def revision(self) -> int | None:
        return self.position.r if self.position is not None and not self.position.end else None


NOTHING = InForce(None)


@once
def positions(lens: Lens, key: Key) -> frozenset[Position]:
    """All that is fully signed on a subject, with the ends of agreements."""
    found = set()
    for r in agreement.agreements(lens):
        if key in lens.touches(r):
            found.add(REV(r))
            if release.ended(lens, r, key) is not None:
                found.add(END(r))
    return frozenset(found)


def named(lens: Lens, name: bytes) -> Position | None:
    """A revision by its id, or the end of one by a request or cancel that brought it."""
    i = lens.ref(name)
    if i is None:
        return None
    if lens.entry(i).kind in PROPOSALS:
        return REV(i)
    for r in agreement.agreements(lens):
        for key in lens.touches(r):
            if release.ended(lens, r, key) == i:
                return END(r)
    return None


def base(lens: Lens, subject: Subject) -> Position | None:
    """What a subject says it would replace; `lens` is what its author knew."""
    return named(lens, subject.base) if subject.base is not None else None


# R2: what replaces what.


def replaced(lens: Lens, position: Position, key: Key) -> frozenset[Position]:
    """What a position replaces on a subject. It follows from the past of its proposal."""
    court = lens.court
    name = (position, key)
    if name not in court.replaced:
        court.replaced[name] = _replaced(lens, position, key)
    return court.replaced[name]


def _replaced(lens: Lens, position: Position, key: Key) -> frozenset[Position]:
    r = position.r
    if position.end:
        return frozenset({REV(r)}) | replaced(lens, REV(r), key)
    before = lens.before(r)
    direct = set(positions(before, key))
    direct |= {REV(x) for x in agreement.agreements(before, True) if key in lens.touches(x)}
    subject = lens.subject(r, key)
    under = base(before, subject) if subject is not None else None
    if under is not None:
        direct.add(under)
    answered = r
    while lens.entry(answered).kind == "counter":
        of = lens.graph.index.get(lens.entry(answered).body["of"])
        if of is None or lens.entry(of).kind not in PROPOSALS:
            break
        answered = of
        if key in lens.touches(of):
            direct.add(REV(of))
    found = set(direct)
    for q in direct:
        if q.r != r:
            found |= replaced(lens, q, key)
    return frozenset(found - {position})


@once
def same(lens: Lens, one: int, other: int) -> bool:
    """Whether two revisions are one agreement: identical terms of a single subject, on one base."""
    if one == other:
        return True
    a, b = lens.subjects(one), lens.subjects(other)
    return len(a) == len(b) == 1 and a[0].key == b[0].key and a[0].body == b[0].body


def one(lens: Lens, r: int, other: int) -> bool:
    """Whether two names are those of one agreement."""
    if r == other:
        return True
    return same(lens, r, other) and agreement.fully_signed(lens, r) and agreement.fully_signed(lens, other)


def first_of(lens: Lens, r: int) -> int:
    """The name of an agreement: the smallest id of those that are one with it."""
    if len(lens.subjects(r)) > 1:
        return r
    alike = [q for q in agreement.agreements(lens) if same(lens, q, r)]
    return min([*alike, r], key=lambda q: lens.entry(q).id)


def replaces(lens: Lens, p: Position, q: Position, key: Key) -> bool:
    """Whether p replaces q on a subject, or another name of q."""
    if p == q or (p.end == q.end and same(lens, p.r, q.r)):
        return False
    return any(x.end == q.end and same(lens, x.r, q.r) for x in replaced(lens, p, key))


@once
def unreplaced(lens: Lens, key: Key) -> frozenset[Position]:
    """Fully signed positions that no other one replaces, each agreement by its first name."""
    all_ = positions(lens, key)
    found = {q for q in all_ if not any(replaces(lens, p, q, key) for p in all_)}
    return frozenset(Position(first_of(lens, p.r), p.end) for p in found)


# R7: crossings, and what ends them.


def keys_of(lens: Lens, p: Position) -> frozenset[Key]:
    if not p.end:
        return lens.touches(p.r)
    return frozenset(key for key in lens.touches(p.r) if release.ended(lens, p.r, key) is not None)


def against(lens: Lens, p: Position, q: Position, key: Key) -> bool:
    """Whether two positions on a subject cannot both stand."""
    if p == q or (p.end == q.end and same(lens, p.r, q.r)):
        return False
    return not replaces(lens, p, q, key) and not replaces(lens, q, p, key)


@once
def picked(lens: Lens, c: int) -> Position | None:
    """What a choice picks: a revision, or the request that names an end."""
    return named(lens.before(c), lens.entry(c).body["pick"])


@once
def choices(lens: Lens) -> tuple[int, ...]:
    """The choices that count: R7 (a) and (c)."""
    graph = lens.graph
    made = [c for c in lens.acts("choose") if not graph.after_fork(c, lens.mask) and _stands(lens, picked(lens, c))]
    standing = [
        c for c in made if not any(graph.past[d] >> c & 1 and _contradict(lens, c, d) for d in made)
    ]
    found = []
    for c in standing:
        rivals = [d for d in standing if d != c and _contradict(lens, c, d)]
        if not rivals:
            found.append(c)
        elif _relied_on(lens, c, rivals) and not any(
            _relied_on(lens, d, [x for x in standing if x != d and _contradict(lens, d, x)]) for d in rivals
        ):
            found.append(c)
    return tuple(found)


def _stands(lens: Lens, pick: Position | None) -> bool:
    """Whether a pick is still fully signed, or ended: R9 and R11 may have taken that from it."""
    if pick is None:
        return False
    there = (p for key in keys_of(lens, pick) for p in positions(lens, key))
    return any(p.r == pick.r and p.end == pick.end for p in there)


def _contradict(lens: Lens, c: int, d: int) -> bool:
    p, q = picked(lens, c), picked(lens, d)
    if p is None or q is None:
        return False
    return any(against(lens, p, q, key) for key in keys_of(lens, p) & keys_of(lens, q))


def _relied_on(lens: Lens, c: int, rivals: list[int]) -> bool:
    """Whether another signer of what was picked signed something that knows a choice and none of those against it."""
    graph = lens.graph
    picks = [pick for pick in (picked(lens, d) for d in (c, *rivals)) if pick is not None]
    others = frozenset().union(*(agreement.signer_parties(lens, pick.r) for pick in picks)) - {lens.entry(c).party}
    return any(
        graph.entries[i].party in others and graph.past[i] >> c & 1 and not agreement.knowing(lens, i, tuple(rivals))
        for i in bits(lens.mask)
    )


@once
def all_keys(lens: Lens) -> frozenset[Key]:
    return frozenset(key for r in agreement.agreements(lens) for key in lens.touches(r))


@once
def removed(lens: Lens) -> frozenset[Position]:
    """What choices, or else a settled rival, have removed: on all its subjects."""
    out: set[Position] = set()
    for c in choices(lens):
        pick = picked(lens, c)
        if pick is not None:
            out |= _beside(lens, pick)
    while True:
        more: set[Position] = set()
        for key in all_keys(lens):
            left = unreplaced_but(lens, key, frozenset(out))
            if len(left) > 1:
                stands = [p for p in left if settled(lens, p)]
                if len(stands) == 1:
                    more |= left - set(stands)
        if more <= out:
            return frozenset(out)
        out |= more


def _beside(lens: Lens, pick: Position) -> set[Position]:
    out: set[Position] = set()
    for key in keys_of(lens, pick):
        out |= {q for q in positions(lens, key) if against(lens, pick, q, key)}
    return out


def unreplaced_but(lens: Lens, key: Key, out: frozenset[Position]) -> frozenset[Position]:
    """As `unreplaced`, where some positions are out."""
    all_ = {p for p in positions(lens, key) if p not in out}
    found = {q for q in all_ if not any(replaces(lens, p, q, key) for p in all_)}
    return frozenset(Position(first_of(lens, p.r), p.end) for p in found)


def settled(lens: Lens, p: Position) -> bool:
    """Whether every signer has signed something that knows it fully signed and knows no rival."""
    for place in agreement.signers(lens, p.r):
        parties = agreement.signed(lens, p.r, True).get(place) or frozenset(members.holders(lens, place))
        if not any(_saw_alone(lens, party, p) for party in parties):
            return False
    return True


def _saw_alone(lens: Lens, party: bytes, p: Position) -> bool:
    graph = lens.graph
    seen = [graph.know(i) for i in bits(lens.mask & graph.party(party))]
    seen += [graph.covered(x.heads) or 0 for x in receipts.embedded(lens) if x.party == party]
    known = {key: positions(lens, key) for key in keys_of(lens, p)}
    for mask in seen:
        then = lens.at(mask)
        # Signatures that proven bad faith has undone since were never any.
        if not p.end and not _signed_within(lens, p.r, mask):
            continue
        if all(
            p in positions(then, key) and not any(q in positions(then, key) and against(lens, p, q, key) for q in here)
            for key, here in known.items()
        ):
            return True
    return False


def _signed_within(lens: Lens, r: int, mask: int) -> bool:
    by = [agreement.seats_signed(lens, i, r) for i in agreement.signatures(lens, r) if mask >> i & 1]
    return frozenset().union(*by) >= frozenset(agreement.signers(lens, r))


@once
def rivals(lens: Lens, key: Key) -> frozenset[Position]:
    """What stands unreplaced on a subject once choices are made."""
    return unreplaced_but(lens, key, removed(lens))


@once
def suspended(lens: Lens) -> frozenset[Position]:
    """Everything that is crossed on one of its subjects."""
    return frozenset(p for key in all_keys(lens) for p in rivals(lens, key) if len(rivals(lens, key)) > 1)


@once
def in_force(lens: Lens, key: Key) -> InForce:
    """What counts on a subject."""
    left = rivals(lens, key)
    if not left:
        return NOTHING
    if len(left) == 1 and not left & suspended(lens):
        return InForce(next(iter(left)))
    return InForce(stays(lens, key, left), tuple(sorted(left, key=lambda p: lens.entry(p.r).id)))


@once
def has_room(lens: Lens, r: int) -> bool:
    """Whether nothing in force or crossed stands against a revision that it does not replace."""
    for key in lens.touches(r):
        here = in_force(lens, key)
        for p in (here.position, *here.rivals):
            if p is None or (not p.end and one(lens, p.r, r)):
                continue
            if not replaces(lens, REV(r), p, key):
                return False
    return True


@once
def is_open(lens: Lens, r: int) -> bool:
    """Whether a revision can still be accepted by those who know all this."""
    if not lens.effective >> r & 1 or agreement.fully_signed(lens, r) or agreement.closed(lens, r):
        return False
    return has_room(lens, r)


def stays(lens: Lens, key: Key, left: frozenset[Position]) -> Position | None:
    """What all of the rivals replace."""
    out = removed(lens)
    common = {
        q
        for q in positions(lens, key)
        if q not in out and all(replaces(lens, p, q, key) for p in left)
    }
    top = {q for q in common if not any(replaces(lens, p, q, key) for p in common)}
    top = {Position(first_of(lens, q.r), q.end) for q in top}
    return next(iter(top)) if len(top) == 1 else None


# Who chooses.


@once
def crossing(lens: Lens, key: Key) -> tuple[frozenset[Position], frozenset[Key]]:
    """All rivals of a crossing and its subjects, also where bundles tie several together."""
    found: set[Position] = set()
    keys, todo = set(), [key]
    while todo:
        here = todo.pop()
        if here in keys:
            continue
        keys.add(here)
        if len(rivals(lens, here)) > 1:
            found |= rivals(lens, here)
            for p in rivals(lens, here):
                todo += keys_of(lens, p)
    return frozenset(found), frozenset(keys)


@once
def chooser(lens: Lens, key: Key) -> bytes | None:
    """The party that chooses for a whole crossing."""
    all_, keys = crossing(lens, key)
    if not all_:
        return None
    signed = [agreement.signer_parties(lens, p.r) for p in all_]
    every = frozenset.intersection(*signed)
    some = frozenset.union(*signed)
    performing = set()
    for p in all_:
        for subject in lens.subjects(p.r):
            for place in subject.performers:
                performing |= set(members.holders(lens, place))
    for candidates in (every & performing, every, some & performing, some):
        if candidates:
            return min(candidates)
    return None
