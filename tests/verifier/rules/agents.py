"""What agents may do, and what an act by a revoked key is worth: R9."""

from collections.abc import Iterator
from typing import Any

from . import disputes, identity, members
from .graph import bits
from .identity import Doubt
from .lens import Lens, once
from .terms import millionths, seat

COUNTS, CONTESTED, VOID = "counts", "contested", "void"


def listed(lens: Lens, i: int) -> bool:
    """Whether the grant of the device, and the open mandates for it, list this kind of act."""
    grant, kind = lens.keys.grant(lens.entry(i).grant), lens.entry(i).kind
    if grant is None or not (grant.body["kinds"] == "all" or kind in grant.body["kinds"]):
        return False
    return all(kind in mandate["kinds"] for mandate in _mandates(lens, i) if "kinds" in mandate)


# Limits on money.


def within_limits(lens: Lens, i: int, r: int) -> bool:
    """Whether the values at stake in a revision are within the open ceilings of the device that acts."""
    stakes: dict[str, int] = {}
    for subject in lens.subjects(r):
        if subject.body["is"] == "action" and "value" in subject.body:
            amount, currency = subject.body["value"]
            stakes[currency] = stakes.get(currency, 0) + millionths(amount)
    for ceilings in _ceilings(lens, i):
        most = {currency: millionths(amount) for amount, currency in ceilings}
        if any(currency not in most or stake > most[currency] for currency, stake in stakes.items()):
            return False
    return True


def _ceilings(lens: Lens, i: int) -> Iterator[list[tuple[Any, str]]]:
    grant = lens.keys.grant(lens.entry(i).grant)
    if grant is not None and "ceilings" in grant.body:
        yield grant.body["ceilings"]
    for mandate in _mandates(lens, i):
        if "ceilings" in mandate:
            yield mandate["ceilings"]


def _mandates(lens: Lens, i: int) -> Iterator[dict[str, Any]]:
    """The newest mandates for a device that its act knows, where they are open."""
    mandates = 0
    for m in lens.acts("mandate"):
        if lens.entry(m).body["grant"] == lens.entry(i).grant:
            mandates |= 1 << m
    for m in lens.graph.newest(mandates):
        if lens.entry(m).body["open"]:
            yield lens.entry(m).body


# Keys that were doubtful when they signed.


@once
def standing(lens: Lens) -> tuple[int, int]:
    """What counts of the acts with effect, and what is contested: only acts that take part in an agreement can be."""
    void, contested = 0, 0
    for doubt in identity.doubts(lens):
        for i in bits(lens.good & lens.graph.party(doubt.party) & lens.graph.kind(*doubt.kinds)):
            if lens.entry(i).grant in doubt.grants:
                worth = _worth(lens, i, doubt)
                void |= (worth == VOID) << i
                contested |= (worth == CONTESTED) << i
    return lens.good & ~void & ~contested, contested & ~void


def _worth(lens: Lens, i: int, doubt: Doubt) -> str:
    """What an act is worth under a grant that is in doubt."""
    graph, entry = lens.graph, lens.entry(i)
    cuts = [c for c in _good(lens, "cut") if lens.entry(c).body["revoke"] == doubt.revoke]
    for c in cuts:
        for device, _, tip in lens.entry(c).body["tips"]:
            if device == entry.device and tip in graph.index and graph.know(graph.index[tip]) >> i & 1:
                return COUNTS
    if _ratified(lens, i, doubt):
        return COUNTS
    if doubt.lasting:
        for own in bits(lens.mask & graph.party(entry.party) & ~graph.devices[entry.device]):
            if graph.past[own] >> i & 1 and not doubt.known(graph.know(own)):
                return COUNTS
    outcome = disputes.outcome(lens, i)
    if outcome is not None:
        return VOID if outcome == "cancelled" else COUNTS
    others = _others(lens, i)
    for c in cuts:
        name = lens.entry(c).id
        by = {lens.entry(a).party for a in _good(lens, "allow") if lens.entry(a).body["request"] == name}
        if others and others <= by:
            return VOID
    # Who signed over the act without knowing of the doubt, and who over the doubt before the act.
    relied, warned = set(), set()
    for party in others:
        for own in bits(lens.mask & graph.party(party)):
            knows_act, knows_doubt = graph.past[own] >> i & 1, doubt.known(graph.know(own))
            if knows_act and not knows_doubt:
                relied.add(party)
            elif knows_doubt and not knows_act:
                warned.add(party)
    if relied or doubt.reason == identity.ENDED and not others <= warned:
        return COUNTS
    return CONTESTED


def _ratified(lens: Lens, i: int, doubt: Doubt) -> bool:
    """Whether the party stands by an act, knowing of the doubt, under a grant that no rotation took back."""
    return any(
        lens.entry(i).id in lens.entry(a).body["entries"]
        and doubt.known(lens.graph.know(a))
        and lens.entry(a).grant not in identity.taken_back(lens)
        for a in _good(lens, "ratify")
    )


def _good(lens: Lens, kind: str) -> Iterator[int]:
    return bits(lens.good & lens.graph.kind(kind))


def _others(lens: Lens, i: int) -> frozenset[bytes]:
    """The other signers of the revision that an act is about."""
    r = disputes.spoken_of(lens, i)
    if r is None:
        return frozenset()
    places = {seat(place) for place in lens.entry(r).body["signers"]}
    found = {party for place in places for party in members.holders(lens, place)}
    return frozenset(found - {lens.entry(i).party})
