"""Whether what offers, signs or refuses terms takes effect: R1, R3, R6."""

from . import agents, agreement, force, members
from .lens import Lens
from .terms import PROPOSALS, Seat, Subject, seat


def propose(lens: Lens, i: int) -> bool:
    """R1: terms that can be, with base and signers as the past gives them."""
    entry, subjects = lens.entry(i), lens.subjects(i)
    body = entry.body
    if len({s.key for s in subjects}) < len(subjects):
        return False
    if any(s.of_all and s.body["is"] != "item" for s in subjects) and (
        "open_until" in body or body["mode"] == "confirm"
    ):
        return False
    if "open_until" in body and "instant" not in body["open_until"]:
        return False
    if "alleged" in body and not _is(lens, body["alleged"], "contact"):
        return False
    if not all(_subject(lens, i, s) for s in subjects):
        return False
    stated = [seat(place) for place in body["signers"]]
    if stated != wanted_signers(lens, subjects):
        return False
    if not members.seats_of(lens, entry.party) & frozenset(stated):
        return False
    # In mode confirm the confirm is what signs.
    return body["mode"] == "confirm" or agents.within_limits(lens, i, i)


def _subject(lens: Lens, i: int, s: Subject) -> bool:
    """Whether a subject speaks of what there is, with the base that its past gives."""
    body = s.body
    own = lens.entry(i).party == members.opener(lens)
    if body["is"] in ("action", "terms", "close") and not s.begins:
        began = lens.proposal(s.key[1][0])
        if began is None or not any(x.key == s.key and x.begins for x in lens.subjects(began)):
            return False
    named: list[Seat] = [*s.performers, *s.beneficiaries, *s.cancelling]
    if body["is"] == "terms":
        named += [seat(place) for place in body["seats"]]
    for place in named:
        if members.role(lens, place) is None:
            return False
        if not own and not members.holders(lens, place):
            return False
    if body["is"] == "action" and not all(_item(lens, name) for name in body.get("items", [])):
        return False
    if body["is"] == "admit" and "seat" in body and members.role(lens, body["seat"]) is None:
        return False
    if body["is"] == "level" and body["level"] != 2:
        return False
    return base_fits(lens, s)


def _item(lens: Lens, name: bytes) -> bool:
    """A version of an item: one that was stated, or a revision that would agree it; it need not have had effect."""
    i = lens.known(name)
    return i is not None and (lens.entry(i).kind == "item" or any(s.body["is"] == "item" for s in lens.subjects(i)))


def _is(lens: Lens, name: bytes, kind: str) -> bool:
    i = lens.ref(name)
    return i is not None and lens.entry(i).kind == kind


def base_fits(lens: Lens, s: Subject) -> bool:
    """Whether the stated base is the revision in force, or what stays in a crossing."""
    here = force.in_force(lens, s.key).position
    base = force.base(lens, s)
    if s.base is None or here is None or base is None:
        return s.base is None and here is None
    return here.end == base.end and force.one(lens, base.r, here.r)


def wanted_signers(lens: Lens, subjects: list[Subject]) -> list[Seat]:
    """Who must sign these subjects."""
    found: set[Seat] = set()
    for s in subjects:
        if s.body["is"] == "action":
            found |= {*s.performers, *s.beneficiaries}
        elif s.body["is"] == "terms":
            found |= {seat(place) for place in s.body["seats"]}
        else:
            found |= members.everybody(lens)
        base = force.base(lens, s)
        if base is not None:
            found |= set(agreement.signers(lens, base.r))
    return members.in_order(found)


def counter(lens: Lens, i: int) -> bool:
    """A counter answers one open revision that its author was to sign."""
    answered = lens.proposal(lens.entry(i).body["of"])
    if answered is None or not _concerns(lens, i, answered) or agreement.fully_signed(lens, answered):
        return False
    if not lens.touches(i) & lens.touches(answered):
        return False
    return propose(lens, i)


def _concerns(lens: Lens, i: int, r: int) -> bool:
    return bool(agreement.seats_signed(lens, i, r)) or lens.entry(i).party == agreement.author(lens, r)


def accept(lens: Lens, i: int) -> bool:
    r = lens.proposal(lens.entry(i).body["revision"])
    if r is None or not agreement.seats_signed(lens, i, r):
        return False
    # Whoever kept the last word confirms.
    if agreement.confirms(lens, r) and lens.entry(i).party == agreement.author(lens, r):
        return False
    return may_sign(lens, i, r)


def may_sign(lens: Lens, i: int, r: int) -> bool:
    """R3: only what the signer knew can stand against a signature."""
    if not agreement.fully_signed(lens, r) and agreement.closed(lens, r):
        return False
    return force.has_room(lens, r) and agents.within_limits(lens, i, r)


def decline(lens: Lens, i: int) -> bool:
    r = lens.proposal(lens.entry(i).body["revision"])
    return (
        r is not None
        and bool(agreement.seats_signed(lens, i, r))
        and not agreement.fully_signed(lens, r)
    )


def withdraw(lens: Lens, i: int) -> bool:
    """Takes an own revision back, or an own request for release."""
    of = lens.ref(lens.entry(i).body["of"])
    if of is None or lens.entry(of).party != lens.entry(i).party:
        return False
    if lens.entry(of).kind in PROPOSALS:
        return not agreement.fully_signed(lens, of)
    return lens.entry(of).kind in ("release", "withdraw", "decline", "contest", "reject", "undeclare")


def confirm(lens: Lens, i: int) -> bool:
    r = lens.proposal(lens.entry(i).body["revision"])
    if r is None or lens.entry(i).party != agreement.author(lens, r) or not agreement.confirms(lens, r):
        return False
    by = agreement.signed(lens, r)
    own = agreement.seats_signed(lens, i, r)
    return all(place in own or by.get(place) for place in agreement.signers(lens, r)) and may_sign(lens, i, r)
