#!/usr/bin/env python3
"""A helpdesk to try the bridge with: tickets, articles, tags and users as Zammad's REST interface shapes them, in memory.

    python3 standin.py [PORT]

It prints where it listens, and the tokens of its users. Agents do with it what they would do on its pages, over the
same interface. Below /control is what a test tells and asks it; no helpdesk has that.
"""

from __future__ import annotations

import json
import sys
import threading
import time
from datetime import datetime, timezone
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import parse_qs, unquote, urlsplit

PATIENCE = 60.0
PER_PAGE = 50
STATES = {"new", "open", "pending reminder", "pending close", "closed", "merged"}
TYPES = {"note", "web", "email", "phone"}
SENDERS = {"Agent", "Customer", "System"}
TOKENS = {"bridge-token": 3, "priya-token": 4, "omar-token": 5}
FIELDS = {"cp_case", "cp_state", "cp_move", "cp_due"}


class Problem(Exception):
    def __init__(self, status: int, why: str) -> None:
        super().__init__(why)
        self.status = status


class Desk:
    """What is in it. Every change has a moment of its own, so that "since" means something."""

    def __init__(self) -> None:
        self.turn = threading.Condition()
        self.users: dict[int, dict[str, Any]] = {}
        self.tickets: dict[int, dict[str, Any]] = {}
        self.articles: dict[int, dict[str, Any]] = {}
        self.tags: dict[int, list[str]] = {}
        self.writes = 0
        self.refuse: list[dict[str, Any]] = []
        self._moment = 0
        for login, first, last in [("-", "-", ""), ("admin", "Ada", "Admin"), ("bridge", "Bridge", ""),
                                   ("priya", "Priya", "Shah"), ("omar", "Omar", "Haddad")]:
            self.user(login, first, last)

    def user(self, login: str, first: str, last: str = "") -> int:
        number = len(self.users) + 1
        self.users[number] = {"id": number, "login": login, "firstname": first, "lastname": last, "email": ""}
        return number

    def now(self) -> str:
        self._moment = max(int(time.time() * 1000), self._moment + 1)
        moment = datetime.fromtimestamp(self._moment / 1000, timezone.utc)
        return moment.strftime("%Y-%m-%dT%H:%M:%S.%f")[:-3] + "Z"

    def wrote(self, ticket: int | None = None) -> None:
        self.writes += 1
        if ticket is not None:
            self.tickets[ticket]["updated_at"] = self.now()
        self.turn.notify_all()

    # Tickets.

    def shown(self, ticket: dict[str, Any]) -> dict[str, Any]:
        owner, customer = self.users[ticket["owner_id"]], self.users[ticket["customer_id"]]
        return {**ticket, "owner": owner["login"], "customer": customer["login"]}

    def ticket(self, number: int) -> dict[str, Any]:
        if number not in self.tickets:
            raise Problem(404, f"Couldn't find Ticket with 'id'={number}")
        return self.tickets[number]

    def create(self, me: int, said: dict[str, Any]) -> dict[str, Any]:
        if not said.get("title"):
            raise Problem(422, "Missing required value for field 'title'!")
        if said.get("group") not in ("Users", "Second line"):
            raise Problem(422, f"No lookup value found for 'group': {said.get('group')!r}")
        customer = self._customer(said.get("customer"))
        number, moment = len(self.tickets) + 1, self.now()
        self.tickets[number] = {
            "id": number, "number": str(10000 + number), "title": " ".join(str(said["title"]).split())[:250],
            "group": said["group"], "state": "new", "owner_id": 1, "customer_id": customer, "created_by_id": me,
            "created_at": moment, "updated_at": moment, **dict.fromkeys(FIELDS),
        }
        self.tags[number] = [tag for tag in str(said.get("tags") or "").split(",") if tag]
        if said.get("article"):
            self.write(me, {**said["article"], "ticket_id": number})
        self.wrote(number)
        return self.shown(self.tickets[number])

    def _customer(self, said: Any) -> int:
        if not isinstance(said, dict):
            raise Problem(422, "Missing required value for field 'customer_id'!")
        for number, user in self.users.items():
            if user["login"] == str(said.get("login")).lower():
                return number
        return self.user(str(said.get("login")).lower(), str(said.get("firstname")), str(said.get("lastname") or ""))

    def change(self, me: int, number: int, said: dict[str, Any]) -> dict[str, Any]:
        ticket = self.ticket(number)
        if said.get("state", "new") not in STATES:
            raise Problem(422, f"No lookup value found for 'state': {said['state']!r}")
        if said.get("owner_id", 1) not in self.users:
            raise Problem(422, "Invalid owner")
        ticket.update({k: v for k, v in said.items() if k in FIELDS | {"title", "state", "owner_id", "group"}})
        if said.get("article"):
            self.write(me, {**said["article"], "ticket_id": number})
        self.wrote(number)
        return self.shown(ticket)

    def search(self, query: dict[str, list[str]]) -> list[dict[str, Any]]:
        one = {name: values[-1] for name, values in query.items()}
        found = [ticket for ticket in self.tickets.values() if self._fits(ticket, one)]
        found.sort(key=lambda ticket: ticket["updated_at"], reverse=one.get("order_by") != "asc")
        per, page = int(one.get("per_page", PER_PAGE)), int(one.get("page", 1))
        return [self.shown(ticket) for ticket in found[(page - 1) * per : page * per]]

    def _fits(self, ticket: dict[str, Any], one: dict[str, str]) -> bool:
        for name in {key.split("]")[0].removeprefix("condition[") for key in one if key.startswith("condition[")}:
            operator, value = one[f"condition[{name}][operator]"], one[f"condition[{name}][value]"]
            has = ticket[name.removeprefix("ticket.")]
            fits = {"contains": value.lower() in has.lower(), "after (absolute)": has > value, "is": has == value}
            if not fits[operator]:
                return False
        return True

    # Articles.

    def write(self, me: int, said: dict[str, Any]) -> dict[str, Any]:
        ticket = self.ticket(int(said.get("ticket_id") or 0))
        kind, sender = said.get("type", "note"), said.get("sender", "Agent")
        content = said.get("content_type", "text/plain")
        if not said.get("body"):
            raise Problem(422, 'Need at least article: { body: "some text" }')
        if kind not in TYPES or sender not in SENDERS or content not in ("text/plain", "text/html"):
            raise Problem(422, "No lookup value found")
        if len(said["body"]) > 1_500_000:
            raise Problem(422, "body of article is too large")
        number, user = len(self.articles) + 1, self.users[me]
        self.articles[number] = {
            "id": number, "ticket_id": ticket["id"], "type": kind, "sender": sender, "content_type": content,
            "internal": bool(said.get("internal", False)), "body": said["body"],
            "subject": " ".join(str(said.get("subject") or "").split()), "message_id": said.get("message_id"),
            "from": said.get("from") or f"{user['firstname']} {user['lastname']}".strip(), "created_by_id": me,
            "created_by": user["login"], "attachments": said.get("attachments") or [],
            "created_at": said.get("created_at") or self.now(),
        }
        self.wrote(ticket["id"])
        return self.articles[number]

    def of_ticket(self, number: int) -> list[dict[str, Any]]:
        self.ticket(number)
        return [article for article in self.articles.values() if article["ticket_id"] == number]

    def tag(self, said: dict[str, Any], there: bool) -> bool:
        tags = self.tags[self.ticket(int(said["o_id"]))["id"]]
        if there and said["item"] not in tags:
            tags.append(said["item"])
        elif not there and said["item"] in tags:
            tags.remove(said["item"])
        self.wrote(int(said["o_id"]))
        return True


