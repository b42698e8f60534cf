"""The verdict, one line of JSON: docs/protocol.md, "Verdict"."""

import json
from dataclasses import dataclass
from typing import Any

from . import model, order, proofs, seal
from .automerge_change import Change
from .delivery import Bound, Delivery
from .exporter import Word
from .gate import Record
from .parties import Party
from .seal import Values
from .stamps import Stamp

SCHEMA = "counterpart/verdict/2"


def line(verdict: dict[str, Any]) -> str:
    """Canonical: json's escapes with ensure_ascii off are those of RFC 8785, but for DEL, which it leaves as well."""
    return json.dumps(verdict, ensure_ascii=False, sort_keys=True, separators=(",", ":")) + "\n"


def refused(what: str, member: str | None) -> dict[str, Any]:
    return {"member": member, "schema": SCHEMA, "verified": False, "what": what}


@dataclass(frozen=True)
class Found:
    """All that verifying a bundle brought to light."""

    record: Record
    changes: dict[bytes, Change]
    receipts: list[model.Receipt]
    values: Values
    attachments: set[bytes]
    stamps: list[Stamp]
    specification: bytes
    word: Word
    judgement: model.Judgement
    parties: dict[bytes, Party]
    delivery: Delivery


def verified(found: Found) -> dict[str, Any]:
    record, word = found.record, found.word
    lacking = seal.files(record.entries, found.values) - found.attachments
    log_forked = record.logs.disputed()
    party_of = order.party_of_feeds(record)
    return {
        "attachments": {"held": len(found.attachments), "lacking": sorted(hash_.hex() for hash_ in lacking)},
        "case": record.case.hex(),
        "document_heads": [hash_.hex() for hash_ in order.document_heads(record, found.changes)],
        "entries": [_entry(found, place) for place in order.agreed(record)],
        "exported_at": word.exported_at,
        "exporter": {"device": word.device.hex(), "party": word.party.hex()},
        "forks": [
            {
                "branches": [record.entries[place].id.hex() for place in taken],
                "device": device.hex(),
                "party": party_of[device].hex(),
                "position": seq,
            }
            for (device, seq), taken in order.forked(record)
        ],
        "heads": [id_.hex() for id_ in order.heads(record)],
        "parties": [
            {
                "entries": party.entries,
                "log_forked": party.id in log_forked,
                "not_received": found.delivery.not_received(party.id),
                "party": party.id.hex(),
                "receipts": party.receipts,
                "seats": [{"label": seat.label, "role": seat.role, "seat": seat.name} for seat in party.seats],
            }
            for party in found.parties.values()
        ],
        "proofs": [
            {"about": [id_.hex() for id_ in proof.about], "party": proof.party.hex(), "shape": proof.shape}
            for proof in proofs.find(record, found.receipts)
        ],
        "receipts": len(found.receipts),
        "schema": SCHEMA,
        "specification": found.specification.hex(),
        "stamps": [
            # Nobody gave this verifier roots, so it believes no service.
            {
                "at": None,
                "heads": [id_.hex() for id_ in stamp.heads],
                "sha256": stamp.id.hex(),
                "status": "unchecked",
                "tsa": None,
            }
            for stamp in found.stamps
        ],
        "states": found.judgement.states,
        "title": record.entries[0].body["title"],
        "verified": True,
    }


def _entry(found: Found, place: int) -> dict[str, Any]:
    record, delivery = found.record, found.delivery
    entry = record.entries[place]
    return {
        "at": entry.at,
        "device": entry.device.hex(),
        "effect": found.judgement.effect[entry.id],
        "grade": found.judgement.grade[entry.id],
        "id": entry.id.hex(),
        "kind": entry.kind,
        "lacking": seal.lacking(entry, found.values),
        "not_after": _bound(delivery.not_after.get(place)),
        "not_before": _bound(delivery.not_before.get(place)),
        "number": record.number(place),
        "party": entry.party.hex(),
        "received_by": [{"at": at, "party": party.hex()} for party, at in delivery.received_by.get(place, [])],
    }


def _bound(bound: Bound | None) -> dict[str, Any] | None:
    if bound is None:
        return None
    return {"at": bound.at, "by": bound.by, "id": bound.id.hex(), "party": bound.party.hex()}
