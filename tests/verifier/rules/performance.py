"""What became of an action that is agreed: R8."""

from . import agreement, disputes, force, receipts, release
from .graph import bits
from .lens import Lens, once
from .terms import PROPOSALS, Key, Seat, Subject

DAY = 24 * 60 * 60 * 1000
UNITS = {"minutes": 60_000, "hours": 3_600_000, "days": DAY}


@once
def declared(lens: Lens, d: int) -> tuple[int, Subject] | None:
    """Which revision and subject an act on an action (declare, stop, cancel, ...) names."""
    body = lens.entry(d).body
    r = lens.graph.index.get(body["revision"])
    if r is None or lens.entry(r).kind not in PROPOSALS:
        return None
    subjects = lens.subjects(r)
    if body["subject"] >= len(subjects):
        return None
    return r, subjects[body["subject"]]


def of_key(lens: Lens, key: Key, *kinds: str) -> list[int]:
    """Acts of some kinds on an action."""
    found = []
    for i in lens.acts(*kinds):
        about = declared(lens, i)
        if about is not None and about[1].key == key:
            found.append(i)
    return found


@once
def about(lens: Lens, d: int, kind: str) -> tuple[int, ...]:
    """Acts that name a declare."""
    name = lens.entry(d).id
    return tuple(i for i in lens.acts(kind) if lens.entry(i).body["declare"] == name)


def spoke(lens: Lens, i: int, r: int, place: Seat) -> bool:
    """Whether the author of an act spoke for a seat under a revision."""
    return lens.entry(i).party in agreement.speakers(lens.before(i), r, place)


@once
def _spoken_for(lens: Lens, i: int, d: int) -> frozenset[Seat]:
    """The beneficiaries of what was declared for whom the author of an act spoke."""
    found = declared(lens, d)
    return frozenset(p for p in found[1].beneficiaries if spoke(lens, i, found[0], p)) if found else frozenset()


# Completion.


@once
def approvals(lens: Lens, d: int) -> tuple[int, ...]:
    """Approves that count for a declare: also those deemed, unless a rejection in time voids them."""
    return tuple(i for i in about(lens, d, "approve") if not _void(lens, i, d))


@once
def approved_by(lens: Lens, d: int) -> frozenset[Seat]:
    """The beneficiaries that approved, or whose silence counts."""
    found = declared(lens, d)
    if found is None:
        return frozenset()
    wanted = found[1].beneficiaries
    by: frozenset[Seat] = frozenset()
    for i in approvals(lens, d):
        own = _spoken_for(lens, i, d)
        by |= own if own else frozenset(wanted)
    return by


@once
def completed(lens: Lens, d: int) -> bool:
    """Whether every beneficiary has approved this declare, and it was not reopened."""
    found = declared(lens, d)
    return found is not None and not reopened(lens, d) and approved_by(lens, d) >= frozenset(found[1].beneficiaries)


@once
def once_completed(lens: Lens, d: int) -> bool:
    found = declared(lens, d)
    return found is not None and approved_by(lens, d) >= frozenset(found[1].beneficiaries)


@once
def completing(lens: Lens, key: Key) -> int | None:
    """The first declare that is approved by all; it yields to an agreement proposed knowing that."""
    for d in of_key(lens, key, "declare"):
        if not begun_by_decision(lens, key) >> d & 1 and completed(lens, d) and not any(
            not p.end and once_completed(lens.before(p.r), d) for p in force.rivals(lens, key)
        ):
            return d
    return None


# Reopening.


@once
def reopen_requests(lens: Lens, d: int) -> tuple[int, ...]:
    """Requests to reopen what this declare completed."""
    if not once_completed(lens, d):
        return ()
    name = lens.entry(d).id
    found = [i for i in lens.acts("release") if lens.entry(i).body["of"] == name]
    # A rejection or undeclare has effect only where it did not know that this declare completed the action.
    return tuple(sorted([*found, *about(lens, d, "reject"), *about(lens, d, "undeclare")]))


@once
def last_grants(lens: Lens, d: int) -> tuple[int, ...]:
    """For each granted request the acts that granted it."""
    found = declared(lens, d)
    if found is None:
        return ()
    own = reopen_requests(lens, d)
    grants: list[int] = []
    for q in own:
        # Who knows a request and asks to reopen the action by another of its declares has asked too.
        others = (x for other in of_key(lens, found[1].key, "declare") for x in reopen_requests(lens, other))
        asked = {*own, *(x for x in others if lens.graph.past[x] >> q & 1)}
        grants += release.grants(lens, q, found[0], tuple(sorted(asked))) or ()
    return tuple(grants)


@once
def reopened(lens: Lens, d: int) -> bool:
    """Whether this declare no longer counts because its result was reopened."""
    found = declared(lens, d)
    if found is None:
        return False
    return any(
        lens.graph.past[g] >> d & 1 for other in of_key(lens, found[1].key, "declare") for g in last_grants(lens, other)
    )


# Deemed acceptance.


