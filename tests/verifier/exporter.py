"""The exporter's signed word: docs/protocol.md, "The exporter's word", and step 14 of "Verifying"."""

from dataclasses import dataclass

from . import cbor, envelope, model
from .keylog import KeyLogs
from .refusal import demand
from .shapes import Check, number, octets, row

LARGEST_PAYLOAD = 1_024
LIMITS = cbor.Limits(LARGEST_PAYLOAD, 64, 2, 0)
DOMAIN = "counterpart/manifest/1"

_id = octets(32)
_FIELDS: dict[int, Check] = {
    1: number(1, 1),
    2: _id,
    3: _id,
    4: _id,
    5: _id,
    6: row(_id, number(0, 2**32 - 1), _id),
    7: number(1, 999_999),
    8: _id,
    9: number(0, 2**53 - 1),
}


@dataclass(frozen=True)
class Word:
    """Who exported the bundle, when, and over which list of members."""

    party: bytes
    device: bytes
    manifest: bytes
    exported_at: int


def check(data: bytes, case: bytes, entries: list[model.Entry], logs: KeyLogs) -> Word:
    """The word, if it holds; raises Malformed."""
    payload, signature = envelope.open_envelope(data, LARGEST_PAYLOAD)
    fields = cbor.decode(payload, LIMITS)
    demand(type(fields) is dict and fields.keys() == _FIELDS.keys(), "no exporter's word")
    for key, check_field in _FIELDS.items():
        check_field(fields[key])
    word = Word(party=fields[3], device=fields[4], manifest=fields[8], exported_at=fields[9])
    envelope.verify(word.device, DOMAIN, payload, signature)
    demand(fields[2] == case, "of another case")
    demand(any(_lets_in(entry, word.party) for entry in entries), "the exporter is in no seat")
    party, position, event = fields[6]
    demand(party == word.party and logs.holds((party, position, event)), "cites what is not here")
    standing = logs.standing(event)
    demand(standing.has(fields[5]), "the grant does not stand")
    grant = standing.grants[fields[5]].body
    demand(grant["device"] == word.device and grant["receive"], "the grant is of another device, or may not receive")
    demand(fields[7] == len(entries), "another number of entries")
    return word


def _lets_in(entry: model.Entry, party: bytes) -> bool:
    return (entry.kind == "open" and entry.party == party) or (entry.kind == "admit" and entry.body["party"] == party)
