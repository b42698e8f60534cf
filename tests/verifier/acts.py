"""Level 1: kinds and bodies exactly as the CDDL of docs/protocol.md, "Acts, level 1", has them.

Names and order are those of the CDDL, so that both can be read side by side.
"""

from collections.abc import Iterator
from typing import Any

from .refusal import demand
from .shapes import Check, array, either, fields, number, octets, row, text, word, yes_no

LEVEL = 1
SUITE = "ed25519-sha256"
LARGEST = 2**53 - 1

whole = number(-LARGEST, LARGEST)
natural = number(0, LARGEST)
instant = number(-LARGEST, LARGEST)
index = number(0, 1023)
level_number = number(1, 1023)
id_ = octets(32)  # case-id, entry-id, party-id, event-id, public-key, sha256
action_id = row(id_, index)
seat = either(index, row(id_, index))
role = word("customer", "supplier", "third", "observer", "arbiter")
plain = text(0, 16_384)
sealed = row(word("sealed"), octets(32))
sealable = either(plain, sealed)
title = text(1, 200)
key = text(1, 64)
zone = text(1, 64)
media = text(1, 128)
not_minus_zero = r"(?!-[0.]*\Z)"
decimal = text(1, 32, not_minus_zero + r"-?(0|[1-9][0-9]{0,14})([.][0-9]{1,6})?")
amount = text(1, 32, not_minus_zero + r"-?(0|[1-9][0-9]{0,14})([.][0-9]{1,4})?")
currency = text(3, 3, "[A-Z]{3}")
money = row(amount, currency)
DATE = "[0-9]{4}-(0[1-9]|1[0-2])-(0[1-9]|[12][0-9]|3[01])"
date = text(10, 10, DATE)
local = text(16, 16, DATE + "T([01][0-9]|2[0-3]):[0-5][0-9]")
unit = word("minutes", "hours", "days", "working-days")
count = number(1, 9999)
due = either(
    fields(instant=instant, local=local, zone=zone),
    fields(after=word("agreed"), count=count, unit=unit, zone=zone),
)
party_ref = fields(seat=seat, opt_person=sealable)
path = array(either(plain, index), 1, 16)


def value(item: Any) -> None:
    """A typed value: a list whose first element names the type."""
    demand(type(item) is list and len(item) > 0 and type(item[0]) is str, "no typed value")
    kind, parts = item[0], item[1:]
    if kind == "list":
        demand(len(parts) <= 64, "a list of more than 64 values")
        for part in parts:
            value(part)
    elif kind == "record":
        demand(len(parts) % 2 == 0 and len(parts) <= 128, "no record of at most 64 fields")
        for name, part in zip(parts[::2], parts[1::2]):
            key(name)
            value(part)
    else:
        demand(kind in _VALUES, "a type of value that is not known")
        _VALUES[kind](parts)


_VALUES: dict[str, Check] = {
    "text": row(sealable),
    "integer": row(whole),
    "decimal": row(decimal, text(1, 32), optional=1),
    "money": row(amount, currency),
    "date": row(date),
    "time": row(instant, local, zone),
    "duration": row(natural),
    "yes-no": row(yes_no),
    "choice": row(plain),
    "address": row(sealable),
    "phone": row(sealable),
    "e-mail": row(sealable),
    "link": row(sealable),
    "file": row(id_, natural, sealable, media, optional=1),
    "sealed": row(octets(32)),
}

cancel_clause = fields(by=seat, text=sealable, opt_until=due)
action_subject = fields(
    is_=word("action"),
    opt_action=action_id,
    opt_base=id_,
    what=sealable,
    performers=array(party_ref, 1, 16),
    beneficiaries=array(party_ref, 1, 16),
    opt_due=due,
    opt_value=money,
    opt_conditions=array(sealable, 0, 64),
    opt_evidence=array(sealable, 0, 64),
    opt_consequences=array(sealable, 0, 64),
    opt_cancel=array(cancel_clause, 0, 64),
    opt_deemed=fields(count=count, unit=unit),
    opt_items=array(id_, 0, 64),
)
item_subject = fields(is_=word("item"), key=key, value=value, opt_base=id_)
terms_subject = fields(
    is_=word("terms"), opt_terms=action_id, title=title, text=sealable, seats=array(seat, 1, 32), opt_base=id_
)
admit_subject = either(
    fields(is_=word("admit"), seat=index, opt_base=id_),
    fields(is_=word("admit"), role=role, label=sealable, opt_party=id_, opt_base=id_),
)
close_subject = fields(is_=word("close"), opt_close=action_id, opt_summary=sealable, opt_base=id_)
level_subject = fields(is_=word("level"), level=level_number, opt_base=id_)
_SUBJECTS = {
    "action": action_subject,
    "item": item_subject,
    "terms": terms_subject,
    "admit": admit_subject,
    "close": close_subject,
    "level": level_subject,
}


def subject(item: Any) -> None:
    """One matter of a proposal."""
    demand(type(item) is dict and type(item.get("is")) is str and item["is"] in _SUBJECTS, "no subject")
    _SUBJECTS[item["is"]](item)


_proposal = {
    "subjects": array(subject, 1, 32),
    "signers": array(seat, 1, 32),
    "mode": word("firm", "confirm"),
    "opt_open_until": due,
    "opt_alleged": id_,
    "opt_note": sealable,
}

