"""What signed acts mean: docs/rules.md, computed anew from the entries of a bundle.

`judge` is the way in. Each rule has its place: members (who is in), offers and agreement (R1, R3, R5), force (R2, R7),
release (R4), times (R6), performance (R8), agents (R9), faith (R11), disputes (R12), states.
"""

from typing import Any

from ..model import Case, Judgement
from . import effects, grades, members, receipts, states
from .force import Position
from .graph import Graph, Keys
from .lens import Lens
from .terms import Key, PROPOSALS, Subject, subjects


class Court:
    """Judges one case: each act by its past, in the agreed order."""

    def __init__(self, case: Case) -> None:
        self.graph = Graph(case)
        self.keys = Keys(self.graph)
        self.effective = 0
        self.outcome: list[str] = []
        self.with_receipt = 0
        self.receipts = {}
        self.replaced: dict[tuple[Position, Key], frozenset[Position]] = {}
        self._lenses: dict[int, Lens] = {}
        self._subjects: dict[int, list[Subject]] = {}
        for i, entry in enumerate(case.entries):
            if entry.kind == "prove" and entry.body["what"] == "receipt":
                receipt = receipts.read(entry.body["data"], case.id)
                if receipt is not None:
                    self.receipts[i] = receipt
                    self.with_receipt |= 1 << i
        for i in range(len(case.entries)):
            outcome = effects.judge(self.lens(self.graph.past[i]), i)
            self.outcome.append(outcome)
            if outcome == effects.EFFECTIVE:
                self.effective |= 1 << i

    def lens(self, mask: int) -> Lens:
        if mask not in self._lenses:
            self._lenses[mask] = Lens(self, mask)
        return self._lenses[mask]

    def subjects(self, r: int) -> list[Subject]:
        if r not in self._subjects:
            entry = self.graph.entries[r]
            self._subjects[r] = subjects(entry.id, entry.body) if entry.kind in PROPOSALS else []
        return self._subjects[r]


def judge(case: Case) -> Judgement:
    """Effects, grades, states of actions, and who holds which seat."""
    court = Court(case)
    lens = court.lens(court.graph.all)
    effect = {entry.id: court.outcome[i] for i, entry in enumerate(case.entries)}
    found = []
    for action in states.actions(lens):
        key = ("action", action)
        what, name = states.state(lens, key), f"{action[0].hex()}/{action[1]}"
        found.append({"action": name, "state": what, "overlays": states.overlays(lens, key, what)})
    return Judgement(effect, grades.grades(lens), found, _roles(lens))


def _roles(lens: Lens) -> dict[bytes, list[Any]]:
    found: dict[bytes, list[Any]] = {}
    for place in members.in_order(set(members.bindings(lens))):
        for party in members.holders(lens, place):
            found.setdefault(party, []).append((place, members.role(lens, place), members.label(lens, place)))
    return found
