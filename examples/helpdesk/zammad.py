"""The helpdesk's side: tickets and articles by the REST interface of Zammad."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from texts import line
from web import Misused, Refused, Site, segment

PAGE = 100
MOST_PAGES = 1000
EPOCH = "2000-01-01T00:00:00.000Z"
NOBODY = 1
"""The user that stands for "nobody" as a ticket's owner."""


def number(value: object) -> int:
    """An id as the helpdesk gives them."""
    if isinstance(value, int) and not isinstance(value, bool) and 0 < value < 2**63:
        return value
    raise Refused("the helpdesk names something by what is no number", 0)


class Zammad:
    """One helpdesk, seen through the token of a user of the bridge's own."""

    def __init__(self, site: Site, group: str) -> None:
        self.site = site
        self.group = group
        self.me = 0
        self._people: dict[int, str] = {}

    def greet(self) -> None:
        me = self._ask("GET", "/users/me")
        if not isinstance(me, dict):
            raise Misused(f"{self.site.url} does not answer as a helpdesk of this kind does")
        self.me = number(me.get("id"))

    def _ask(self, method: str, path: str, **more: Any) -> Any:
        return self.site.ask(method, "/api/v1" + path, **more)

    def _search(self, field: str, operator: str, value: str, page: int = 1) -> list[dict[str, Any]]:
        """By a condition, which the helpdesk's database answers at once; words are looked up in an index that lags."""
        query = {
            f"condition[{field}][operator]": operator,
            f"condition[{field}][value]": value,
            "sort_by": "updated_at",
            "order_by": "asc",
            "expand": "true",
            "per_page": PAGE,
            "page": page,
        }
        found = self._ask("GET", "/tickets/search", query=query)
        return found if isinstance(found, list) else []

    def titled(self, words: str) -> list[dict[str, Any]]:
        return self._search("ticket.title", "contains", words)

    def changed_since(self, moment: str) -> Iterator[dict[str, Any]]:
        """Tickets that changed after a moment of the helpdesk's own clock, oldest change first."""
        for page in range(1, MOST_PAGES):
            found = self._search("ticket.updated_at", "after (absolute)", moment, page)
            yield from found
            if len(found) < PAGE:
                return

    def newest(self) -> str:
        """The moment of the last change there is, by the helpdesk's own clock."""
        query = {"page": 1, "per_page": 1, "order_by": "desc", "sort_by": "updated_at", "expand": "true"}
        field = "condition[ticket.updated_at]"
        long_ago = {f"{field}[operator]": "after (absolute)", f"{field}[value]": EPOCH}
        found = self._ask("GET", "/tickets/search", query=query | long_ago)
        return str(found[0]["updated_at"]) if found else EPOCH

    def ticket(self, ticket: int) -> dict[str, Any]:
        return self._ask("GET", f"/tickets/{ticket}", query={"expand": "true"})

    def create(self, title: str, customer: dict[str, str], tags: list[str], article: dict[str, Any]) -> int:
        body = {"title": title, "group": self.group, "customer": customer, "tags": ",".join(tags), "article": article}
        return number(self._ask("POST", "/tickets", body=body)["id"])

    def change(self, ticket: int, fields: dict[str, Any]) -> None:
        self._ask("PUT", f"/tickets/{ticket}", body=fields)

    def articles(self, ticket: int) -> list[dict[str, Any]]:
        """In the order in which they were written."""
        found = self._ask("GET", f"/ticket_articles/by_ticket/{ticket}", query={"expand": "true"})
        return sorted(found if isinstance(found, list) else [], key=lambda one: number(one["id"]))

    def own(self, articles: list[dict[str, Any]]) -> set[str]:
        """Which messages the bridge put there itself. A mail can carry any message id, so who wrote it counts."""
        return {str(one.get("message_id") or "") for one in articles if one.get("created_by_id") == self.me}

    def write(self, ticket: int, article: dict[str, Any]) -> None:
        self._ask("POST", "/ticket_articles", body={"ticket_id": ticket, **article})

    def tags(self, ticket: int) -> set[str]:
        return set(self._ask("GET", "/tags", query={"object": "Ticket", "o_id": ticket})["tags"])

    def tag(self, ticket: int, word: str, there: bool) -> None:
        body = {"item": word, "object": "Ticket", "o_id": ticket}
        self._ask("POST" if there else "DELETE", "/tags/add" if there else "/tags/remove", body=body)

    def person(self, user: int) -> str:
        """An agent's name as people know it."""
        if user not in self._people:
            told = self._ask("GET", f"/users/{segment(user)}")
            whole = f"{told.get('firstname') or ''} {told.get('lastname') or ''}".strip()
            self._people[user] = line(whole or str(told.get("login") or f"user {user}"), 60)
        return self._people[user]
