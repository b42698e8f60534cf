"""The steps of verifying, in their order: docs/protocol.md, "Verifying"."""

import hashlib
import re
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from . import archive, bag, exporter, keylog, model, order, receipts, seal, stamps, statement, verdict
from .archive import Member
from .delivery import Delivery
from .gate import Record
from .keylog import KeyLogs
from .parties import listed
from .refusal import Parked, Refused, demand, naming
from .seal import Values
from .timeline import Timeline

Judge = Callable[[model.Case], model.Judgement]

MOST_ENTRIES, MOST_RECEIPTS, MOST_STAMPS = 999_999, 65_536, 1_024
_VERSION_LINE = b"Counterpart-Bundle: "


@dataclass
class Read:
    """Members that were each looked at by themselves (step 7)."""

    statements: list[tuple[str, statement.Statement]]
    receipts: list[tuple[str, receipts.Signed]]


def verify(data: bytes, judge: Judge) -> dict[str, Any]:
    """The verdict on a file."""
    try:
        return _verify(data, judge)
    except Refused as refusal:
        return verdict.refused(refusal.what, refusal.member)


def _verify(data: bytes, judge: Judge) -> dict[str, Any]:
    members = archive.read(data)  # steps 1 and 2
    contents = {name: bytes(member.contents) for name, member in members.items() if not bag.ATTACHMENT.fullmatch(name)}
    _check_version(contents)
    _check_names(members)
    _check_counts(members)
    believed = _believed_manifest(contents)
    if believed is not None:
        _check_listed_names(members, believed)
    read = check_by_themselves(members, contents, believed)
    logs = key_events(contents)
    record = entries(read, logs)
    built = order.changes(record)
    for name, each in read.statements:
        with naming("bad_entry", name):
            demand(built[each.entry.id].hash == each.entry.change, "its change has another hash")
    held = receipts_held(read, record)
    values = values_open(contents, record)
    attachments = _attachments(members, record, values)
    stamped = _stamps(contents, record)
    with naming("bad_exporter", bag.EXPORTER):
        word = exporter.check(contents[bag.EXPORTER], record.case, record.entries, logs)
    _check_logs_needed(read, record, word)
    judgement = judge(case_of(record, held, values))
    parties = listed(record, held, judgement)
    delivery = Delivery(record, held)
    timeline = Timeline(record, values, delivery, judgement, parties, word.exported_at)
    _same("altered_member", bag.README, hashlib.sha256(contents[bag.README]).hexdigest() == bag.README_SHA256)
    _same("document_differs", bag.RECORD, contents[bag.RECORD] == order.document_bytes(record, built))
    _same("timeline_differs", bag.TIMELINE, contents[bag.TIMELINE] == timeline.text())
    _check_bag(members, contents, record, word)
    specification = hashlib.sha256(contents[bag.SPECIFICATION]).digest()
    return verdict.verified(
        verdict.Found(
            record, built, held, values, attachments, stamped, specification, word, judgement, parties, delivery
        )
    )


def case_of(record: Record, held: list[model.Receipt], values: Values) -> model.Case:
    """What the rules judge."""
    in_order = [record.entries[place] for place in order.agreed(record)]
    return model.Case(record.case, in_order, dict(record.logs.events), held, dict(values))


def _check_version(contents: dict[str, bytes]) -> None:
    """Step 3."""
    if bag.BAG_INFO not in contents:
        raise Refused("missing_member", bag.BAG_INFO)
    lines = contents[bag.BAG_INFO].split(b"\n")
    version = next((line[len(_VERSION_LINE) :] for line in lines if line.startswith(_VERSION_LINE)), b"")
    if version != b"2":
        other = re.fullmatch(rb"0|[1-9][0-9]{0,8}", version)
        raise Refused("other_version" if other else "altered_member", bag.BAG_INFO)


def _check_names(members: dict[str, Member]) -> None:
    """Step 4."""
    missing = {name: "missing_member" for name in bag.FIXED if name not in members}
    unexpected = {name: "unexpected_member" for name in members if not bag.allowed(name)}
    _refuse_first(missing | unexpected)


def _check_counts(members: dict[str, Member]) -> None:
    """Step 5."""
    entries = 1 + sum(bag.ENTRY.fullmatch(name) is not None for name in members)
    issued = sum(bag.RECEIPT.fullmatch(name) is not None for name in members)
    stamped = sum(bag.STAMP.fullmatch(name) is not None for name in members)
    if entries > MOST_ENTRIES or issued > MOST_RECEIPTS or stamped > MOST_STAMPS:
        raise Refused("too_large", None)


def _believed_manifest(contents: dict[str, bytes]) -> dict[str, str] | None:
    """Step 6: the manifest, where the tag manifest names it as it is."""
    manifest = contents[bag.MANIFEST]
    line = f"{hashlib.sha256(manifest).hexdigest()}  {bag.MANIFEST}\n".encode()
    if b"\n" + line not in b"\n" + contents[bag.TAG_MANIFEST]:
        return None
    return bag.read_manifest(manifest)


def _check_listed_names(members: dict[str, Member], listed_: dict[str, str]) -> None:
    """Step 6, where the manifest is believed."""
    data_members = {name for name in members if name.startswith("data/")}
    missing = {name: "missing_member" for name in listed_ if name not in data_members}
    unexpected = {name: "unexpected_member" for name in data_members if name not in listed_}
    _refuse_first(missing | unexpected)


def _refuse_first(refusals: dict[str, str]) -> None:
    if refusals:
        first = min(refusals)
        raise Refused(refusals[first], first)


