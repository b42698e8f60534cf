"""How well each entry is attested: docs/protocol.md, "Timeline"."""

from . import agreement, members
from .graph import bits
from .lens import Lens
from .terms import PROPOSALS


def grades(lens: Lens) -> dict[bytes, str]:
    delivered = _delivered(lens)
    return {entry.id: _grade(lens, i, delivered) for i, entry in enumerate(lens.graph.entries)}


def _grade(lens: Lens, i: int, delivered: dict[bytes, int]) -> str:
    if lens.entry(i).kind in PROPOSALS and len(agreement.signers(lens, i)) > 1 and agreement.fully_signed(lens, i):
        return "agreed"
    answers = _answers(lens, i)
    for kind, grade in (("contest", "contested"), ("acknowledge", "acknowledged")):
        if kind in answers:
            return grade
    author = lens.entry(i).party
    return "delivered" if any(seen >> i & 1 for party, seen in delivered.items() if party != author) else "unilateral"


def _answers(lens: Lens, i: int) -> set[str]:
    """What other parties say of an entry: each in its newest words."""
    name = lens.entry(i).id
    by_party: dict[bytes, int] = {}
    for x in lens.acts("acknowledge", "contest"):
        answer = lens.entry(x)
        if answer.body["entry"] == name and answer.party != lens.entry(i).party:
            by_party[answer.party] = by_party.get(answer.party, 0) | 1 << x
    return {lens.entry(x).kind for answers in by_party.values() for x in lens.graph.newest(answers)}


def _delivered(lens: Lens) -> dict[bytes, int]:
    """What each member has in the past of its statements, or covers by the last receipt of a device."""
    graph = lens.graph
    found = dict.fromkeys(members.admitted(lens), 0)
    for i in bits(lens.mask):
        if graph.entries[i].party in found:
            found[graph.entries[i].party] |= graph.past[i]
    last = {}
    for receipt in sorted(graph.case.receipts, key=lambda r: (r.number, r.id)):
        last[receipt.device] = receipt
    for receipt in last.values():
        if receipt.party in found:
            found[receipt.party] |= graph.covered(receipt.heads) or 0
    return found
