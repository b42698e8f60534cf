"""Whether an act takes effect. It depends on the act's past alone."""

from . import agents, deeds, members, offers, people
from .lens import Lens

EFFECTIVE, WITHOUT, NOT_JUDGED = "effective", "without_effect", "not_judged"


def judge(lens: Lens, i: int) -> str:
    """Judges an act; `lens` is what its author knew."""
    entry = lens.entry(i)
    if entry.kind == "open":
        return EFFECTIVE
    if not agents.listed(lens, i) or not _may_act(lens, i):
        return WITHOUT
    if not RULES[entry.kind](lens, i):
        return WITHOUT
    return NOT_JUDGED if entry.kind == "prove" and entry.body["what"] == "time-stamp" else EFFECTIVE


def _may_act(lens: Lens, i: int) -> bool:
    """Whether the author is in, and its role allows this kind of act."""
    entry = lens.entry(i)
    if entry.party not in members.admitted(lens):
        return False
    if entry.kind != "join" and entry.party not in members.joined(lens):
        return False
    return members.may(lens, entry.party, entry.kind)


def always(_lens: Lens, _i: int) -> bool:
    return True


RULES = {
    "invite": people.invite,
    "uninvite": people.uninvite,
    "admit": people.admit,
    "join": people.join,
    "seat": people.seat_act,
    "leave": always,
    "link": always,
    "seen": always,
    "propose": offers.propose,
    "counter": offers.counter,
    "accept": offers.accept,
    "decline": offers.decline,
    "withdraw": offers.withdraw,
    "confirm": offers.confirm,
    "progress": deeds.progress,
    "declare": deeds.declare,
    "undeclare": deeds.undeclare,
    "approve": deeds.approve,
    "reject": deeds.reject,
    "stop": deeds.stop,
    "release": deeds.release_act,
    "allow": deeds.allow,
    "refuse": deeds.refuse,
    "cancel": deeds.cancel,
    "choose": deeds.choose,
    "item": always,
    "acknowledge": people.on_entry,
    "contest": people.on_entry,
    "contact": always,
    "note": people.about,
    "attach": people.about,
    "missed": deeds.missed,
    "remind": people.about,
    "thank": people.about,
    "erase": people.erase,
    "erased": people.erase,
    "card": people.card,
    "handover": people.handover,
    "mandate": people.mandate,
    "cut": people.cut,
    "ratify": people.ratify,
    "dispute": deeds.dispute,
    "concede": deeds.concede,
    "settle": deeds.settle,
    "decide": deeds.decide,
    "prove": people.prove,
}