ACTS: dict[str, Check] = {
    "open": fields(
        title=title,
        seats=array(fields(role=role, label=sealable), 1, 32),
        suite=word(SUITE),
        level=level_number,
        zone=zone,
        opt_roots=array(id_, 0, 16),
        nonce=octets(16),
        opt_about=sealable,
    ),
    "invite": fields(key=id_, seat=seat, expires=instant, opt_label=sealable),
    "uninvite": fields(invite=id_, opt_reason=sealable),
    "admit": fields(party=id_, seat=seat, invite=id_, request=octets(1, 4096), opt_revision=id_),
    "join": fields(admit=id_),
    "seat": fields(seat=seat, admit=id_),
    "leave": fields(opt_reason=sealable),
    "link": fields(case=id_, relation=key, opt_note=sealable),
    "seen": fields(),
    "propose": fields(**_proposal),
    "counter": fields(of=id_, **_proposal),
    "accept": fields(revision=id_, opt_note=sealable),
    "decline": fields(revision=id_, opt_reason=sealable),
    "withdraw": fields(of=id_, opt_reason=sealable),
    "confirm": fields(revision=id_),
    "progress": fields(revision=id_, subject=index, text=sealable),
    "declare": fields(revision=id_, subject=index, opt_note=sealable, opt_evidence=array(id_, 0, 32)),
    "undeclare": fields(declare=id_, opt_reason=sealable),
    "approve": fields(declare=id_, opt_note=sealable),
    "reject": fields(declare=id_, opt_unmet=array(index, 0, 64), reason=sealable),
    "stop": fields(revision=id_, subject=index, reason=sealable),
    "release": fields(of=id_, opt_reason=sealable),
    "allow": fields(request=id_, opt_note=sealable),
    "refuse": fields(request=id_, opt_reason=sealable),
    "cancel": fields(revision=id_, subject=index, clause=index, opt_reason=sealable),
    "choose": fields(pick=id_, opt_reason=sealable),
    "item": fields(key=key, value=value, opt_label=sealable, opt_note=sealable),
    "acknowledge": fields(entry=id_, opt_note=sealable),
    "contest": fields(entry=id_, reason=sealable),
    "contact": fields(
        channel=word("telephone", "mail", "e-mail", "visit", "chat", "other"),
        direction=word("out", "in"),
        started=instant,
        opt_seconds=natural,
        opt_waited=natural,
        opt_seat=seat,
        opt_person=sealable,
        opt_number=sealable,
        opt_reference=sealable,
        summary=sealable,
        opt_menu=array(sealable, 0, 64),
    ),
    "note": fields(text=sealable, opt_about=id_),
    "attach": fields(sha256=id_, size=natural, name=sealable, opt_media=media, opt_about=id_),
    "missed": fields(revision=id_, subject=index, due=instant, opt_note=sealable),
    "remind": fields(text=sealable, opt_about=id_, opt_seat=seat),
    "thank": fields(text=sealable, opt_seat=seat, opt_person=sealable, opt_about=id_),
    "erase": fields(entry=id_, path=path, opt_reason=sealable),
    "erased": fields(entry=id_, path=path, opt_reason=sealable),
    "card": fields(
        name=sealable,
        opt_function=sealable,
        opt_phone=sealable,
        opt_email=sealable,
        opt_hours=sealable,
        opt_device=id_,
    ),
    "handover": fields(opt_from_=id_, to=id_, opt_person=sealable, summary=sealable),
    "mandate": fields(
        grant=id_,
        opt_kinds=array(key, 0, 64),
        opt_ceilings=array(money, 0, 64),
        opt_from_=instant,
        opt_until=instant,
        open=yes_no,
    ),
    "cut": fields(revoke=id_, tips=array(row(id_, natural, id_), 0, 32)),
    "ratify": fields(entries=array(id_, 1, 64)),
    "dispute": fields(about=id_, opt_subject=index, reason=sealable),
    "concede": fields(dispute=id_, opt_note=sealable),
    "settle": fields(dispute=id_, opt_revision=id_, opt_note=sealable),
    "decide": fields(dispute=id_, decision=sealable, opt_outcome=word("completed", "cancelled", "agreed")),
    "prove": fields(what=word("receipt", "time-stamp", "envelope"), data=octets(1, 30_000), opt_about=id_),
}


def check_act(kind: str, body: Any) -> None:
    """Raises Malformed unless this is an act of level 1."""
    demand(kind in ACTS, "a kind that level 1 does not have")
    ACTS[kind](body)


def sealed_places(body: Any) -> Iterator[tuple[tuple[str | int, ...], bytes]]:
    """Paths of the sealed values of a checked body, in the order in which they stand, with their commitments.

    A list of the word "sealed" and 32 bytes stands nowhere in an act but in place of a value.
    """
    if is_sealed(body):
        yield (), body[1]
    elif type(body) is dict:
        for name, item in body.items():
            for rest, commitment in sealed_places(item):
                yield (name, *rest), commitment
    elif type(body) is list:
        for place, item in enumerate(body):
            for rest, commitment in sealed_places(item):
                yield (place, *rest), commitment


def is_sealed(item: Any) -> bool:
    """Whether this is a commitment in place of a value."""
    return type(item) is list and len(item) == 2 and item[0] == "sealed" and type(item[1]) is bytes


def with_value(body: Any, at: tuple[str | int, ...], opened: Any) -> Any:
    """The body with a value laid open in its place."""
    if not at:
        return opened
    step, rest = at[0], at[1:]
    if type(body) is dict:
        return {name: with_value(item, rest, opened) if name == step else item for name, item in body.items()}
    return [with_value(item, rest, opened) if place == step else item for place, item in enumerate(body)]
