"""Bad faith and disputed identity that follow from the bundle alone: docs/protocol.md, "Proofs"."""

from collections import defaultdict
from dataclasses import dataclass

from . import model, order
from .gate import Record


@dataclass(frozen=True, order=True)
class Proof:
    """Ordered as they are listed: by shape, party, ids."""

    shape: str
    party: bytes
    about: tuple[bytes, ...]


def find(record: Record, receipts: list[model.Receipt]) -> list[Proof]:
    of_device: defaultdict[bytes, list[model.Receipt]] = defaultdict(list)
    for receipt in sorted(receipts, key=lambda receipt: (receipt.number, receipt.id)):
        of_device[receipt.device].append(receipt)
    found = {Proof("two_key_events", party, tuple(ids)) for party, ids in record.logs.forks()}
    party_of = order.party_of_feeds(record)
    by_position = order.positions(record)
    for (device, _), taken in order.forked(record):
        found.add(Proof("two_statements", party_of[device], tuple(record.entries[place].id for place in taken)))
    for issued in of_device.values():
        found |= _contradictions(record, issued)
    for receipt in receipts:
        omitting = _omission(record, receipt, by_position.get((receipt.device, receipt.last_seq + 1), []))
        if omitting is not None:
            found.add(Proof("past_omitted", receipt.party, (receipt.id, omitting)))
    return sorted(found)


def _contradictions(record: Record, issued: list[model.Receipt]) -> set[Proof]:
    """Of one device's receipts, by number, then id."""
    found: set[Proof] = set()
    by_number: defaultdict[int, list[model.Receipt]] = defaultdict(list)
    for receipt in issued:
        by_number[receipt.number].append(receipt)
    numbers = sorted(by_number)
    for number, following in zip(numbers, [*numbers[1:], None]):
        same = by_number[number]
        if len(same) > 1:
            found.add(_contradicted(same))
        if following is None:
            continue
        later = by_number[following][0]
        covered = record.covers(later.heads)
        for receipt in same:
            if any(not covered >> record.index[head] & 1 for head in receipt.heads):
                found.add(_contradicted([receipt, later]))
    return found


def _contradicted(receipts: list[model.Receipt]) -> Proof:
    return Proof("receipt_contradicted", receipts[0].party, tuple(sorted(receipt.id for receipt in receipts)))


def _omission(record: Record, receipt: model.Receipt, following: list[int]) -> bytes | None:
    """Of the next entries of a receipt's device, by id, the first that leaves out what the receipt covers."""
    for place in following:
        if any(not record.past[place] >> record.index[head] & 1 for head in receipt.heads):
            return record.entries[place].id
    return None
