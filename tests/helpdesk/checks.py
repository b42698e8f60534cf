"""What of the bridge can be judged without anybody else: texts, signatures, places, addresses."""

from __future__ import annotations

import base64
import hashlib
import hmac
import sys
import tempfile
import unittest
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[2] / "examples" / "helpdesk"))

import bridge
import hooks
import pair
import state
import texts
import web

SECRET = "whsec_" + base64.b64encode(bytes(range(32))).decode()


class Texts(unittest.TestCase):
    def test_what_hides_or_reorders_is_taken_out(self) -> None:
        hidden = "a\u202eb\u2066c\u200bd\ufeffe\x07f\x1b[31mg\u00adh\U000e0041i\r\nj\tk"
        self.assertEqual(texts.plain(hidden, 100), "abcdef[31mghi\nj    k")
        self.assertEqual(texts.plain("\ud800x", 10), "x")
        self.assertEqual(texts.line("a\r\nBcc: all\n\n b ", 100), "a Bcc: all b")

    def test_what_is_long_is_cut_and_says_so(self) -> None:
        cut = texts.plain("é" * 1_000_000, 1000)
        self.assertTrue(len(cut) == 1000 and cut.endswith(texts.CUT))
        self.assertEqual(len(texts.line("x" * 500, 200)), 200)
        self.assertEqual(texts.bytes_at_most("aé", 2), "a")

    def test_a_page_is_read_as_people_read_it(self) -> None:
        for page, read in [
            ("<p>One</p><p>Two<br>Three</p>", "One\nTwo\nThree"),
            ("<div>a <b>b</b>\n c</div>", "a b c"),
            ("<ul><li>x</li><li>y</li></ul>", "- x\n- y"),
            ("a<script>b()</script><style>c</style>d", "ad"),
            ('see <a href="https://x.example/1">here</a>', "see here (https://x.example/1)"),
            ('<a href="javascript:alert(1)">here</a>', "here"),
            ("<blockquote>old</blockquote>new", "> old\nnew"),
            ("&lt;b&gt; &amp;amp;", "<b> &amp;"),
            ("<p>unclosed <b>and <!-- seen by nobody -->", "unclosed and"),
        ]:
            self.assertEqual(texts.from_html(page), read, page)

    def test_names_make_no_addresses(self) -> None:
        self.assertEqual(pair.sender('Eve <a@b.example>, "Priya"\n'), "Eve a b.example Priya")
        self.assertEqual(pair.sender("<>"), "the other side")


class Signatures(unittest.TestCase):
    def sign(self, secret: bytes, body: bytes) -> str:
        mac = hmac.new(secret, b"msg_1.1000." + body, hashlib.sha256).digest()
        return "v1," + base64.b64encode(mac).decode()

    def test_only_what_is_signed_and_new_counts(self) -> None:
        good, body = self.sign(bytes(range(32)), b"{}"), b"{}"
        for signature, sent, now, right in [
            (good, "1000", 1000, True),
            ("v1a,x v1,AAAA " + good, "1000", 1299, True),
            (good, "1000", 1301, False),
            (good, "1000", 600, False),
            (good, "1001", 1000, False),
            (self.sign(b"other", body), "1000", 1000, False),
            ("", "1000", 1000, False),
            ("v1,é", "1000", 1000, False),
            (good, "", 1000, False),
            (good, "9" * 400, 1000, False),
        ]:
            self.assertEqual(hooks.verify(SECRET, "msg_1", sent, signature, body, now), right, (signature, sent))
        self.assertFalse(hooks.verify(SECRET, "msg_1", "1000", good, b"{} ", 1000))
        for secret in ["whsec_", "whsec_!", "é"]:
            self.assertRaises(web.Misused, hooks.key_of, secret)


class Places(unittest.TestCase):
    def test_a_place_is_read_as_it_was_written(self) -> None:
        place = pair.Place(article=17, owner=4, ended=True, record="WyJyZWNvcmQiLDZd", doubtful=3)
        self.assertEqual(pair.Place.read(place.write("K7F2-Q9XA-3")), place)
        self.assertEqual(pair.Place.read(pair.Place().write("K7F2-Q9XA-3")), pair.Place())
        for wrong in ["", "x", "K7F2 a1 o1 e0 d0", "K7F2 a-1 o1 e0 d0 r", "K7F2 a1 o1 e0 d0 r\n"]:
            self.assertRaises(web.Refused, pair.Place.read, wrong)

    def test_a_state_is_read_as_it_was_written_and_another_file_is_refused(self) -> None:
        with tempfile.TemporaryDirectory() as folder:
            path = Path(folder) / "state"
            self.assertEqual(state.State.read(path), state.State())
            kept = state.State(7, "2026-07-06T09:00:00.000Z", ["x"])
            kept.write(path)
            self.assertEqual(state.State.read(path), kept)
            path.write_text("[]")
            self.assertRaises(web.Misused, state.State.read, path)

    def test_looking_back_reads_the_helpdesks_times(self) -> None:
        self.assertEqual(bridge.earlier("2026-07-06T09:00:05.250Z"), "2026-07-06T08:59:55.250Z")
        self.assertRaises(web.Refused, bridge.earlier, "soon")
        self.assertGreaterEqual(bridge.pause(0, 30.0), 30.0)
        self.assertLessEqual(bridge.pause(1000, 0.0), bridge.LONGEST_PAUSE)


class Addresses(unittest.TestCase):
    def test_tokens_go_over_no_open_line(self) -> None:
        for good in ["https://desk.example/x", "http://127.0.0.1:1", "http://[::1]:1", "http://localhost"]:
            web.Site("x", good, {})
        for bad in ["http://desk.example", "ftp://x", "desk.example", "https://", "https://a@b.example", "https://x?y"]:
            self.assertRaises(web.Misused, web.Site, "x", bad, {})
        self.assertNotIn("secret", repr(web.Site("x", "https://desk.example", {"Authorization": "secret"})))

    def test_a_part_of_a_path_is_one_part(self) -> None:
        self.assertEqual(web.segment("../a b/\r\n?#"), "..%2Fa%20b%2F%0D%0A%3F%23")


if __name__ == "__main__":
    unittest.main()