def check_by_themselves(
    members: dict[str, Member], contents: dict[str, bytes], believed: dict[str, str] | None, crc: bool = True
) -> Read:
    """Step 7; the CRC-32 of members that come out of no archive is not asked."""
    read = Read([], [])
    for name, member in members.items():
        if name == bag.GENESIS or bag.ENTRY.fullmatch(name):
            with naming("bad_entry", name):
                one = statement.read(contents[name])
                one.verify()
            form = bag.ENTRY.fullmatch(name)
            read.statements.insert(len(read.statements) if form else 0, (name, one))
            _expected(name, form is None or form[2] == one.entry.id.hex())
        elif bag.RECEIPT.fullmatch(name):
            with naming("bad_receipt", name):
                issued = receipts.read(contents[name])
                issued.verify()
            read.receipts.append((name, issued))
            receipt = issued.receipt
            _expected(name, name == bag.receipt_name(receipt.device, receipt.number, receipt.id))
        checksum = None
        if file := bag.ATTACHMENT.fullmatch(name) or bag.STAMP.fullmatch(name):
            checksum = hashlib.sha256(member.contents).hexdigest()
            _same("altered_member", name, checksum == file[1])
        _same("altered_member", name, not crc or member.intact())
        if believed is not None and name.startswith("data/"):
            checksum = checksum or hashlib.sha256(member.contents).hexdigest()
            _same("altered_member", name, checksum == believed[name])
    return read


def _expected(name: str, holds: bool) -> None:
    _same("unexpected_member", name, holds)


def _same(what: str, name: str, holds: bool) -> None:
    if not holds:
        raise Refused(what, name)


def key_events(contents: dict[str, bytes]) -> KeyLogs:
    """Step 8."""
    logs = KeyLogs()
    for name in filter(bag.KEY_EVENT.fullmatch, contents):
        with naming("bad_key_event", name):
            signed = keylog.read(contents[name])
        event = signed.event
        _expected(name, event.id not in logs.events)
        with naming("bad_key_event", name):
            logs.add(signed)
        _expected(name, name == bag.key_event_name(event.party, event.position, event.id))
    return logs


def entries(read: Read, logs: KeyLogs) -> Record:
    """Step 9."""
    record = Record(logs)
    for place, (name, one) in enumerate(read.statements, 1):
        form = bag.ENTRY.fullmatch(name)
        _expected(name, (form is None or int(form[1]) == place) and one.entry.id not in record.index)
        try:
            with naming("bad_entry", name):
                record.add(one)
        except Parked as parked:
            if parked.cited is None:
                raise Refused("missing_entries", name) from parked
            party, position, event = parked.cited
            raise Refused("missing_member", bag.key_event_name(party, position, event)) from parked
    left_out = order.surplus(record)
    for place, (in_order, (name, _)) in enumerate(zip(order.agreed(record), read.statements)):
        _expected(name, place not in left_out and place == in_order)
    return record


def receipts_held(read: Read, record: Record) -> list[model.Receipt]:
    """Step 11."""
    for name, issued in read.receipts:
        receipt = issued.receipt
        with naming("bad_receipt", name):
            demand(issued.case == record.case, "of another case")
            demand(record.logs.may_receive(receipt.party, receipt.device), "its device may not sign receipts")
            demand(all(head in record.index for head in receipt.heads), "heads that are not here")
    return [issued.receipt for _, issued in read.receipts]


def values_open(contents: dict[str, bytes], record: Record) -> Values:
    """Step 12."""
    values: Values = {}
    entry_of = {entry.id: entry for entry in record.entries}
    for name in filter(bag.VALUE.fullmatch, contents):
        seal.add(values, name, contents[name], record.case, entry_of)
    return values


def _attachments(members: dict[str, Member], record: Record, values: Values) -> set[bytes]:
    """Step 13."""
    named = seal.files(record.entries, values)
    held: set[bytes] = set()
    for name in members:
        if file := bag.ATTACHMENT.fullmatch(name):
            _expected(name, bytes.fromhex(file[1]) in named)
            held.add(bytes.fromhex(file[1]))
    return held


def _stamps(contents: dict[str, bytes], record: Record) -> list[stamps.Stamp]:
    """Step 13, stamps, in the order of their ids."""
    held: list[stamps.Stamp] = []
    for name in filter(bag.STAMP.fullmatch, contents):
        with naming("bad_stamp", name):
            stamp = stamps.read(contents[name])
            demand(all(head in record.index for head in stamp.heads), "heads that are not here")
            stamps.check(stamp, record.case)
        held.append(stamp)
    return held


def _check_logs_needed(read: Read, record: Record, word: exporter.Word) -> None:
    """Step 15."""
    needed = {word.party}
    for entry in record.entries:
        needed |= {entry.party, *(party for party, _, _ in entry.keys)}
    for _, issued in read.receipts:
        needed |= {issued.receipt.party, *(party for party, _, _ in issued.keys)}
    names = (
        bag.key_event_name(event.party, event.position, event.id)
        for event in record.logs.events.values()
        if event.party not in needed
    )
    first = min(names, default=None)
    if first is not None:
        raise Refused("unexpected_member", first)


def _check_bag(members: dict[str, Member], contents: dict[str, bytes], record: Record, word: exporter.Word) -> None:
    """Steps 17 and 18."""
    data_members = [(name, member.contents) for name, member in members.items() if name.startswith("data/")]
    manifest = bag.manifest(data_members)
    _same("bad_exporter", bag.EXPORTER, hashlib.sha256(manifest).digest() == word.manifest)
    info = bag.bag_info(record.case, word.exported_at, [each for _, each in data_members])
    tags = bag.manifest((name, contents[name]) for name in bag.TAGS)
    for name, made in (
        (bag.BAG_INFO, info),
        (bag.BAGIT_TXT, bag.BAGIT),
        (bag.MANIFEST, manifest),
        (bag.TAG_MANIFEST, tags),
    ):
        _same("altered_member", name, contents[name] == made)
