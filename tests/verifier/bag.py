"""Names of members, manifests and tag files: docs/protocol.md, "Evidence bundle", "Members"."""

import hashlib
import re
from collections.abc import Iterable, Mapping

from .moments import moment

README_SHA256 = "fa5da0a7b10e8c1d93eaed245ec83c5fa7815e3c8c88f42865df4417c766f88b"
BAGIT = b"BagIt-Version: 1.0\nTag-File-Character-Encoding: UTF-8\n"
BAG_INFO, BAGIT_TXT, EXPORTER = "bag-info.txt", "bagit.txt", "exporter.cose"
MANIFEST, TAG_MANIFEST = "manifest-sha256.txt", "tagmanifest-sha256.txt"
GENESIS, RECORD, TIMELINE = "data/genesis.cose", "data/record.automerge", "data/timeline.txt"
README, SPECIFICATION = "data/README.txt", "data/specification.md"
FIXED = (BAG_INFO, BAGIT_TXT, README, GENESIS, RECORD, SPECIFICATION, TIMELINE, EXPORTER, MANIFEST, TAG_MANIFEST)
TAGS = (BAG_INFO, BAGIT_TXT, EXPORTER, MANIFEST)

H64 = "[0-9a-f]{64}"
ATTACHMENT = re.compile(f"data/attachments/({H64})")
ENTRY = re.compile(f"data/entries/([0-9]{{6}})-({H64})[.]cose")
KEY_EVENT = re.compile(f"data/keys/{H64}/[0-9]{{6}}-{H64}[.]cose")
RECEIPT = re.compile(f"data/receipts/[0-9a-f]{{16}}-([0-9]{{6}}|[1-9][0-9]{{6,9}})-{H64}[.]cose")
STAMP = re.compile(f"data/stamps/({H64})[.]cbor")
VALUE = re.compile(f"data/values/{H64}-[0-9]{{3}}[.]cbor")
_PATTERNS = (ATTACHMENT, ENTRY, KEY_EVENT, RECEIPT, STAMP, VALUE)
_MANIFEST_LINE = re.compile(f"({H64})  ([\x21-\x7e]{{1,200}})")


def allowed(name: str) -> bool:
    """Whether some row of the table of members names it."""
    return name in FIXED or any(pattern.fullmatch(name) for pattern in _PATTERNS)


def entry_name(place: int, id_: bytes) -> str:
    return GENESIS if place == 1 else f"data/entries/{place:06}-{id_.hex()}.cose"


def key_event_name(party: bytes, position: int, id_: bytes) -> str:
    return f"data/keys/{party.hex()}/{position:06}-{id_.hex()}.cose"


def receipt_name(device: bytes, number: int, id_: bytes) -> str:
    return f"data/receipts/{device[:8].hex()}-{number:06}-{id_.hex()}.cose"


def value_name(entry: bytes, place: int) -> str:
    return f"data/values/{entry.hex()}-{place:03}.cbor"


def manifest(members: Iterable[tuple[str, "bytes | memoryview"]]) -> bytes:
    """Lines for these members, ascending by name."""
    return "".join(f"{hashlib.sha256(contents).hexdigest()}  {name}\n" for name, contents in sorted(members)).encode()


def read_manifest(data: bytes) -> dict[str, str] | None:
    """Name to checksum, where the lines are well formed and ascending; else nothing."""
    listed: dict[str, str] = {}
    last = ""
    if data and not data.endswith(b"\n"):
        return None
    for line in data.decode("latin-1").split("\n")[:-1]:
        form = _MANIFEST_LINE.fullmatch(line)
        if form is None or form[2] <= last:
            return None
        last = form[2]
        listed[last] = form[1]
    return listed


def bag_info(case: bytes, exported_at: int, data_members: "Iterable[bytes | memoryview]") -> bytes:
    sizes = [len(contents) for contents in data_members]
    return (
        f"Bagging-Date: {moment(exported_at).split(' ')[0]}\n"
        f"External-Identifier: counterpart:{case.hex()}\n"
        f"Payload-Oxum: {sum(sizes)}.{len(sizes)}\n"
        "Counterpart-Bundle: 2\n"
        f"Counterpart-Exported: {exported_at}\n"
    ).encode()


def under_data(members: "Mapping[str, bytes | memoryview]") -> "list[tuple[str, bytes | memoryview]]":
    return [(name, contents) for name, contents in members.items() if name.startswith("data/")]
