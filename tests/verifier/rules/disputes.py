"""What needs deciding, and who decided: R12."""

from . import agreement, force, members
from .graph import bits
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
                here = force.in_force(lens, subject.key).revision
                if here is not None and force.one(lens, here, r):
                    found.append(r)
    return tuple(found)


@once
def covers(lens: Lens, naming: int) -> frozenset[Key] | None:
    """The subjects an arbiter is named for; None for every subject."""
    others = frozenset(s.key for s in lens.subjects(naming) if s.body["is"] != "admit")
    return others or None


@once
def binding(lens: Lens, decision: int, r: int, key: Key | None) -> bool:
    """Whether an arbiter decides for all who sign a revision, on one of its subjects or as a whole."""
    before = lens.before(decision)
    held = members.seats_of(before, lens.entry(decision).party)
    seats = frozenset(p for p in held if members.role(before, p) == "arbiter")
    for naming in namings(before, seats):
        named = covers(before, naming)
        if key is None or named is None or key in named:
            if set(agreement.signers(lens, r)) <= set(agreement.signers(lens, naming)):
                return True
    return False


@once
def outcome(lens: Lens, i: int) -> str | None:
    """What an arbiter decided of a contested act itself, where all who sign what it is about had named the arbiter."""
    name, r = lens.entry(i).id, spoken_of(lens, i)
    found = None
    for d in bits(lens.good & lens.graph.kind("decide")):
        about = lens.entry(lens.graph.index[lens.entry(d).body["dispute"]]).body["about"]
        if about == name and "outcome" in lens.entry(d).body and r is not None and binding(lens, d, r, None):
            found = lens.entry(d).body["outcome"]
    return found


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
            if force.one(lens, about, here.revision) and binding(lens, i, here.revision, key):
                found.append(i)
    return tuple(found)
