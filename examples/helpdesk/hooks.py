"""Waking up: by the stream of events, and by signed messages (Standard Webhooks). Both only say that there is news."""

from __future__ import annotations

import base64
import binascii
import hashlib
import hmac
import http.client
import threading
import time
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

from counterpart import Counterpart
from web import Misused, Unreachable, closed

TOLERANCE = 5 * 60
MOST_MESSAGE = 64 * 1024
MOST_LINE = 64 * 1024


def verify(secret: str, message_id: str, sent: str, signatures: str, body: bytes, now: float) -> bool:
    """Whether a message is signed with the secret and not old."""
    if not (sent.isascii() and sent.isdigit() and len(sent) < 16) or abs(now - int(sent)) > TOLERANCE:
        return False
    expected = hmac.new(key_of(secret), f"{message_id}.{sent}.".encode() + body, hashlib.sha256).digest()
    for one in signatures.split():
        version, _, value = one.partition(",")
        if version == "v1" and hmac.compare_digest(value.encode(), base64.b64encode(expected)):
            return True
    return False


def key_of(secret: str) -> bytes:
    try:
        key = base64.b64decode(secret.removeprefix("whsec_"), validate=True)
    except (binascii.Error, ValueError) as why:
        raise Misused("the secret of the webhook is not whsec_ and some letters, as it was printed") from why
    if not key:
        raise Misused("the secret of the webhook is empty")
    return key


class _Receiver(BaseHTTPRequestHandler):
    timeout = 20
    server: HookServer

    def do_POST(self) -> None:
        length = self.headers.get("Content-Length") or ""
        if not (length.isascii() and length.isdigit() and len(length) < 8 and int(length) <= MOST_MESSAGE):
            self._answer(413)
            return
        body = self.rfile.read(int(length))
        heads = [self.headers.get(f"webhook-{name}") or "" for name in ("id", "timestamp", "signature")]
        if not verify(self.server.secret, *heads, body, time.time()):
            self._answer(401)
            return
        self.server.wake.set()
        self._answer(204)

    def _answer(self, status: int) -> None:
        self.send_response(status)
        self.send_header("Content-Length", "0")
        self.send_header("Connection", "close")
        self.end_headers()

    def log_message(self, *_said: object) -> None:
        """Whatever strangers send is nobody's news."""


class HookServer(ThreadingHTTPServer):
    daemon_threads = True

    def __init__(self, address: tuple[str, int], secret: str, wake: threading.Event) -> None:
        key_of(secret)
        self.secret = secret
        self.wake = wake
        try:
            super().__init__(address, _Receiver)
        except OSError as why:
            raise Misused(f"nothing can listen at {address[0]}:{address[1]}: {why.strerror}") from why


def follow(home: Counterpart, wake: threading.Event) -> None:
    """Wakes the bridge whenever the stream says something; one that broke is taken up again in a while."""
    pause = 1.0
    while True:
        try:
            connection, response = home.stream()
        except Unreachable:
            time.sleep(pause)
            pause = min(60.0, 2 * pause)
            continue
        # What came while nobody listened is looked for once; all that comes from here on is told.
        wake.set()
        try:
            while said := response.readline(MOST_LINE):
                if said.startswith(b"id:"):
                    pause = 1.0
                    wake.set()
        except (OSError, ValueError, http.client.HTTPException):
            pass
        finally:
            closed(connection)
        time.sleep(pause)
        pause = min(60.0, 2 * pause)
