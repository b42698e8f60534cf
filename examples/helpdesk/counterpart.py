"""The program's own side: what the bridge asks of `counterpart up --api`."""

from __future__ import annotations

import hashlib
import http.client
import re
import secrets
from collections.abc import Iterator
from typing import Any

from web import Misused, Refused, Site, Unreachable, segment

HEX = re.compile(r"[0-9a-f]{64}")
STREAM_TIMEOUT = 45.0
PAGE = 200


def case_id(text: object) -> str:
    """An id as the API gives them; anything else is a fault worth stopping at."""
    if isinstance(text, str) and HEX.fullmatch(text):
        return text
    raise Refused("the API names a case or an entry by something that is no id", 0)


class Counterpart:
    """One home, seen through one token."""

    def __init__(self, site: Site) -> None:
        self.site = site
        self.device = ""

    def greet(self) -> None:
        """Whether the token is for what the bridge does with it."""
        me = self._ask("GET", "/me")
        lacking = {"read", "sign", "notes"} - set(me["scopes"])
        if lacking:
            raise Misused(f"the token lacks {', '.join(sorted(lacking))}: make one with --scope read,sign,notes")
        if not me["seat"]:
            raise Misused(
                "the token has no seat, so it would sign as the party itself: make a seat for the bridge "
                "(counterpart seat add helpdesk --only note) and the token with --seat helpdesk"
            )
        self.device = case_id(me["device"])

    def _ask(self, method: str, path: str, **more: Any) -> Any:
        return self.site.ask(method, "/api/v1" + path, **more)

    def _all(self, path: str, rows: str) -> Iterator[dict[str, Any]]:
        """All rows of a list, a page at a time."""
        after: str | None = None
        while True:
            query = {"limit": PAGE} | ({"after": after} if after else {})
            page = self._ask("GET", path, query=query)
            yield from page[rows]
            after = page["next"]
            if not after:
                return

    def cases(self) -> Iterator[dict[str, Any]]:
        return self._all("/cases", "cases")

    def changes(self, after: int) -> dict[str, Any]:
        return self._ask("GET", "/changes", query={"after": after, "limit": PAGE})

    def show(self, case: str) -> dict[str, Any]:
        return self._ask("GET", f"/cases/{segment(case)}")

    def record(self, case: str, after: str) -> dict[str, Any]:
        query = {"limit": PAGE} | ({"after": after} if after else {})
        return self._ask("GET", f"/cases/{segment(case)}/record", query=query)

    def names(self, case: str) -> dict[str, str]:
        """What other systems call a case."""
        return {one["system"]: one["id"] for one in self._all(f"/cases/{segment(case)}/external", "external")}

    def name(self, case: str, system: str, value: str) -> None:
        self._ask("PUT", f"/cases/{segment(case)}/external/{segment(system)}", body={"id": value})

    def case_called(self, system: str, value: str) -> str | None:
        try:
            return case_id(self._ask("GET", f"/external/{segment(system)}/{segment(value)}")["case"])
        except Refused as why:
            if why.status == 404:
                return None
            raise

    def note(self, case: str, text: str, key: str) -> str:
        """Signs a note at the bridge's seat, once for each key; gives its entry."""
        body = {"input": {"act": "note", "text": text}}
        signed = self._ask("POST", f"/cases/{segment(case)}/acts", body=body, headers={"Idempotency-Key": key})
        return case_id(signed["entries"][0])

    def asides(self, case: str) -> list[str]:
        return [one["text"] for one in self._all(f"/cases/{segment(case)}/asides", "asides")]

    def write_aside(self, case: str, agent: str, text: str) -> None:
        # What it says names where it came from, so it is a key of its own.
        key = hashlib.sha256(f"{case}\n{agent}\n{text}".encode()).hexdigest()
        path, body = f"/cases/{segment(case)}/asides", {"text": text, "agent": agent}
        try:
            self._ask("POST", path, body=body, headers={"Idempotency-Key": key})
        except Refused as why:
            if not why.kind.endswith(":broken-off"):
                raise
            # Its node was killed over it. Whoever asks looked before whether it is there, and it is not.
            self._ask("POST", path, body=body, headers={"Idempotency-Key": f"{key}-{secrets.token_hex(8)}"})

    def assigned(self, case: str) -> str | None:
        return self._ask("GET", f"/cases/{segment(case)}/assignment")["agent"]

    def assign(self, case: str, agent: str | None) -> None:
        path = f"/cases/{segment(case)}/assignment"
        if agent is None:
            self._ask("DELETE", path)
        else:
            self._ask("PUT", path, body={"agent": agent})

    def stream(self) -> tuple[http.client.HTTPConnection, http.client.HTTPResponse]:
        """Events as they come from now on; a beat comes every 15 seconds, so silence is a line that broke."""
        connection = self.site.connect(STREAM_TIMEOUT)
        heads = {**self.site.headers, "Accept": "text/event-stream"}
        try:
            connection.request("GET", self.site.path("/api/v1/events"), headers=heads)
            response = connection.getresponse()
        except (OSError, http.client.HTTPException) as why:
            connection.close()
            raise Unreachable(f"no events from {self.site.name}: {why or type(why).__name__}") from why
        if response.status != 200:
            connection.close()
            raise Unreachable(f"no events from {self.site.name}: status {response.status}")
        return connection, response
