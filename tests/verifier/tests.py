"""Tests of the verifier by itself: `python3 -m unittest verifier.tests` in tests.

What it is for, the comparison with the program, is in compare.py.
"""

import hashlib
import re
import unittest
from pathlib import Path

from verifier import (
    automerge_change,
    bag,
    bundle,
    cases,
    cbor,
    envelope,
    forge,
    keylog,
    model,
    mutate,
    pack,
    rules,
    short,
    statement,
)
from verifier.cases.stage import Files
from verifier.forge import Case, Device, Party, Sealed
from verifier.refusal import Malformed

ROOT = Path(__file__).resolve().parent.parent.parent
README = (ROOT / "crates/evidence/src/readme.txt").read_bytes()


def two() -> tuple[Case, Device, Device]:
    """A case with its opener and one who joined."""
    a, b = Party("a"), Party("b")
    of_a, of_b = a.device("a1"), b.device("b1")
    case = Case()
    case.open(of_a, "supplier")
    case.bring_in(of_a, of_b)
    return case, of_a, of_b


def packed(case: Case, exporter: Device, *files: bytes) -> bytes:
    members = pack.signed_members(case, README, files)
    members |= pack.made_members(members, rules.judge)
    return pack.file(pack.close(members, case.id, exporter))


class WorkedExample(unittest.TestCase):
    """docs/protocol.md, "Worked example"."""

    def setUp(self) -> None:
        page = (ROOT / "docs/protocol.md").read_text()
        self.page = page[page.index("## Worked example") :]

    def hex(self, heading: str, nth: int = 0) -> bytes:
        found = re.findall(rf"^{re.escape(heading)}\n((?:  [0-9a-f]+\n)+)", self.page, re.MULTILINE)
        return bytes.fromhex(found[nth].replace("\n", ""))

    def of_core(self, core: bytes) -> model.Entry:
        payload = cbor.encode([core, bytes(32)])
        return statement.read(cbor.encode([bytes.fromhex("a10132"), {}, payload, bytes(64)])).entry

    def test_every_byte(self) -> None:
        logs = keylog.KeyLogs()
        inception = keylog.read(self.hex("inception, envelope"))
        logs.add(inception)
        self.assertEqual(inception.event.party, self.hex("party id"))
        grant = keylog.read(self.hex("grant event, envelope"))
        logs.add(grant)
        self.assertEqual(grant.event.id, self.hex("grant, the id of that event"))
        opening = statement.read(self.hex("entry, envelope"))
        statement.check_shape(opening)
        opening.verify()
        case = opening.case_begun()
        self.assertEqual((case, opening.entry.id), (self.hex("case id"), self.hex("entry id")))
        opener = automerge_change.actor(case, opening.entry.device)
        self.assertEqual(opener, self.hex("actor"))
        change = automerge_change.build(opening.entry, case, opener, None)
        self.assertEqual(change.bytes, self.hex("change, raw bytes"))
        self.assertEqual(change.hash, opening.entry.change)
        for nth, core in enumerate(("core of note", "core of seen"), 1):
            entry = self.of_core(self.hex(core))
            self.assertEqual(entry.id, self.hex("entry id", nth))
            built = automerge_change.build(entry, case, opener, change)
            self.assertEqual(built.bytes, self.hex("change, raw bytes", nth))
            self.assertEqual(built.hash, self.hex("hash of the change", nth))
        self.assertIn(f"The short form of that case is `{short.form(case)}`.", self.page)


class Readme(unittest.TestCase):
    def test_is_the_one_that_the_page_names(self) -> None:
        self.assertEqual(hashlib.sha256(README).hexdigest(), bag.README_SHA256)
        self.assertIn(bag.README_SHA256, (ROOT / "docs/protocol.md").read_text())


class StrictSignatures(unittest.TestCase):
    def test_only_canonical_keys_of_large_order(self) -> None:
        good = forge.Key("somebody").public
        p = 2**255 - 19
        self.assertTrue(envelope.acceptable_key(good))
        for y in (0, 1, p - 1, p, p + 1, 2**255 - 1, 2):
            for sign in (0, 2**255):
                self.assertFalse(envelope.acceptable_key((y | sign).to_bytes(32, "little")), y)
        self.assertEqual(len(envelope.SMALL_ORDER_Y), 5)

    def test_s_below_the_order_and_r_of_large_order(self) -> None:
        key = forge.Key("somebody")
        payload, signature = envelope.open_envelope(key.envelope("counterpart/entry/1", b"x"), 9)
        envelope.verify(key.public, "counterpart/entry/1", payload, signature)
        above = (int.from_bytes(signature[32:], "little") + envelope.L).to_bytes(32, "little")
        for wrong in (signature[:32] + above, bytes([1]) + bytes(31) + signature[32:], bytes(64)):
            with self.assertRaises(Malformed):
                envelope.verify(key.public, "counterpart/entry/1", payload, wrong)
        with self.assertRaises(Malformed):
            envelope.verify(key.public, "counterpart/receipt/1", payload, signature)


class Bundles(unittest.TestCase):
    def test_a_forged_right_one_is_verified(self) -> None:
        case, a, b = two()
        case.sign(a, "note", {"text": Sealed("ring after six")})
        case.sign(b, "attach", {"sha256": envelope.digest("", b"bill"), "size": 4, "name": "bill.pdf"})
        case.receipt(a)
        found = bundle.verify(packed(case, a, b"bill"), rules.judge)
        self.assertTrue(found["verified"], found)
        self.assertEqual(found["attachments"], {"held": 1, "lacking": []})
        self.assertEqual([entry["number"] for entry in found["entries"]], [1, 2, 3, 4, 5, 6])

    def test_mutants_are_judged_and_never_break_anything(self) -> None:
        case, a, b = two()
        case.sign(a, "note", {"text": Sealed("ring after six")})
        case.receipt(b)
        right = packed(case, a)
        for what, data in mutate.mutants(right, 1, 1000, lambda members: pack.close(members, case.id, a)):
            with self.subTest(what):
                found = bundle.verify(data, rules.judge)
                if ", signed anew" not in what and data != right:
                    self.assertFalse(found["verified"])

    def test_every_case_is_judged(self) -> None:
        for name, data in cases.all_cases(Files(README, rules.judge)):
            with self.subTest(name):
                self.assertIn(bundle.verify(data, rules.judge)["verified"], (True, False))


if __name__ == "__main__":
    unittest.main()
