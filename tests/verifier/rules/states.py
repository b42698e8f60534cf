"""The state of every action, with what stands beside it: docs/rules.md "States"."""

from . import agreement, disputes, force, performance, receipts, release, times
from .graph import bits
from .lens import Lens, once
from .terms import PROPOSALS, Key



def actions(lens: Lens) -> list[tuple[bytes, int]]:
    """All actions that some proposal names, by the place of the entry that they are called by."""
    index = lens.graph.index
    found = {
        s.key[1]
        for r in range(len(lens.graph.entries))
        if lens.entry(r).kind in PROPOSALS
        for s in lens.subjects(r)
        if s.body["is"] == "action"
    }
    return sorted(found, key=lambda action: (index.get(action[0], len(index)), *action))


@once
def proposals(lens: Lens, key: Key) -> tuple[int, ...]:
    some = (lens.effective | lens.contested) & lens.graph.kind(*PROPOSALS)
    found = (r for r in bits(some) if key in lens.touches(r))
    return tuple(r for r in found if lens.effective >> r & 1 or _only_contested(lens, r))


@once
def shown(lens: Lens, key: Key) -> int | None:
    """The revision that stands for an action."""
    d = performance.completing(lens, key)
    about = performance.declared(lens, d) if d is not None else None
    here, all_ = force.in_force(lens, key), proposals(lens, key)
    if about is not None:
        return about[0]
    if here.rivals:
        return all_[-1]
    if here.position is not None:
        return here.position.r
    for some in (_only_contested, force.is_open, agreement.closed):
        found = [r for r in all_ if some(lens, r)]
        if found:
            return found[-1]
    return all_[-1] if all_ else None


def state(lens: Lens, key: Key) -> str:
    here = force.in_force(lens, key)
    decided = _decided(lens, key)
    if decided is not None:
        return decided
    if performance.completing(lens, key) is not None:
        return "completed"
    if here.rivals:
        return "crossed"
    if here.position is not None and here.position.end:
        return "cancelled"
    if here.position is not None:
        return _agreed_state(lens, key)
    return _open_state(lens, key)


def _decided(lens: Lens, key: Key) -> str | None:
    """What a decision says, unless an agreement was made knowing it."""
    r = force.in_force(lens, key).revision
    decided = [i for i in disputes.decisions(lens, key) if r is None or not lens.graph.past[r] >> i & 1]
    outcome = lens.entry(decided[-1]).body["outcome"] if decided else "agreed"
    return None if outcome == "agreed" else outcome


def _agreed_state(lens: Lens, key: Key) -> str:
    d = performance.speaking(lens, key)
    if d is not None:
        return "rework" if performance.rework(lens, d) else "declared"
    return "stopped" if performance.is_stopped(lens, key) else "agreed"


def _open_state(lens: Lens, key: Key) -> str:
    r = shown(lens, key)
    if r is None:
        return "without effect"
    if _only_contested(lens, r):
        return "contested"
    if force.is_open(lens, r):
        return "accepted" if _accepted(lens, r) else "proposed"
    refused = agreement.refusals(lens, r)
    first = min((*agreement.withdrawals(lens, r), *refused, *agreement.closings(lens, r)), default=None)
    return "declined" if first is None or first in refused else "withdrawn"


def _accepted(lens: Lens, r: int) -> bool:
    by = agreement.author(lens, r)
    return any(lens.entry(i).kind == "accept" and lens.entry(i).party != by for i in agreement.signatures(lens, r))


def _only_contested(lens: Lens, r: int) -> bool:
    return agreement.fully_signed(lens, r, True) and not agreement.fully_signed(lens, r)


def overlays(lens: Lens, key: Key, state_: str) -> list[str]:
    found = set()
    here = force.in_force(lens, key)
    all_ = proposals(lens, key)
    if (here.position is not None or here.rivals) and any(force.is_open(lens, r) for r in all_):
        found.add("change_proposed")
    found |= _asked(lens, key)
    if _old_terms(lens, key):
        found.add("against_old_terms")
    shown_ = shown(lens, key)
    if shown_ is not None:
        signatures = agreement.signatures(lens, shown_, True)
        if any(lens.graph.after_fork(i, lens.mask) for i in signatures):
            found.add("after_fork")
        if any(_after_receipt(lens, i, shown_) for i in signatures):
            found.add("accepted_after_receipt")
    if any(_not_judged(lens, r) for r in all_):
        found.add("not_judged")
    for i in lens.acts("dispute"):
        if key in disputes.keys(lens, i) and not disputes.ended_by(lens, i):
            found.add("disputed")
    for r in all_:
        if _only_contested(lens, r):
            found.add("contested")
        if force.is_open(lens, r):
            for i in lens.acts("accept"):
                if lens.entry(i).body["revision"] == lens.entry(r).id:
                    what = times.arrival(lens, i, r)
                    if what == times.LATE:
                        found.add("late")
                    elif what == times.UNPROVEN:
                        found.add("arrival_unproven")
    return sorted(found)



def _asked(lens: Lens, key: Key) -> set[str]:
    """Requests that are neither granted, dropped nor refused. What is completed is reopened, not released."""
    if _decided(lens, key) is not None:
        return set()
    d = performance.completing(lens, key)
    about = performance.declared(lens, d) if d is not None else None
    if d is not None and about is not None:
        r, asked, word = about[0], performance.reopen_requests(lens, d), "reopen_asked"
    else:
        here = None if force.in_force(lens, key).rivals else force.in_force(lens, key).revision
        if here is None:
            return set()
        r, asked, word = here, release.requests(lens, here), "release_asked"
    return {word for q in asked if not release.drops(lens, q, r) and not release.refused(lens, q)}


def _old_terms(lens: Lens, key: Key) -> bool:
    """Whether the declare that is shown, or a stop, was made on terms replaced meanwhile."""
    here = force.in_force(lens, key)
    r = here.revision
    if r is None or _decided(lens, key) is not None:
        return False
    d = performance.completing(lens, key)
    d = d if d is not None else performance.speaking(lens, key)
    about = performance.declared(lens, d) if d is not None else None
    if here.rivals:
        return about is not None and force.replaces(lens, force.REV(r), force.REV(about[0]), key)
    if about is not None:
        return not force.one(lens, about[0], r)
    return not performance.is_stopped(lens, key) and any(
        performance.stopped_old_terms(lens, i, r) for i in performance.stops(lens, key)
    )


def _after_receipt(lens: Lens, accept: int, r: int) -> bool:
    """Whether an accept came after another device of its party had signed a receipt for the withdrawal (R11)."""
    graph, entry = lens.graph, lens.entry(accept)
    for w in agreement.withdrawals(lens, r):
        if lens.entry(w).kind != "withdraw":
            continue
        for receipt in receipts.embedded(lens):
            if receipt.party == entry.party and receipt.device != entry.device and receipt.at <= entry.at:
                covered = graph.covered(receipt.heads) or 0
                if covered >> w & 1 and not covered >> accept & 1 and not graph.past[accept] >> w & 1:
                    return entry.kind == "accept"
    return False


def _not_judged(lens: Lens, r: int) -> bool:
    """Whether a time stamp speaks of an accept of an offer with a time limit."""
    if times.deadline(lens, r) is None:
        return False
    graph, name = lens.graph, lens.entry(r).id
    for i in bits(lens.mask & graph.kind("prove")):
        if lens.court.outcome[i] == "not_judged" and "about" in lens.entry(i).body:
            about = lens.ref(lens.entry(i).body["about"])
            if about is not None and lens.entry(about).kind == "accept" and lens.entry(about).body["revision"] == name:
                return True
    return False
