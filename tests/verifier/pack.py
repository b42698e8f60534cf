"""Packs a forged case as a bundle, and packs members anew after something in them was changed."""

import hashlib
from collections.abc import Callable, Iterable

from . import archive, bag, bundle, cbor, model, order
from .archive import Member
from .delivery import Delivery
from .exporter import DOMAIN
from .forge import Case, Device
from .parties import listed
from .timeline import Timeline

Members = dict[str, bytes]
Judge = Callable[[model.Case], model.Judgement]
EXPORTED_AT = 1_795_322_806_600


def signed_members(case: Case, readme: bytes, files: Iterable[bytes] = ()) -> Members:
    """Everything that was signed, and what stands as it is; not what is made from that."""
    members: Members = {bag.README: readme, bag.SPECIFICATION: b"Formats and rules.\n", bag.BAGIT_TXT: bag.BAGIT}
    for place, id_ in enumerate(case.order(), 1):
        members[bag.entry_name(place, id_)] = case.envelopes[id_]
    for party in case.parties.values():
        for id_, (position, envelope) in party.events.items():
            members[bag.key_event_name(party.id, position, id_)] = envelope
    for receipt, envelope in case.receipts.items():
        members[bag.receipt_name(receipt.device, receipt.number, receipt.id)] = envelope
    for entry, place, disclosure in case.values:
        members[bag.value_name(entry, place)] = disclosure
    for contents in files:
        members[f"data/attachments/{hashlib.sha256(contents).hexdigest()}"] = contents
    return members


def made_members(members: Members, judge: Judge, exported_at: int = EXPORTED_AT) -> Members:
    """Document and timeline, as the signed members give them; raises Refused where these do not hold."""
    held = {name: Member(name, memoryview(data), 0, 0) for name, data in sorted(members.items())}
    whole = {name: bytes(member.contents) for name, member in held.items()}
    read = bundle.check_by_themselves(held, whole, None, crc=False)
    record = bundle.entries(read, bundle.key_events(whole))
    receipts = bundle.receipts_held(read, record)
    values = bundle.values_open(whole, record)
    judgement = judge(bundle.case_of(record, receipts, values))
    parties = listed(record, receipts, judgement)
    timeline = Timeline(record, values, Delivery(record, receipts), judgement, parties, exported_at)
    return {bag.RECORD: order.document_bytes(record, order.changes(record)), bag.TIMELINE: timeline.text()}


def close(members: Members, case: bytes, exporter: Device, exported_at: int = EXPORTED_AT, **over: object) -> Members:
    """Manifests, bag-info and the exporter's word over these members; `h7=...` overrides a field of the word."""
    whole = dict(members)
    data = bag.under_data(whole)
    whole[bag.MANIFEST] = bag.manifest(data)
    whole[bag.BAG_INFO] = bag.bag_info(case, exported_at, [contents for _, contents in data])
    entries = sum(bag.ENTRY.fullmatch(name) is not None for name in whole) + (bag.GENESIS in whole)
    party = exporter.party
    word: dict[int, object] = {1: 1, 2: case, 3: party.id, 4: exporter.key.public, 5: exporter.grant, 6: party.cite()}
    word |= {7: entries, 8: hashlib.sha256(whole[bag.MANIFEST]).digest(), 9: exported_at}
    word |= {int(key[1:]): value for key, value in over.items() if key.startswith("h")}
    payload = cbor.encode({key: value for key, value in word.items() if value is not None})
    whole[bag.EXPORTER] = exporter.key.envelope(DOMAIN, payload)
    whole[bag.TAG_MANIFEST] = tag_manifest(whole)
    return whole


def tag_manifest(members: Members) -> bytes:
    return bag.manifest((name, members[name]) for name in bag.TAGS if name in members)


def relist(members: Members) -> Members:
    """Manifests written anew as anybody can, without the exporter's key."""
    whole = dict(members)
    whole[bag.MANIFEST] = bag.manifest(bag.under_data(whole))
    whole[bag.TAG_MANIFEST] = tag_manifest(whole)
    return whole


def file(members: Members) -> bytes:
    return archive.write(sorted(members.items()))
