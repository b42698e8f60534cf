"""What a bundle holds once it is read: plain data, shared by the reader (formats) and the judge (rules)."""

from dataclasses import dataclass, field


@dataclass(frozen=True)
class Entry:
    """A statement whose signature and place were checked. Ids and keys are bytes."""

    id: bytes
    party: bytes
    device: bytes
    seq: int
    prev: bytes | None
    deps: tuple[bytes, ...]
    keys: tuple[tuple[bytes, int, bytes], ...]  # party, position, event
    grant: bytes
    at: int  # claimed, Unix milliseconds
    kind: str
    body: dict
    change: bytes


@dataclass(frozen=True)
class KeyEvent:
    id: bytes
    party: bytes
    position: int
    prev: bytes | None
    by: bytes | None
    at: int
    kind: str  # inception, grant, revoke, rotate
    body: dict


@dataclass(frozen=True)
class Receipt:
    id: bytes
    party: bytes
    device: bytes
    last_seq: int
    number: int
    heads: tuple[bytes, ...]
    lacking: tuple[bytes, ...]
    at: int


@dataclass
class Case:
    """`entries` stand in the agreed order, the opening first."""

    id: bytes
    entries: list[Entry] = field(default_factory=list)
    events: dict[bytes, KeyEvent] = field(default_factory=dict)
    receipts: list[Receipt] = field(default_factory=list)
    values: dict[tuple[bytes, tuple], object] = field(default_factory=dict)  # (entry, path) to opened value


@dataclass
class Judgement:
    effect: dict[bytes, str]  # entry id to effective, without_effect, not_judged
    grade: dict[bytes, str]
    states: list[dict]  # action, state, overlays
    roles: dict[bytes, list]  # party id to [(seat, role, label)]
