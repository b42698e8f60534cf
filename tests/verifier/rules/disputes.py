"""What needs deciding, and who decided: R12."""

from . import agreement, force, members
from .lens import Lens, once
from .terms import PROPOSALS, Key, Seat

# The one entry that an act speaks of, by the field that names it.
NAMES = ("dispute", "revision", "of", "declare", "request", "pick", "about", "entry")


@once
def spoken_of(lens: Lens, i: int) -> int | None:
    """The revision an entry speaks of, directly or through others; a proposal speaks of itself."""
    entry = lens.entry(i)
    if entry.kind in PROPOSALS:
        return i
    for field in NAMES:
        if field in entry.body and entry.kind != "admit":
            named = lens.graph.index.get(entry.body[field])
            return spoken_of(lens, named) if named is not None and named < i else None
    return None


@once
def keys(lens: Lens, dispute: int) -> frozenset[Key]:
    """The subjects a dispute is about; none where it is about an entry that speaks of no revision."""
    body = lens.entry(dispute).body
    about = lens.graph.index.get(body["about"])
    r = spoken_of(lens, about) if about is not None else None
    if r is None or about is None:
        return frozenset()
    subjects = lens.subjects(r)
    which = body.get("subject")
    if which is None and lens.entry(about).kind == "declare":
        which = lens.entry(about).body["subject"]
    if which is None:
        return lens.touches(r)
    return frozenset({subjects[which].key}) if which < len(subjects) else frozenset()


@once
def ended_by(lens: Lens, dispute: int) -> tuple[int, ...]:
    name = lens.entry(dispute).id
    return tuple(i for i in lens.acts("concede", "settle", "decide") if lens.entry(i).body["dispute"] == name)


@once
def namings(lens: Lens, arbiter: frozenset[Seat]) -> tuple[int, ...]:
    """Agreements in force that admit one of these seats."""
    found = []
    for r in agreement.agreements(lens):
        for subject in lens.subjects(r):
            if subject.body["is"] == "admit" and subject.key[1] in arbiter:
                found.append(r)
    return tuple(found)


@once
def covers(lens: Lens, naming: int) -> frozenset[Key] | None:
    """The subjects an arbiter is named for; None for every subject."""
    others = frozenset(s.key for s in lens.subjects(naming) if s.body["is"] != "admit")
    return others or None


@once
def binding(lens: Lens, decision: int, key: Key) -> bool:
    """Whether a decision binds on a subject: every signer of what is in force had signed the naming."""
    before = lens.before(decision)
    party = lens.entry(decision).party
    seats = frozenset(p for p in members.seats_of(before, party) if members.role(before, p) == "arbiter")
    r = force.in_force(before, key).revision
    if r is None:
        return False
    for naming in namings(before, seats):
        named = covers(before, naming)
        if named is None or key in named:
            if agreement.signer_parties(before, r) <= agreement.signer_parties(before, naming):
                return True
    return False


@once
def decisions(lens: Lens, key: Key) -> tuple[int, ...]:
    """Decisions with an outcome that bind on a subject, while the revision they are about is in force."""
    here = force.in_force(lens, key)
    if here.revision is None or here.rivals:
        return ()
    found = []
    for i in lens.acts("decide"):
        dispute = lens.graph.index[lens.entry(i).body["dispute"]]
        about = spoken_of(lens, dispute)
        if about is not None and key in keys(lens, dispute) and "outcome" in lens.entry(i).body:
            if force.one(lens, about, here.revision) and binding(lens, i, key):
                found.append(i)
    return tuple(found)
