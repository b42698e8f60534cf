"""One case and its ticket, brought in step. Everything can be broken off anywhere and begun again: what was written is
looked up by what it carries, not by what this program remembers."""

from __future__ import annotations

import copy
from typing import Any

import texts
from counterpart import Counterpart, case_id
from pair import MOST_TITLE, Pair, Place, Tell, Wishes, article, at, mark, say, sender, waits_for
from replies import Replies
from web import Refused, segment
from zammad import NOBODY, Zammad, number

TAG = "counterpart"
TAGS = {"ours": "counterpart-our-move", "theirs": "counterpart-their-move", "closed": "counterpart-closed"}


class Mirror:
    def __init__(self, home: Counterpart, desk: Zammad, wishes: Wishes, tell: Tell) -> None:
        self.home = home
        self.desk = desk
        self.wishes = wishes
        self.tell = tell
        self.replies = Replies(home, desk, wishes, tell)

    def settle(self, case: str) -> None:
        """Brings a case and its ticket in step, both ways. Nothing is written where nothing is new."""
        pair = self._pair(case)
        if pair is None:
            return
        before = copy.copy(pair.place)
        heard = self._entries(pair)
        self.replies.bring(pair)
        self._standing(pair, heard)
        if pair.place != before:
            self._keep(pair)

    def _pair(self, case: str) -> Pair | None:
        shown = self.home.show(case)
        names = self.home.names(case)
        known, place = names.get(self.wishes.system), names.get(f"{self.wishes.system}-place")
        new = False
        if known is None:
            if shown["case"]["state"] == "closed":
                return None
            ticket, new = self._ticket_of(case, shown)
            self.home.name(case, self.wishes.system, str(ticket))
        else:
            ticket = number(int(known) if known.isdecimal() else known)
        found = self.desk.ticket(ticket)
        if found.get("state") in ("merged", "removed"):
            raise Refused(f"ticket {ticket} was {found['state']}: say by hand which ticket the case has now", 0)
        articles = self.desk.articles(ticket)
        pair = Pair(case, shown, ticket, found, articles, self.desk.own(articles), Place())
        if place is not None:
            pair.place = Place.read(place)
        else:
            # Before anything is signed for it: what stands in a ticket found without it may be on record already.
            pair.place.doubtful = 0 if new or not articles else number(articles[-1]["id"])
            self._keep(pair)
        return pair

    def _keep(self, pair: Pair) -> None:
        self.home.name(pair.case, f"{self.wishes.system}-place", pair.place.write(pair.short))

    # From the case to the ticket.

    def _ticket_of(self, case: str, shown: dict[str, Any]) -> tuple[int, bool]:
        """The case's ticket: one made before the bridge was cut off, or a new one; and whether it is new. A title is
        anybody's words, so a ticket counts only if the bridge's own article in it says so."""
        short, carries = shown["case"]["short"], mark("case", case)
        for found in self.desk.titled(short):
            ticket = number(found["id"])
            if carries in self.desk.own(self.desk.articles(ticket)):
                return ticket, False
        title = texts.line(f"[{short}] {shown['case']['title']}", MOST_TITLE)
        customer = self._customer(case, shown)
        preface = self._preface(case, shown, customer["firstname"])
        first = article(carries, f"Case {short}", preface, internal=True)
        ticket = self.desk.create(title, customer, [TAG], first)
        self.tell("ticket", case, ticket)
        return ticket, True

    def _customer(self, case: str, shown: dict[str, Any]) -> dict[str, str]:
        """Whoever the case is with, as a user of the helpdesk without an address: nothing is mailed."""
        others = [one for one in shown["parties"] if not one["own"]]
        ids = [party for one in others for party in one["parties"]]
        login = f"counterpart-{case_id(ids[0])}" if ids else f"counterpart-case-{case}"
        return {"login": login, "firstname": sender(others[0]["label"] if others else "")}

    def _preface(self, case: str, shown: dict[str, Any], customer: str) -> str:
        lines = [
            f"This ticket is the case {shown['case']['short']} with {customer}:",
            texts.line(shown["case"]["title"], MOST_TITLE),
            "",
            "What you write here for the customer to see is signed for us and goes on record, for good.",
            "Internal notes stay on our side. Files are not passed on. Closing the ticket does not close the case.",
        ]
        if self.wishes.link:
            lines.append(self.wishes.link.replace("{case}", segment(case)))
        return "\n".join(lines)

    def _entries(self, pair: Pair) -> bool:
        """Puts what was signed since into the ticket, in order; says whether anything came from others."""
        ours = {party for one in pair.shown["parties"] if one["own"] for party in one["parties"]}
        heard = False
        while True:
            page = self._page(pair)
            for entry in page["entries"]:
                # What was signed at the bridge's own seat came from the ticket.
                if entry["device"] == self.home.device:
                    continue
                other = entry["party"]["id"] not in ours
                heard |= other
                self._entry(pair, entry, other)
            pair.place.record = page["next"]
            if not page["more"]:
                return heard

    def _page(self, pair: Pair) -> dict[str, Any]:
        try:
            return self.home.record(pair.case, pair.place.record)
        except Refused as why:
            if not why.kind.endswith(":beyond"):
                raise
            # The home was restored to less than was seen: what stands in the ticket is not written again.
            return self.home.record(pair.case, "")

    def _entry(self, pair: Pair, entry: dict[str, Any], other: bool) -> None:
        carries = mark("entry", case_id(entry["id"]))
        if carries in pair.own:
            return
        body = f"{entry['ref']}, {at(entry['at'])}\n\n{entry['exact']}"
        if entry["effect"] != "effective":
            body += f"\n\n({entry['effect']}{': ' + str(entry['reason']) if entry['reason'] else ''})"
        written = article(carries, f"{entry['ref']} {entry['kind']}", body, internal=False)
        if other:
            written |= {"sender": "Customer", "type": "web", "from": sender(str(entry["party"]["label"]))}
        self.desk.write(pair.number, written)
        pair.own.add(carries)
        self.tell("article", pair.case, pair.number, entry=entry["id"])

    # How it stands.

    def _standing(self, pair: Pair, heard: bool) -> None:
        self._owner(pair)
        self._state(pair, heard)
        ours = any(one["own"] for one in pair.shown["waiting_for"])
        theirs = any(not one["own"] for one in pair.shown["waiting_for"])
        standing = "closed" if pair.closed else "ours" if ours else "theirs" if theirs else ""
        tagged, filled = self._tags(pair, standing), self._fields(pair)
        if tagged or filled:
            self.tell("standing", pair.case, pair.number, closed=pair.closed, ours=ours, theirs=theirs)

    def _tags(self, pair: Pair, standing: str) -> bool:
        """Puts the tag of how it stands in place of others of ours; agents' own tags stay. Says whether any changed."""
        wanted = {TAG} | ({TAGS[standing]} if standing else set())
        there = self.desk.tags(pair.number)
        over = (set(TAGS.values()) & there) - wanted
        for word in sorted(over):
            self.desk.tag(pair.number, word, False)
        for word in sorted(wanted - there):
            self.desk.tag(pair.number, word, True)
        return bool(over or wanted - there)

    def _fields(self, pair: Pair) -> bool:
        values = self._values(pair)
        named = self.wishes.fields.items()
        changed = {name: values[what] for what, name in named if (pair.ticket.get(name) or "") != values[what]}
        if changed:
            self.desk.change(pair.number, changed)
        return bool(changed)

    def _values(self, pair: Pair) -> dict[str, str]:
        """What can be shown in fields of the ticket's own."""
        waits = [waits_for(one) for one in sorted(pair.shown["waiting_for"], key=lambda one: not one["own"])]
        due = [
            action["due"]["at"]
            for action in pair.shown["actions"]
            if action["state"] == "agreed" and action["due"] and action["due"].get("at")
        ]
        return {
            "case": pair.short,
            "state": pair.shown["case"]["state"],
            "move": texts.line("; ".join(waits), 250),
            "due": at(min(due)) if due else "",
        }

    def _owner(self, pair: Pair) -> None:
        owner = number(pair.ticket.get("owner_id") or NOBODY)
        if owner == pair.place.owner:
            return
        agent = None if owner == NOBODY else texts.bytes_at_most(self.desk.person(owner), 100)
        if self.home.assigned(pair.case) != agent:
            self.home.assign(pair.case, agent)
            self.tell("assigned", pair.case, pair.number)
        pair.place.owner = owner

    def _state(self, pair: Pair, heard: bool) -> None:
        """A ticket ends with its case, and comes back when the customer writes. A case never ends with its ticket."""
        state = str(pair.ticket.get("state") or "")
        if pair.closed:
            if state != "closed" and not pair.place.ended:
                self.desk.change(pair.number, {"state": "closed"})
            pair.place.ended = True
        elif heard and (state == "closed" or state.startswith("pending")):
            self.desk.change(pair.number, {"state": "open"})
            pair.place.ended = False
        elif state != "closed":
            pair.place.ended = False
        elif not pair.place.ended:
            self._tell_open(pair)
            pair.place.ended = True

    def _tell_open(self, pair: Pair) -> None:
        """Once for each time: something was said since the last one."""
        mine = [one for one in pair.articles if one.get("created_by_id") == self.desk.me]
        heard = sum(1 for one in mine if one.get("sender") == "Customer")
        last = max((number(one["id"]) for one in pair.articles if one not in mine), default=0)
        text = (
            "You closed the ticket. The case is still open: it closes when both sides have signed that it does. "
            f"To propose it: `counterpart close {pair.short}`."
        )
        say(self.desk, pair, f"closed.{last}.{heard}", text, self.tell)
