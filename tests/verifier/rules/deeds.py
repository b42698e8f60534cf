"""Whether what performs, undoes or disputes takes effect: R4, R7, R8, R12."""

from collections.abc import Iterable
from typing import Any

from . import agents, agreement, disputes, force, members, performance, release
from .lens import Lens
from .terms import PROPOSALS, Seat, Subject, seat


def _standing(lens: Lens, i: int) -> tuple[int, Subject] | None:
    """The agreed action an act names: a revision in force in its past, and the subject there."""
    found = _named(lens, i)
    if found is None:
        return None
    here = force.in_force(lens, found[1].key).revision
    return found if here is not None and force.one(lens, here, found[0]) else None


def _named(lens: Lens, i: int) -> tuple[int, Subject] | None:
    r = lens.proposal(lens.entry(i).body["revision"])
    found = performance.declared(lens, i) if r is not None else None
    return found if found is not None and found[1].body["is"] == "action" else None


def _speaks(lens: Lens, i: int, r: int, seats: Iterable[Seat]) -> bool:
    """Whether the author speaks for one of some seats under a revision."""
    return any(lens.entry(i).party in agreement.speakers(lens, r, place) for place in seats)


def _done(lens: Lens, s: Subject) -> bool:
    return performance.completing(lens, s.key) is not None


def progress(lens: Lens, i: int) -> bool:
    found = _named(lens, i)
    return found is not None and _speaks(lens, i, found[0], found[1].performers)


def declare(lens: Lens, i: int) -> bool:
    found = _standing(lens, i)
    if found is None or not _speaks(lens, i, found[0], found[1].performers):
        return False
    if not all(lens.known(e) is not None for e in lens.entry(i).body.get("evidence", [])):
        return False
    return not performance.is_stopped(lens, found[1].key)


def _declare_of(lens: Lens, i: int) -> tuple[int, int, Subject] | None:
    d = lens.ref(lens.entry(i).body["declare"])
    if d is None or lens.entry(d).kind != "declare":
        return None
    found = performance.declared(lens, d)
    return (d, *found) if found is not None else None


def _completing(lens: Lens, found: tuple[int, int, Subject]) -> bool:
    return performance.completing(lens, found[2].key) == found[0]


def undeclare(lens: Lens, i: int) -> bool:
    found = _declare_of(lens, i)
    return found is not None and _speaks(lens, i, found[1], found[2].performers) and not _completing(lens, found)


def approve(lens: Lens, i: int) -> bool:
    found = _declare_of(lens, i)
    if found is None:
        return False
    d, r, s = found
    if performance.about(lens, d, "undeclare") or performance.about(lens, d, "reject"):
        return False
    if _speaks(lens, i, r, s.beneficiaries):
        return True
    if not _speaks(lens, i, r, s.performers):
        return False
    end = performance.window_end(lens, d)
    return end is not None and lens.entry(i).at >= end


def reject(lens: Lens, i: int) -> bool:
    found = _declare_of(lens, i)
    if found is None or not _speaks(lens, i, found[1], found[2].beneficiaries):
        return False
    conditions = found[2].body.get("conditions", [])
    if any(unmet >= len(conditions) for unmet in lens.entry(i).body.get("unmet", [])):
        return False
    return not _completing(lens, found)


def stop(lens: Lens, i: int) -> bool:
    found = _standing(lens, i)
    return (
        found is not None
        and _speaks(lens, i, found[0], found[1].performers)
        and not _done(lens, found[1])
    )


def missed(lens: Lens, i: int) -> bool:
    r = lens.proposal(lens.entry(i).body["revision"])
    return r is not None and performance.declared(lens, i) is not None and agreement.speaks(lens, lens.entry(i).party, r)


def release_act(lens: Lens, i: int) -> bool:
    """Asks for release from an agreement, or to reopen a result."""
    of = lens.ref(lens.entry(i).body["of"])
    if of is None:
        return False
    if lens.entry(of).kind == "declare":
        found = performance.declared(lens, of)
        if found is None or performance.completing(lens, found[1].key) != of:
            return False
        return agreement.speaks(lens, lens.entry(i).party, found[0])
    if lens.entry(of).kind not in PROPOSALS or not agreement.speaks(lens, lens.entry(i).party, of):
        return False
    if not agreement.fully_signed(lens, of):
        return False
    for s in lens.subjects(of):
        here = force.in_force(lens, s.key)
        if not here.rivals and here.revision is not None and force.one(lens, here.revision, of) and not _done(lens, s):
            return True
    return False


def _request(lens: Lens, i: int) -> tuple[int, int] | None:
    """The request an answer names: the act, and the revision it is about."""
    q = lens.ref(lens.entry(i).body["request"])
    if q is None:
        return None
    about = disputes.spoken_of(lens, q)
    if about is None:
        return None
    kind = lens.entry(q).kind
    if kind == "release" or q in release.requests(lens, about):
        return q, about
    if kind in ("withdraw", "decline") and lens.contested >> q & 1 and agreement.fully_signed(lens, about):
        # Whether it counts is known once its party has ratified it.
        return q, about
    if kind in ("reject", "undeclare"):
        # Asks only as long as there is something to reopen.
        d = lens.graph.index[lens.entry(q).body["declare"]]
        if performance.completed(lens, d) and (q in performance.reopen_requests(lens, d) or lens.contested >> q & 1):
            return q, about
    return None


