"""From the ticket to the case: what agents write is signed, or kept as an aside, or they are told why not."""

from __future__ import annotations

import time
from datetime import datetime
from typing import Any

import texts
from counterpart import Counterpart
from pair import Pair, Tell, Wishes, say
from web import Refused, warn
from zammad import Zammad, number

MOST_NOTE = 16 * 1024
"""Bytes of what can be signed as one note."""
MOST_ASIDE = 16_000
KEY_KNOWN = 6 * 24 * 3600
"""Seconds for which a signed reply is known by its key: a day less than the API promises."""


class Replies:
    def __init__(self, home: Counterpart, desk: Zammad, wishes: Wishes, tell: Tell) -> None:
        self.home = home
        self.desk = desk
        self.wishes = wishes
        self.tell = tell

    def bring(self, pair: Pair) -> None:
        """Deals with what was written in the ticket since, in order."""
        for article in pair.articles:
            written = number(article["id"])
            if written <= pair.place.article:
                continue
            # What the bridge wrote came from the case; customers' mail and the helpdesk's own letters are not our word.
            if article.get("created_by_id") != self.desk.me and article.get("sender") == "Agent":
                if article.get("internal"):
                    self._aside(pair, article)
                else:
                    self._reply(pair, article)
            pair.place.article = written

    def _reply(self, pair: Pair, article: dict[str, Any]) -> None:
        """Signs what an agent wrote for the customer; what cannot be signed is told to them, never dropped."""
        text = texts.of_article(str(article.get("body") or ""), str(article.get("content_type") or ""), MOST_NOTE + 1)
        written = article["id"]
        if article.get("attachments"):
            told = (
                f"The files of your message {written} were not passed on: put them on record with "
                f"`counterpart attach {pair.short} FILE`."
            )
            say(self.desk, pair, f"files.{written}", told, self.tell)
        if not text:
            return
        if len(text.encode()) > MOST_NOTE:
            self._not_sent(pair, written, "it is too long")
        elif (written <= pair.place.doubtful or self._is_old(article)) and self._on_record(pair, text):
            told = (
                f"The words of your message {written} are on record already, so nothing was signed for it now. "
                "If you meant to say it again, write it once more."
            )
            say(self.desk, pair, f"again.{written}", told, self.tell)
        else:
            self._sign(pair, written, text)

    def _sign(self, pair: Pair, written: int, text: str) -> None:
        key = f"{self.wishes.system}-{pair.case[:16]}-{written}"
        try:
            entry = self.home.note(pair.case, text, key)
        except Refused as why:
            if why.status not in (413, 422) or why.kind.endswith(":key-reused"):
                raise
            self._not_sent(pair, written, why.detail or "it was refused")
            return
        pair.signed.add(entry)
        self.tell("signed", pair.case, pair.number, article=written, entry=entry)

    def _is_old(self, article: dict[str, Any]) -> bool:
        try:
            written = datetime.fromisoformat(str(article.get("created_at"))).timestamp()
        except ValueError:
            return True
        return time.time() - written > KEY_KNOWN

    def _on_record(self, pair: Pair, text: str) -> bool:
        """Whether the bridge signed these words already, at whatever time before this turn."""
        words, after = " ".join(text.split()), ""
        while True:
            page = self.home.record(pair.case, after)
            for entry in page["entries"]:
                if entry["device"] != self.home.device or entry["id"] in pair.signed:
                    continue
                if " ".join(entry["exact"].split()).endswith(f" text {words}"):
                    return True
            after = page["next"]
            if not page["more"]:
                return False

    def _aside(self, pair: Pair, article: dict[str, Any]) -> None:
        text = texts.of_article(str(article.get("body") or ""), str(article.get("content_type") or ""), MOST_ASIDE)
        # An aside has no key, so it carries where it came from.
        tail = f"\n(helpdesk note {article['id']})"
        if not text or any(known.endswith(tail) for known in self.home.asides(pair.case)):
            return
        agent = texts.bytes_at_most(self.desk.person(number(article["created_by_id"])), 100)
        try:
            self.home.write_aside(pair.case, agent, texts.bytes_at_most(text, MOST_ASIDE) + tail)
        except Refused as why:
            if why.status != 422:
                raise
            warn(f"{pair.short}: the internal note {article['id']} stays in the helpdesk alone: {why.detail}")
            return
        self.tell("aside", pair.case, pair.number, article=article["id"])

    def _not_sent(self, pair: Pair, written: int, why: str) -> None:
        told = (
            f"Your message {written} was NOT signed and did not reach the customer: {why}. "
            "Mend it and write it once more."
        )
        say(self.desk, pair, f"refused.{written}", told, self.tell)
        warn(f"{pair.short}: the agent's message {written} was not signed: {why}")
