"""Asking over HTTP with JSON: one question, one connection, everything bounded, nothing followed elsewhere."""

from __future__ import annotations

import http.client
import ipaddress
import json
import socket
import ssl
import sys
import time
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import quote, urlencode, urlsplit

TIMEOUT = 60.0
MOST_BYTES = 32 * 1024 * 1024
LONGEST_WAIT = 600.0
PATIENT_TRIES = 20


class BridgeError(Exception):
    """Something that whoever runs the bridge is to know."""


class Misused(BridgeError):
    """The bridge was set up wrongly: trying again helps nobody."""


class Unreachable(BridgeError):
    """No answer, or one that says "not now": it may be different in a while."""

    def __init__(self, message: str, after: float = 0.0) -> None:
        super().__init__(message)
        self.after = after


class Refused(BridgeError):
    """Understood and refused: the same question gets the same answer."""

    def __init__(self, message: str, status: int, kind: str = "", detail: str = "") -> None:
        super().__init__(message)
        self.status = status
        self.kind = kind
        self.detail = detail


def warn(message: str) -> None:
    """One line for people. What others wrote could hold anything, so it is shown with its signs spelled out."""
    shown = "".join(c if c.isprintable() else "?" for c in message)
    print(f"bridge: {shown[:1000]}", file=sys.stderr, flush=True)


def segment(text: object) -> str:
    """One part of a path, whatever is in it."""
    return quote(str(text), safe="")


@dataclass
class Site:
    """Where to ask, and with which credentials; `name` is what people call it in messages."""

    name: str
    url: str
    headers: dict[str, str] = field(repr=False)
    plain_http: bool = False

    def __post_init__(self) -> None:
        parts = urlsplit(self.url)
        if parts.scheme not in ("http", "https") or not parts.hostname or parts.query or parts.username:
            raise Misused(f"{self.name}: {self.url!r} is no address; write it as https://desk.example")
        if parts.scheme == "http" and not self.plain_http and not _is_here(parts.hostname):
            raise Misused(
                f"{self.name}: over http:// anybody on the way reads the token; use https://, "
                "or say --plain-http if the network between is yours alone"
            )
        self._tls = parts.scheme == "https"
        self._host, self._port, self._base = parts.hostname, parts.port, parts.path.rstrip("/")

    def connect(self, timeout: float = TIMEOUT) -> http.client.HTTPConnection:
        """A new connection; certificates are checked."""
        if self._tls:
            context = ssl.create_default_context()
            return http.client.HTTPSConnection(self._host, self._port, timeout=timeout, context=context)
        return http.client.HTTPConnection(self._host, self._port, timeout=timeout)

    def path(self, path: str, query: dict[str, Any] | None = None) -> str:
        return self._base + path + (f"?{urlencode(query)}" if query else "")

    def ask(
        self,
        method: str,
        path: str,
        *,
        query: dict[str, Any] | None = None,
        body: Any = None,
        headers: dict[str, str] | None = None,
    ) -> Any:
        """What was answered. Whoever is asked to slow down (429) waits; every other failure goes to the caller, who
        alone knows whether the question may be asked twice."""
        for _ in range(PATIENT_TRIES):
            status, heads, answer = self._once(method, self.path(path, query), body, headers or {})
            if status != 429:
                return self._judged(f"{method} {path}", status, heads, answer)
            delay = _after(heads) or 1.0
            if delay > LONGEST_WAIT:
                raise Unreachable(f"{self.name} asks to be left alone for {delay:.0f} seconds", delay)
            time.sleep(delay)
        raise Unreachable(f"{self.name} goes on saying that it is asked too often")

    def _once(
        self, method: str, target: str, body: Any, extra: dict[str, str]
    ) -> tuple[int, http.client.HTTPMessage, bytes]:
        sent = None if body is None else json.dumps(body, ensure_ascii=False).encode("utf-8", "replace")
        heads = {"Accept": "application/json", "Connection": "close", **self.headers, **extra}
        if sent is not None:
            heads["Content-Type"] = "application/json"
        connection = self.connect()
        try:
            connection.request(method, target, body=sent, headers=heads)
            response = connection.getresponse()
            answer = response.read(MOST_BYTES + 1)
            whole = response.length in (None, 0)
        except ssl.SSLCertVerificationError as why:
            raise Misused(f"{self.name}: this machine does not trust its certificate: {why.verify_message}") from why
        except (OSError, http.client.HTTPException) as why:
            raise Unreachable(f"{self.name} does not answer: {why or type(why).__name__}") from why
        finally:
            connection.close()
        if len(answer) > MOST_BYTES:
            raise Refused(f"{self.name}: the answer to {method} {target} is larger than {MOST_BYTES} bytes", 0)
        if not whole:
            raise Unreachable(f"{self.name}: the answer broke off")
        return response.status, response.headers, answer

    def _judged(self, what: str, status: int, heads: http.client.HTTPMessage, answer: bytes) -> Any:
        if status in (200, 201, 202, 204):
            return self._read(what, answer)
        if status in (408, 425) or status >= 500:
            raise Unreachable(f"{self.name} cannot just now ({status}): {what}", _after(heads))
        kind, detail = _problem(answer)
        if kind.endswith((":under-way", ":busy")):
            raise Unreachable(f"{self.name}: {detail}", _after(heads))
        said = f"{self.name} refuses {what} ({status}): {detail or 'without a reason'}"
        if status == 401 or kind.endswith(":scope"):
            raise Misused(said)
        if 300 <= status < 400:
            raise Misused(f"{self.name} is somewhere else ({status}): give the address that it points to")
        raise Refused(said, status, kind, detail)

    def _read(self, what: str, answer: bytes) -> Any:
        if not answer.strip():
            return None
        try:
            return json.loads(answer)
        except (ValueError, RecursionError) as why:
            raise Refused(f"{self.name}: the answer to {what} is no JSON; is this the right address?", 0) from why


def _is_here(host: str) -> bool:
    if host == "localhost":
        return True
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False


def _after(heads: http.client.HTTPMessage) -> float:
    """Seconds of a Retry-After; none where it says nothing of use."""
    said = (heads.get("Retry-After") or "").strip()
    return float(said) if said.isascii() and said.isdigit() and len(said) < 7 else 0.0


def _problem(answer: bytes) -> tuple[str, str]:
    """What a refusal says: a problem of RFC 9457, or the helpdesk's own `error`."""
    try:
        said = json.loads(answer)
    except (ValueError, RecursionError):
        return "", ""
    if not isinstance(said, dict):
        return "", ""
    detail = said.get("detail") or said.get("error_human") or said.get("error") or ""
    hint = said.get("hint")
    return str(said.get("type") or ""), str(detail) + (f" ({hint})" if hint else "")


def closed(connection: http.client.HTTPConnection) -> None:
    """Ends a connection that another thread may be reading."""
    if connection.sock is not None:
        try:
            connection.sock.shutdown(socket.SHUT_RDWR)
        except OSError:
            pass
    connection.close()