class Handler(BaseHTTPRequestHandler):
    server: Server

    def do_GET(self) -> None:
        self._serve("GET")

    def do_POST(self) -> None:
        self._serve("POST")

    def do_PUT(self) -> None:
        self._serve("PUT")

    def do_DELETE(self) -> None:
        self._serve("DELETE")

    def _serve(self, method: str) -> None:
        length = int(self.headers.get("Content-Length") or 0)
        raw, url = self.rfile.read(length), urlsplit(self.path)
        parts, query = [unquote(part) for part in url.path.strip("/").split("/")], parse_qs(url.query)
        with self.server.desk.turn:
            try:
                said = json.loads(raw) if raw else {}
                if parts[0] == "control":
                    self._answer(200, self._control(parts[1], said, query))
                elif self.server.desk.refuse:
                    told = self.server.desk.refuse.pop(0)
                    self._answer(told["status"], {"error": "not now"}, told.get("retry_after"))
                else:
                    me = self._who()
                    self._answer(201 if method == "POST" else 200, self._rest(method, parts[2:], said, query, me))
            except Problem as why:
                self._answer(why.status, {"error": str(why), "error_human": str(why)})
            except (KeyError, ValueError, IndexError, TypeError) as why:
                self._answer(422, {"error": repr(why)})

    def _who(self) -> int:
        told = self.headers.get("Authorization") or ""
        me = TOKENS.get(told.removeprefix("Token token=")) if told.startswith("Token token=") else None
        if me is None:
            raise Problem(401, "Invalid BasicAuth credentials")
        return me

    def _rest(self, method: str, parts: list[str], said: Any, query: dict[str, list[str]], me: int) -> Any:
        desk = self.server.desk
        match (method, parts):
            case ("GET", ["users", who]):
                return desk.users[me if who == "me" else int(who)]
            case ("GET", ["tickets", "search"]):
                return desk.search(query)
            case ("GET", ["tickets", number]):
                return desk.shown(desk.ticket(int(number)))
            case ("POST", ["tickets"]):
                return desk.create(me, said)
            case ("PUT", ["tickets", number]):
                return desk.change(me, int(number), said)
            case ("GET", ["ticket_articles", "by_ticket", number]):
                return desk.of_ticket(int(number))
            case ("POST", ["ticket_articles"]):
                return desk.write(me, said)
            case ("GET", ["tags"]):
                return {"tags": desk.tags[desk.ticket(int(query["o_id"][0]))["id"]]}
            case ("POST", ["tags", "add"]):
                return desk.tag(said, True)
            case ("DELETE", ["tags", "remove"]):
                return desk.tag(said, False)
        raise Problem(404, "No route matches")

    def _control(self, what: str, said: Any, query: dict[str, list[str]]) -> Any:
        desk = self.server.desk
        if what == "refuse":
            desk.refuse.extend(said)
        elif what == "wait":
            wanted, until = query["text"][0], time.monotonic() + PATIENCE
            while not any(wanted in article["body"] for article in desk.articles.values()):
                if not desk.turn.wait(until - time.monotonic()):
                    raise Problem(408, "it did not come")
        return {"tickets": [desk.shown(one) | {"tags": desk.tags[one["id"]]} for one in desk.tickets.values()],
                "articles": list(desk.articles.values()), "users": list(desk.users.values()), "writes": desk.writes}

    def _answer(self, status: int, said: Any, after: int | None = None) -> None:
        raw = json.dumps(said).encode()
        self.send_response(status)
        self.send_header("Content-Type", "application/json; charset=utf-8")
        self.send_header("Content-Length", str(len(raw)))
        self.send_header("Connection", "close")
        if after is not None:
            self.send_header("Retry-After", str(after))
        self.end_headers()
        self.wfile.write(raw)

    def log_message(self, *_said: object) -> None:
        """Quiet."""


class Server(ThreadingHTTPServer):
    daemon_threads = True

    def __init__(self, port: int) -> None:
        self.desk = Desk()
        super().__init__(("127.0.0.1", port), Handler)


def main() -> None:
    server = Server(int(sys.argv[1]) if len(sys.argv) > 1 else 0)
    print(f"http://127.0.0.1:{server.server_address[1]}", *TOKENS, flush=True)
    try:
        server.serve_forever()
    except KeyboardInterrupt:
        pass


if __name__ == "__main__":
    main()
