"""What agents may do, and what an act by a revoked key is worth: R9."""

from collections.abc import Iterator

from ..model import KeyEvent
from . import disputes, members
from .graph import bits
from .lens import Lens, once
from .terms import PARTAKING, millionths, seat

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


def _ceilings(lens: Lens, i: int) -> Iterator[list]:
    grant = lens.keys.grant(lens.entry(i).grant)
    if grant is not None and "ceilings" in grant.body:
        yield grant.body["ceilings"]
    for mandate in _mandates(lens, i):
        if "ceilings" in mandate:
            yield mandate["ceilings"]


def _mandates(lens: Lens, i: int) -> Iterator[dict]:
    """The newest mandates for a device that its act knows, where they are open."""
    mandates = 0
    for m in lens.acts("mandate"):
        if lens.entry(m).body["grant"] == lens.entry(i).grant:
            mandates |= 1 << m
    for m in lens.graph.newest(mandates):
        if lens.entry(m).body["open"]:
            yield lens.entry(m).body


# Keys whose revocation an act did not know.


@once
def standing(lens: Lens) -> tuple[int, int]:
    """What counts of the acts with effect, and what is contested: only acts that take part in an agreement can be."""
    counting, contested = lens.good, 0
    for revoke in lens.keys.revokes.values():
        if not lens.keys.knowing(revoke.id, lens.mask):
            continue
        grant = lens.keys.grant(revoke.body["grant"])
        if grant is None:
            continue
        for i in bits(lens.good & lens.graph.devices.get(grant.body["device"], 0)):
            if lens.entry(i).kind not in PARTAKING or lens.entry(i).grant != grant.id:
                continue
            worth = _against(lens, i, revoke)
            if worth != COUNTS:
                counting &= ~(1 << i)
            if worth == CONTESTED:
                contested |= 1 << i
    return counting, contested & ~counting


def _against(lens: Lens, i: int, revoke: KeyEvent) -> str:
    graph, entry = lens.graph, lens.entry(i)
    citing = lens.keys.citing[revoke.id]
    cuts = [c for c in _good(lens, "cut") if lens.entry(c).body["revoke"] == revoke.id]
    for c in cuts:
        for device, _, tip in lens.entry(c).body["tips"]:
            if device == entry.device and tip in graph.index and graph.know(graph.index[tip]) >> i & 1:
                return COUNTS
    if any(entry.id in lens.entry(a).body["entries"] for a in _good(lens, "ratify")):
        return COUNTS
    for own in bits(lens.mask & graph.party(entry.party) & ~graph.devices[entry.device]):
        if graph.past[own] >> i & 1 and not graph.know(own) & citing:
            return COUNTS
    others = _others(lens, i)
    for c in cuts:
        name = lens.entry(c).id
        by = {lens.entry(a).party for a in _good(lens, "allow") if lens.entry(a).body["request"] == name}
        if others and others <= by:
            return VOID
    # Who signed over the act without knowing of the revocation, and who over the revocation before the act.
    relied, warned = set(), set()
    for party in others:
        for own in bits(lens.mask & graph.party(party)):
            knows_act, knows_revocation = graph.past[own] >> i & 1, graph.know(own) & citing
            if knows_act and not knows_revocation:
                relied.add(party)
            elif knows_revocation and not knows_act:
                warned.add(party)
    if relied:
        return COUNTS
    if revoke.body["reason"] == "ended" and not others <= warned:
        return COUNTS
    return CONTESTED


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
