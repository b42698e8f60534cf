"""Statements that leave out what an earlier receipt of their own feed covers: R11."""

from typing import TYPE_CHECKING

from .graph import bits
from .terms import seat

if TYPE_CHECKING:
    from .lens import Lens

LETS_IN = frozenset(("open", "invite", "admit", "join", "seat"))


def omits(lens: "Lens", i: int, prove: int) -> bool:
    """Whether a statement leaves out what the embedded receipt of its own feed covers."""
    receipt, entry, index = lens.court.receipts.get(prove), lens.entry(i), lens.graph.index
    if receipt is None or receipt.device != entry.device or entry.seq <= receipt.last_seq:
        return False
    return any(not lens.graph.know(i) >> index[head] & 1 for head in receipt.heads if head in index)


def without_bad_faith(lens: "Lens") -> int:
    """The acts with effect of which no embedded receipt proves bad faith."""
    if "good" in lens.found:
        return int(lens.found["good"])
    good = lens.mask & lens.court.effective
    lens.found["good"] = good
    proofs = list(bits(good & lens.court.with_receipt))
    bad = 0
    for prove in proofs:
        receipt = lens.court.receipts[prove]
        for i in bits(good & lens.graph.devices.get(receipt.device, 0)):
            if lens.entry(i).kind not in LETS_IN and omits(lens, i, prove) and _may_say_so(lens, prove, i):
                bad |= 1 << i
    lens.found["good"] = good & ~bad
    return good & ~bad


def _may_say_so(lens: "Lens", prove: int, i: int) -> bool:
    """Another party; for what takes part in an agreement, another of its signers."""
    from . import members
    from .disputes import spoken_of

    if lens.entry(prove).party == lens.entry(i).party:
        return False
    r = spoken_of(lens, i)
    if r is None:
        return True
    held = members.seats_of(lens.before(prove), lens.entry(prove).party)
    return bool(held & {seat(place) for place in lens.entry(r).body["signers"]})
