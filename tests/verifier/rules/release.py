"""Getting out of an agreement: R4."""

from . import agreement, performance
from .lens import Lens, once
from .terms import PROPOSALS, Key


@once
def requests(lens: Lens, r: int) -> tuple[int, ...]:
    """Acts that ask for release from an agreement."""
    if not agreement.fully_signed(lens, r):
        return ()
    name = lens.entry(r).id
    asked = [i for i in lens.acts("release") if lens.entry(i).body["of"] == name]
    found = [i for i in lens.acts("withdraw") if lens.entry(i).body["of"] == name]
    found += [i for i in lens.acts("decline") if lens.entry(i).body["revision"] == name]
    found += agreement.denials(lens, r)
    # Whoever only holds the seat of one who signed has nothing to be released from.
    return tuple(sorted([*asked, *(i for i in found if agreement.bound(lens, lens.entry(i).party, r))]))


@once
def drops(lens: Lens, q: int, r: int) -> tuple[int, ...]:
    """Acts of the asker by which a request for release of a revision is given up."""
    entry, touched = lens.entry(q), lens.touches(r)
    found = []
    for i in lens.acts("withdraw", "propose", "counter", "accept", "declare"):
        act = lens.entry(i)
        if act.party != entry.party or not lens.graph.past[i] >> q & 1:
            continue
        if act.kind == "withdraw":
            if act.body["of"] == entry.id:
                found.append(i)
        elif act.kind == "declare":
            if _declared(lens, i) in touched:
                found.append(i)
        elif agreement.matters(lens, i) & touched:
            found.append(i)
    return tuple(found)


def _declared(lens: Lens, i: int) -> Key | None:
    body = lens.entry(i).body
    r = lens.graph.index.get(body["revision"])
    if r is None or lens.entry(r).kind not in PROPOSALS:
        return None
    subjects = lens.subjects(r)
    return subjects[body["subject"]].key if body["subject"] < len(subjects) else None


@once
def refused(lens: Lens, q: int) -> bool:
    """Whether somebody turned a request down and did not also allow it."""
    name = lens.entry(q).id

    def by(kind: str) -> set[bytes]:
        return {lens.entry(i).party for i in lens.acts(kind) if lens.entry(i).body["request"] == name}

    return bool(by("refuse") - by("allow"))


@once
def granted(lens: Lens, r: int) -> tuple[int, ...]:
    """The requests that every other signer has granted, each by an allow or by asking too."""
    asked = requests(lens, r)
    return tuple(q for q in asked if grants(lens, q, r, asked) is not None)


def grants(lens: Lens, q: int, r: int, asked: tuple[int, ...]) -> tuple[int, ...] | None:
    """The acts that grant a request of several, with itself; nothing where a signer is missing."""
    found = [q, *allows(lens, q)]
    for other in asked:
        if other == q or lens.entry(other).party == lens.entry(q).party:
            continue
        both = lens.entry(q).kind == lens.entry(other).kind == "release"
        knows = bool(lens.graph.past[other] >> q & 1)
        dropped = agreement.knowing(lens, other, drops(lens, q, r)) or agreement.knowing(lens, q, drops(lens, other, r))
        if (both or knows) and not dropped:
            found.append(other)
    return tuple(found) if by_all(lens, r, found) else None


def allows(lens: Lens, q: int) -> list[int]:
    """The acts that grant a request."""
    return [a for a in lens.acts("allow") if lens.entry(a).body["request"] == lens.entry(q).id]


def by_all(lens: Lens, r: int, acts: list[int]) -> bool:
    """Whether the authors of some acts spoke for all the seats that signed a revision."""
    return all(any(performance.spoke(lens, i, r, place) for i in acts) for place in agreement.signers(lens, r))


@once
def cancels(lens: Lens, r: int, key: Key) -> tuple[int, ...]:
    """Acts that end one action under a clause of its terms."""
    name = lens.entry(r).id
    found = []
    for i in lens.acts("cancel"):
        body = lens.entry(i).body
        if body["revision"] == name and lens.subjects(r)[body["subject"]].key == key:
            if not lens.graph.after_fork(i, lens.mask):
                found.append(i)
    return tuple(found)


@once
def ended(lens: Lens, r: int, key: Key) -> int | None:
    """The act that names the end of an agreement on a subject."""
    if not agreement.fully_signed(lens, r):
        return None
    granted_here = [q for q in granted(lens, r) if key in _reach(lens, q, r)]
    found = [*granted_here, *cancels(lens, r, key)]
    return min(found, key=lambda i: lens.entry(i).id) if found else None


@once
def _reach(lens: Lens, q: int, r: int) -> frozenset[Key]:
    """The subjects that a request speaks of: not those on which its author knew the agreement to be replaced."""
    from . import force

    before = lens.before(q)
    if not agreement.fully_signed(before, r):
        return lens.touches(r)
    here = {key: force.in_force(before, key).revision for key in lens.touches(r)}
    return frozenset(key for key, in_force in here.items() if in_force is not None and force.one(before, in_force, r))
