"""The format level that a past is kept at: docs/protocol.md, "Levels" and step 9 of "Gate"."""

from . import acts, model
from .refusal import demand
from .rules import Court, agreement
from .rules.terms import PROPOSALS


def proposes_raise(entry: model.Entry) -> bool:
    """Whether an entry is a proposal to raise the level."""
    return entry.kind in PROPOSALS and any(subject["is"] == "level" for subject in entry.body["subjects"])


def check_known(past: model.Case) -> None:
    """Raises Malformed where some raise is fully signed there: no level but the first is known."""
    if not any(proposes_raise(entry) for entry in past.entries):
        return
    court = Court(past)
    lens = court.lens(court.graph.all)
    for r in lens.acts(*PROPOSALS):
        if agreement.fully_signed(lens, r):
            for subject in past.entries[r].body["subjects"]:
                demand(subject["is"] != "level" or subject["level"] <= acts.LEVEL, "kept at a level that is not known")