def allow(lens: Lens, i: int) -> bool:
    if _about_cut(lens, i):
        return True
    found = _request(lens, i)
    return _answers(lens, i) and not _said(lens, i, "refuse") and found is not None and not release.drops(lens, *found)


def refuse(lens: Lens, i: int) -> bool:
    return _about_cut(lens, i) or _answers(lens, i) and not _said(lens, i, "allow")


def _about_cut(lens: Lens, i: int) -> bool:
    """Whether an answer is to a cut, which any other party may give."""
    c = lens.ref(lens.entry(i).body["request"])
    return c is not None and lens.entry(c).kind == "cut" and lens.entry(c).party != lens.entry(i).party


def _answers(lens: Lens, i: int) -> bool:
    entry = lens.entry(i)
    found = _request(lens, i)
    if found is None:
        return False
    q, r = found
    return lens.entry(q).party != entry.party and agreement.speaks(lens, entry.party, r)


def _said(lens: Lens, i: int, kind: str) -> bool:
    entry = lens.entry(i)
    same = (x for x in lens.acts(kind) if lens.entry(x).party == entry.party)
    return any(lens.entry(x).body["request"] == entry.body["request"] for x in same)


def cancel(lens: Lens, i: int) -> bool:
    found = _standing(lens, i)
    if found is None or _done(lens, found[1]):
        return False
    clauses = found[1].body.get("cancel", [])
    which = lens.entry(i).body["clause"]
    if which >= len(clauses) or not _speaks(lens, i, found[0], [seat(clauses[which]["by"])]):
        return False
    until = clauses[which].get("until")
    if until is None:
        return True
    end = due_instant(lens, until, found[0])
    return end is None or lens.entry(i).at <= end


def due_instant(lens: Lens, due: dict[str, Any], r: int) -> int | None:
    """The point in time a due time comes to."""
    if "instant" in due:
        return int(due["instant"])
    start = counted_from(lens, r)
    return None if start is None else performance.later(start, due["count"], due["unit"])


def counted_from(lens: Lens, r: int) -> int | None:
    """When an agreement was made: the last accept, or an earlier word of another party that knows it."""
    signed = agreement.signatures(lens, r)
    if not signed:
        return None
    last = max(signed)
    times = [lens.entry(last).at]
    for i, entry in enumerate(lens.graph.entries):
        if lens.mask >> i & 1 and entry.party != lens.entry(last).party and lens.graph.past[i] >> last & 1:
            times.append(entry.at)
    return min(times)


def choose(lens: Lens, i: int) -> bool:
    entry = lens.entry(i)
    pick = force.picked(lens, i)
    if pick is None or not agents.within_limits(lens, i, pick.r):
        return False
    for key in force.keys_of(lens, pick):
        left = force.rivals(lens, key)
        if len(left) > 1 and force.Position(force.first_of(lens, pick.r), pick.end) in left:
            return force.chooser(lens, key) == entry.party
    return False


def dispute(lens: Lens, i: int) -> bool:
    body = lens.entry(i).body
    about = lens.graph.index.get(body["about"])
    if about is None or not lens.mask >> about & 1:
        return False
    r = disputes.spoken_of(lens, about)
    if r is None:
        return True
    if "subject" in body and body["subject"] >= len(lens.subjects(r)):
        return False
    return agreement.speaks(lens, lens.entry(i).party, r)


def _dispute(lens: Lens, i: int) -> int | None:
    d = lens.ref(lens.entry(i).body["dispute"])
    return d if d is not None and lens.entry(d).kind == "dispute" else None


def concede(lens: Lens, i: int) -> bool:
    d = _dispute(lens, i)
    if d is None or lens.entry(d).party == lens.entry(i).party or disputes.ended_by(lens, d):
        return False
    r = disputes.spoken_of(lens, d)
    return r is None or agreement.speaks(lens, lens.entry(i).party, r)


def settle(lens: Lens, i: int) -> bool:
    d = _dispute(lens, i)
    if d is None or lens.entry(d).party != lens.entry(i).party or disputes.ended_by(lens, d):
        return False
    return "revision" not in lens.entry(i).body or lens.proposal(lens.entry(i).body["revision"]) is not None


def decide(lens: Lens, i: int) -> bool:
    d = _dispute(lens, i)
    if d is None or disputes.ended_by(lens, d):
        return False
    held = members.seats_of(lens, lens.entry(i).party)
    seats = frozenset(p for p in held if members.role(lens, p) == "arbiter")
    named = [disputes.covers(lens, r) for r in disputes.namings(lens, seats)]
    return any(keys is None or keys & disputes.keys(lens, d) for keys in named)
