"""Texts on their way between the two: what others wrote is shown as text, and nothing of it steers anything."""

from __future__ import annotations

import unicodedata
from html.parser import HTMLParser

LINE_BREAKS = {"br", "p", "div", "li", "tr", "h1", "h2", "h3", "h4", "h5", "h6", "ul", "ol", "table", "pre", "hr"}
UNSEEN = {"script", "style", "head", "title", "template"}
CUT = "\n[... cut here: the whole text is in the case]"


def _hides(sign: str) -> bool:
    """Whether a sign hides or reorders what people read, or is none at all."""
    code = ord(sign)
    return (
        unicodedata.category(sign) in ("Cc", "Cs")
        or code in (0x00AD, 0x061C, 0x200B, 0x2060, 0xFEFF)
        or 0x200E <= code <= 0x200F
        or 0x2028 <= code <= 0x202E
        or 0x2066 <= code <= 0x2069
        or 0xFDD0 <= code <= 0xFDEF
        or 0xE0000 <= code <= 0xE007F
        or code & 0xFFFE == 0xFFFE
    )


def plain(text: str, most: int) -> str:
    """Lines of text without signs that hide or reorder, and not longer than so many letters."""
    text = text.replace("\r\n", "\n").replace("\r", "\n").replace("\t", "    ").replace("\u2028", "\n")
    kept = "".join(c for c in text[: 4 * most] if c == "\n" or not _hides(c))
    return kept if len(kept) <= most else kept[: most - len(CUT)] + CUT


def line(text: str, most: int) -> str:
    """The same in one line, as a title or a name is."""
    one = " ".join(plain(text, 4 * most).split())
    return one if len(one) <= most else one[: most - 1] + "…"


def bytes_at_most(text: str, most: int) -> str:
    """As much of a text as fits into so many bytes of UTF-8."""
    return text.encode("utf-8", "replace")[:most].decode("utf-8", "ignore")


class _Reader(HTMLParser):
    """Reads what a person would read of a page: lines, lists, quotations, and where links lead."""

    def __init__(self) -> None:
        super().__init__(convert_charrefs=True)
        self.parts: list[str] = []
        self.unseen = 0
        self.quoted = 0
        self.link = ""
        self.link_from = 0

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        if tag in UNSEEN:
            self.unseen += 1
        elif tag == "blockquote":
            self._break()
            self.quoted += 1
        elif tag in LINE_BREAKS:
            self._break(always=tag == "br")
            if tag == "li":
                self._say("- ")
        elif tag == "a":
            self.link, self.link_from = dict(attrs).get("href") or "", len(self.parts)

    def handle_endtag(self, tag: str) -> None:
        if tag in UNSEEN:
            self.unseen = max(0, self.unseen - 1)
        elif tag == "blockquote":
            self._break()
            self.quoted = max(0, self.quoted - 1)
        elif tag == "a":
            shown = "".join(self.parts[self.link_from :]).strip()
            if self.link.startswith(("http://", "https://", "mailto:", "tel:")) and shown not in self.link:
                self._say(f" ({self.link})")
            self.link = ""
        elif tag in LINE_BREAKS and tag != "br":
            self._break()

    def handle_data(self, data: str) -> None:
        # Line ends in the source of a page are spaces to its reader.
        words = " ".join(data.split())
        if words:
            before = " " if data[0].isspace() and self.parts and not self.parts[-1].endswith((" ", "\n")) else ""
            self._say(before + words + (" " if data[-1].isspace() else ""))
        elif data and self.parts and not self.parts[-1].endswith((" ", "\n")):
            self._say(" ")

    def _say(self, text: str) -> None:
        if self.unseen:
            return
        begins = not self.parts or self.parts[-1].endswith("\n")
        self.parts.append(("> " * self.quoted if begins else "") + text)

    def _break(self, always: bool = False) -> None:
        if not self.unseen and self.parts and (always or not self.parts[-1].endswith("\n")):
            self.parts.append("\n")


def from_html(source: str) -> str:
    """The text of a page as a person reads it."""
    reader = _Reader()
    reader.feed(source)
    reader.close()
    lines = "".join(reader.parts).replace("\u00a0", " ").split("\n")
    return "\n".join(one.rstrip() for one in lines).strip("\n")


def of_article(body: str, content_type: str, most: int) -> str:
    """What an agent wrote, as plain text; markup is read, never passed on."""
    text = from_html(body) if "html" in content_type.lower() else body
    return plain(unicodedata.normalize("NFC", text), most).strip()
