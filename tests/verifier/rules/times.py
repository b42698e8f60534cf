"""When an accept arrived: R6."""

from . import agreement, members, receipts
from .graph import bits
from .lens import Lens, once

IN_TIME, LATE, UNPROVEN = "in time", "late", "unproven"


def deadline(lens: Lens, r: int) -> int | None:
    due = lens.entry(r).body.get("open_until")
    return due["instant"] if due is not None else None


@once
def provers(lens: Lens, r: int) -> frozenset[bytes]:
    """The offerer, and the witnesses: parties that had joined and do not sign."""
    before = lens.before(r)
    witnesses = {party for party in members.joined(before) if not agreement.is_signer(before, party, r)}
    return frozenset(witnesses | {agreement.author(lens, r)})


@once
def moved_on(lens: Lens, accept: int, r: int) -> tuple[int, ...]:
    """Later moves of the accepter that closed an accept which nothing had dated yet (R5)."""
    entry = lens.entry(accept)
    return tuple(
        i
        for i in lens.acts(*agreement.MOVES)
        if lens.entry(i).party == entry.party
        and lens.graph.past[i] >> accept & 1
        and agreement.matters(lens, i) & lens.touches(r)
        and not (lens.entry(i).kind == "accept" and lens.entry(i).body["revision"] == lens.entry(r).id)
        and arrival(lens.before(i), accept, r) == UNPROVEN
    )


@once
def proofs(lens: Lens, accept: int, r: int) -> tuple[int, ...]:
    """The times at which somebody who may say so had the accept."""
    graph = lens.graph
    closed = moved_on(lens, accept, r)
    found = []
    for party in provers(lens, r):
        first: dict[bytes, int] = {}
        for i in range(len(graph.entries)):
            entry = graph.entries[i]
            if entry.party == party and lens.mask >> i & 1 and graph.past[i] >> accept & 1:
                first.setdefault(entry.device, i)
        found += [graph.entries[i].at for i in first.values() if not any(graph.past[i] >> c & 1 for c in closed)]
        for receipt in receipts.embedded(lens):
            if receipt.party == party:
                covered = graph.covered(receipt.heads) or 0
                if covered >> accept & 1 and not any(covered >> c & 1 for c in closed):
                    found.append(receipt.at)
    return tuple(found)


@once
def arrival(lens: Lens, accept: int, r: int) -> str:
    """Whether an accept of an offer with a time limit arrived in time."""
    limit = deadline(lens, r)
    if limit is None or lens.entry(accept).party == agreement.author(lens, r):
        return IN_TIME
    found = proofs(lens, accept, r)
    if not found:
        return UNPROVEN
    return IN_TIME if min(found) <= limit else LATE


@once
def counts(lens: Lens, accept: int, r: int, contested: bool) -> bool:
    """Whether an accept by another party signs the revision; with `contested`, if what R9 contests did."""
    return arrival(lens, accept, r) == IN_TIME or any(accept in offered for offered in _anew(lens, r, contested))


@once
def _anew(lens: Lens, r: int, contested: bool) -> tuple[frozenset[int], ...]:
    """A late accept is an offer in its own right, which every other signer accepts: each with those who did."""
    name = lens.entry(r).id
    some = lens.effective | (lens.contested if contested else 0)
    accepts = [i for i in bits(some & lens.graph.kind("accept")) if lens.entry(i).body["revision"] == name]
    found = []
    for late in accepts:
        if arrival(lens, late, r) == LATE:
            again = [i for i in accepts if lens.graph.past[i] >> late & 1]
            seats = agreement.seats_signed(lens, late, r).union(*(agreement.seats_signed(lens, i, r) for i in again))
            if seats >= frozenset(agreement.signers(lens, r)):
                found.append(frozenset((late, *again)))
    return tuple(found)
