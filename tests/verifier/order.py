"""What follows from the statement graph alone: docs/protocol.md, "Forks", "The order of entries, and their numbers" and
"Which entries stand in it" of the document."""

from collections import defaultdict

from . import automerge_change, model, short
from .automerge_change import Change
from .gate import Record

Position = tuple[bytes, int]  # device, seq


def positions(record: Record) -> dict[Position, list[int]]:
    """The entries at each position of each feed, by id; positions by device, then seq."""
    found: defaultdict[Position, list[int]] = defaultdict(list)
    for place, entry in enumerate(record.entries):
        found[entry.device, entry.seq].append(place)
    for taken in found.values():
        taken.sort(key=lambda place: record.entries[place].id)
    return dict(sorted(found.items()))


def surplus(record: Record) -> set[int]:
    """Branches that do not count: from the third on, unless an entry of another feed rests on them."""
    by_position = positions(record)
    if all(len(taken) < 3 for taken in by_position.values()):
        return set()
    rested_on = 0
    of_feed: defaultdict[bytes, int] = defaultdict(int)
    for place, entry in enumerate(record.entries):
        of_feed[entry.device] |= 1 << place
    for place, entry in enumerate(record.entries):
        rested_on |= record.past[place] & ~of_feed[entry.device]
    counting: set[int] = set()
    for taken in by_position.values():
        continuing = [place for place in taken if _continues(record, place, counting)]
        counting.update(continuing[:2])
        counting.update(place for place in taken if rested_on >> place & 1)
    return set(range(len(record.entries))) - counting


def document(record: Record) -> set[int]:
    """The entries whose changes stand in the document: of a fork the branch with the smallest id."""
    standing: set[int] = set()
    for taken in positions(record).values():
        continuing = [place for place in taken if _continues(record, place, standing)]
        standing.update(continuing[:1])
    return standing


def _continues(record: Record, place: int, those: set[int]) -> bool:
    prev = record.entries[place].prev
    return prev is None or record.index[prev] in those


def agreed(record: Record) -> list[int]:
    """All entries by number, then id."""
    return sorted(range(len(record.entries)), key=lambda place: (record.number(place), record.entries[place].id))


def heads(record: Record) -> list[bytes]:
    """The entries that no other rests on, by id."""
    beneath = 0
    for past in record.past:
        beneath |= past
    return sorted(entry.id for place, entry in enumerate(record.entries) if not beneath >> place & 1)


def numbers(record: Record) -> dict[bytes, str]:
    """How each entry is written: `#7`, or `#7-K3` where it shares its number."""
    sharing: defaultdict[int, list[bytes]] = defaultdict(list)
    for place, entry in enumerate(record.entries):
        sharing[record.number(place)].append(entry.id)
    written: dict[bytes, str] = {}
    for number, ids in sharing.items():
        if len(ids) == 1:
            written[ids[0]] = f"#{number}"
            continue
        forms = {id_: short.digits(id_) for id_ in ids}
        for id_, form in forms.items():
            length = 2
            while length < len(form) and any(
                other.startswith(form[:length]) for whose, other in forms.items() if whose != id_
            ):
                length += 1
            written[id_] = f"#{number}-{form[:length]}"
    return written


def changes(record: Record) -> dict[bytes, Change]:
    """The change of each entry, built here."""
    built: dict[bytes, Change] = {}
    opening = record.entries[0]
    opener = automerge_change.actor(record.case, opening.device)
    for entry in record.entries:
        before = None if entry is opening else built[entry.prev or opening.id]
        built[entry.id] = automerge_change.build(entry, record.case, opener, before)
    return built


def document_bytes(record: Record, built: dict[bytes, Change]) -> bytes:
    """`data/record.automerge`."""
    standing = document(record)
    return b"".join(built[record.entries[place].id].bytes for place in agreed(record) if place in standing)


def document_heads(record: Record, built: dict[bytes, Change]) -> list[bytes]:
    """Hashes of the changes there that no later one there depends on."""
    standing = [record.entries[place] for place in sorted(document(record))]
    depended_on = {_depends_on(entry, record.entries[0]) for entry in standing}
    return sorted(built[entry.id].hash for entry in standing if entry.id not in depended_on)


def _depends_on(entry: model.Entry, opening: model.Entry) -> bytes | None:
    return None if entry is opening else entry.prev or opening.id


def forked(record: Record) -> list[tuple[Position, list[int]]]:
    """Positions of feeds that hold several entries, by device, then position; entries by id."""
    return [(position, taken) for position, taken in positions(record).items() if len(taken) > 1]


def party_of_feeds(record: Record) -> dict[bytes, bytes]:
    """Device to party: that of the feed's first entry in the order of entries."""
    parties: dict[bytes, bytes] = {}
    for place in agreed(record):
        entry = record.entries[place]
        parties.setdefault(entry.device, entry.party)
    return parties
