"""A case and its ticket as they were found, and what both directions need to write to either."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime, timezone
from typing import Any

import texts
from web import Refused
from zammad import NOBODY, Zammad

MOST_ARTICLE = 100_000
MOST_TITLE = 200

FORM = re.compile(r"\S+ a(\d{1,19}) o(\d{1,19}) e([01]) d(\d{1,19}) r([A-Za-z0-9_=+/-]{0,120})")

Tell = Callable[..., None]


@dataclass
class Place:
    """How far a pair is in step. It is kept with the case, as what the helpdesk calls it, so it is never lost alone."""

    article: int = 0
    owner: int = NOBODY
    ended: bool = False
    """The ticket's end was dealt with: it ended with the case, or agents were told that the case goes on."""
    record: str = ""
    doubtful: int = 0
    """Articles up to this one were there when the pair was found without its place: some may be on record already."""

    def write(self, short: str) -> str:
        return f"{short} a{self.article} o{self.owner} e{int(self.ended)} d{self.doubtful} r{self.record}"

    @classmethod
    def read(cls, text: str) -> Place:
        found = FORM.fullmatch(text)
        if not found:
            raise Refused(f"what is kept about how far the case is in step cannot be read: {text!r}", 0)
        return cls(int(found[1]), int(found[2]), found[3] == "1", found[5], int(found[4]))


@dataclass
class Pair:
    """A case and its ticket as they were found."""

    case: str
    shown: dict[str, Any]
    number: int
    ticket: dict[str, Any]
    articles: list[dict[str, Any]]
    own: set[str]
    place: Place
    signed: set[str] = field(default_factory=set)

    @property
    def short(self) -> str:
        return self.shown["case"]["short"]

    @property
    def closed(self) -> bool:
        return self.shown["case"]["state"] == "closed"


def mark(kind: str, of: object) -> str:
    """What an article of the bridge's carries, by which it is found again."""
    return f"<{kind}.{of}@counterpart.invalid>"


def sender(name: str) -> str:
    """A name that stands where addresses do: nothing in it makes one."""
    return texts.line(re.sub(r'[<>@,;:"\\()\[\]/]', " ", name), 100) or "the other side"


def at(milliseconds: int) -> str:
    moment = datetime.fromtimestamp(milliseconds / 1000, timezone.utc)
    return moment.strftime("%Y-%m-%d %H:%M UTC")


def waits_for(one: dict[str, Any]) -> str:
    """Who is to do what next: `ours: answer #6`."""
    about = (one.get("about") or {}).get("ref") or ""
    return f"{'ours' if one['own'] else sender(str(one['label']))}: {one['expected']} {about}".strip()


@dataclass
class Wishes:
    """What whoever runs the bridge chose."""

    system: str = "zammad"
    link: str = ""
    fields: dict[str, str] = field(default_factory=dict)


def article(carries: str, subject: str, body: str, *, internal: bool) -> dict[str, Any]:
    """An article as the helpdesk takes it: plain text, whatever is in it."""
    return {
        "subject": texts.line(subject, MOST_TITLE),
        "body": texts.plain(body, MOST_ARTICLE),
        "content_type": "text/plain",
        "type": "note",
        "sender": "Agent",
        "internal": internal,
        "message_id": carries,
    }


def say(desk: Zammad, pair: Pair, what: str, text: str, tell: Tell) -> None:
    """Tells agents something in the ticket, once for each `what`."""
    carries = mark(what, pair.number)
    if carries not in pair.own:
        desk.write(pair.number, article(carries, f"Case {pair.short}", text, internal=True))
        pair.own.add(carries)
        tell("told", pair.case, pair.number)