def is_deemed(lens: Lens, i: int) -> bool:
    """Whether an approve stands for the silence of the beneficiaries."""
    d = lens.graph.index[lens.entry(i).body["declare"]]
    return declared(lens, d) is not None and not _spoken_for(lens, i, d)


def _void(lens: Lens, i: int, d: int) -> bool:
    """Whether a rejection voids a deemed acceptance."""
    if not is_deemed(lens, i):
        return False
    if lens.graph.after_fork(i, lens.mask):
        return True
    end = window_end(lens.before(i), d)
    return any(end is None or lens.entry(x).at <= end for x in about(lens, d, "reject"))


@once
def window_end(lens: Lens, d: int) -> int | None:
    """When the window is over for every beneficiary that kept silent; nothing where one may not have known."""
    found = declared(lens, d)
    if found is None or "deemed" not in found[1].body:
        return None
    window = found[1].body["deemed"]
    latest = 0
    for place in found[1].beneficiaries:
        if place in approved_by(lens, d):
            continue
        had = had_since(lens, d, agreement.speakers(lens, found[0], place))
        if had is None:
            return None
        end = later(had, window["count"], window["unit"])
        latest = max(latest, end)
    return latest


def had_since(lens: Lens, d: int, parties: frozenset[bytes]) -> int | None:
    """Since when a beneficiary provably had a declaration."""
    times = []
    for party in parties:
        times += [lens.entry(i).at for i in bits(lens.mask & lens.graph.party(party)) if lens.graph.past[i] >> d & 1]
        times += [
            x.at for x in receipts.embedded(lens) if x.party == party and (lens.graph.covered(x.heads) or 0) >> d & 1
        ]
    return min(times, default=None)


def later(start: int, count: int, unit: str) -> int:
    """A span after a time: a day has 24 hours, working days are Monday to Friday in UTC."""
    if unit in UNITS:
        return start + count * UNITS[unit]
    at = start
    while count:
        at += DAY
        if (at // DAY + 3) % 7 < 5:  # 1970-01-01 was a Thursday
            count -= 1
    return at


# Rework and stops.


@once
def rework(lens: Lens, d: int) -> bool:
    """Whether a beneficiary rejects and has not approved by another device."""
    approving = {lens.entry(i).party for i in about(lens, d, "approve")}
    return any(lens.entry(i).party not in approving for i in about(lens, d, "reject"))


@once
def undeclared(lens: Lens, d: int) -> bool:
    return bool(about(lens, d, "undeclare"))


@once
def stops(lens: Lens, key: Key) -> tuple[int, ...]:
    return tuple(of_key(lens, key, "stop"))


@once
def begun_by_decision(lens: Lens, key: Key) -> int:
    """What decisions that the work begins anew have behind them."""
    behind = 0
    for i in disputes.decisions(lens, key):
        if lens.entry(i).body["outcome"] == "agreed":
            behind |= lens.graph.past[i]
    return behind


@once
def begun_anew(lens: Lens, key: Key) -> int:
    """What the proposal in force, such a decision or a reopening has behind it: that speaks no longer."""
    r = force.in_force(lens, key).revision
    behind = begun_by_decision(lens, key) | (0 if r is None else lens.graph.past[r])
    for d in of_key(lens, key, "declare"):
        for g in last_grants(lens, d):
            behind |= lens.graph.past[g]
    return behind


@once
def live_stops(lens: Lens, key: Key) -> tuple[int, ...]:
    """Stops of what is in force, unless a new agreement, a decision or a reopening came after them."""
    r = force.in_force(lens, key).revision
    found = []
    for i in stops(lens, key):
        about_ = declared(lens, i)
        if r is None or about_ is None or not force.same(lens, about_[0], r):
            continue
        if not begun_anew(lens, key) >> i & 1:
            found.append(i)
    return tuple(found)


def stopped_old_terms(lens: Lens, i: int, r: int) -> bool:
    """Whether a stop was made on terms that were replaced without knowing of it."""
    about_ = declared(lens, i)
    return about_ is not None and not force.one(lens, about_[0], r) and not lens.graph.past[r] >> i & 1


@once
def standing_declares(lens: Lens, key: Key) -> tuple[int, ...]:
    """Declares that were neither taken back nor begun anew."""
    behind = begun_anew(lens, key)
    return tuple(
        d
        for d in of_key(lens, key, "declare")
        if not behind >> d & 1 and not undeclared(lens, d) and not reopened(lens, d)
    )


@once
def is_stopped(lens: Lens, key: Key) -> bool:
    """Whether the performer gave up: a declare made without knowing that stands against it."""
    declares = standing_declares(lens, key)
    return any(all(lens.graph.past[z] >> d & 1 for d in declares) for z in live_stops(lens, key))


@once
def speaking(lens: Lens, key: Key) -> int | None:
    """The declare that says how far an agreed action is: the newest, before those that were rejected."""
    if is_stopped(lens, key):
        return None
    return max(standing_declares(lens, key), key=lambda d: (not rework(lens, d), d), default=None)
