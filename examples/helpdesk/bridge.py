#!/usr/bin/env python3
"""Mirrors cases into a helpdesk's tickets, and what agents write there back into the cases. See README.md."""

from __future__ import annotations

import argparse
import json
import os
import random
import re
import signal
import stat
import sys
import threading
import time
from datetime import datetime, timedelta
from pathlib import Path
from typing import NoReturn

from counterpart import Counterpart, case_id
from hooks import HookServer, follow
from mirror import Mirror, Wishes
from state import State, alone
from web import BridgeError, Misused, Refused, Site, Unreachable, warn
from zammad import Zammad, number

DONE, FAILED, USAGE, UNREACHABLE = 0, 1, 2, 5
OVERLAP = timedelta(seconds=10)
AGAIN = 600.0
LONGEST_PAUSE = 60.0
NEWS = {"act.signed", "act.received", "join.ended"}
FIELDS = ("case", "state", "move", "due")


class Bridge:
    """All cases and tickets: which of them have news, and how it goes with each."""

    def __init__(self, home: Counterpart, desk: Zammad, wishes: Wishes, path: Path) -> None:
        self.home, self.desk, self.path = home, desk, path
        self.system = wishes.system
        self.state = State.read(path)
        self.mirror = Mirror(home, desk, wishes, self._did)
        self.todo: dict[str, None] = dict.fromkeys(self.state.failed)
        self.failed: dict[str, str] = {}
        self.after, self.since = self.state.after, self.state.since
        self._seen: dict[int, str] = {}
        self._greeted = False

    def _did(self, what: str, case: str, ticket: int, **more: object) -> None:
        said = {"schema": "counterpart/helpdesk-bridge/1", "did": what, "case": case, "ticket": ticket, **more}
        print(json.dumps(said), flush=True)

    def turn(self) -> None:
        """Looks for news on both sides until there is none, and deals with it."""
        try:
            self._greet()
            while self._look():
                self._work()
        except (KeyError, TypeError, AttributeError, ValueError) as why:
            raise BridgeError(f"an answer was not as expected: {why!r}") from why
        self._keep()

    def _greet(self) -> None:
        if self._greeted:
            return
        try:
            self.home.greet()
            self.desk.greet()
        except Refused as why:
            raise Misused(str(why)) from why
        self._greeted = True

    def _look(self) -> bool:
        if self.after < 0:
            self._look_at_all()
        self._look_at_changes()
        self._look_at_tickets()
        return bool(self.todo)

    def _look_at_all(self) -> None:
        """The first time, or where what was remembered does not fit the store: every case once."""
        newest = self.home.changes(0)["newest"]
        since = self.desk.newest()
        for case in self.home.cases():
            self.todo[case_id(case["id"])] = None
        self.after, self.since = newest, since

    def _look_at_changes(self) -> None:
        while True:
            page = self.home.changes(self.after)
            if page["newest"] < self.after:
                warn("the store is an earlier one than was seen last: every case is looked at once")
                self._look_at_all()
                return
            for change in page["changes"]:
                if change["kind"] in NEWS:
                    self.todo[case_id(change["case"])] = None
            self.after = page["after"]
            if not page["changes"]:
                return

    def _look_at_tickets(self) -> None:
        """What changed in the helpdesk. Some is seen a little later than it happened, so it looks back a bit."""
        since = self.since
        for ticket in self.desk.changed_since(earlier(since)):
            changed, which = str(ticket.get("updated_at") or ""), number(ticket["id"])
            if self._seen.get(which) == changed:
                continue
            case = self.home.case_called(self.system, str(which))
            if case is not None:
                self.todo[case] = None
            self._seen[which] = changed
            since = max(since, changed)
        self.since = since
        floor = earlier(since)
        self._seen = {which: changed for which, changed in self._seen.items() if changed > floor}

    def _work(self) -> None:
        for case in list(self.todo):
            try:
                self.mirror.settle(case)
                self.failed.pop(case, None)
            except Refused as why:
                self._set_aside(case, str(why))
            except (KeyError, TypeError, AttributeError, ValueError) as why:
                # An answer of another shape than its document says stops one case, not all.
                self._set_aside(case, f"an answer was not as expected: {why!r}")
            del self.todo[case]

    def _set_aside(self, case: str, why: str) -> None:
        if self.failed.get(case) != why:
            warn(f"the case {case} is left as it is: {why}")
        self.failed[case] = why

    def _keep(self) -> None:
        now = State(self.after, self.since, sorted(self.failed))
        if now != self.state:
            now.write(self.path)
            self.state = now

    def once(self, patience: float) -> int:
        until, tries = time.monotonic() + patience, 0
        while True:
            try:
                self.turn()
                return FAILED if self.failed else DONE
            except Unreachable as why:
                delay = pause(tries, why.after)
                if time.monotonic() + delay > until:
                    raise
                warn(f"{why}; trying again")
                time.sleep(delay)
                tries += 1

    def always(self, wake: threading.Event, poll: float) -> NoReturn:
        tries, again = 0, time.monotonic() + AGAIN
        while True:
            wake.clear()
            if time.monotonic() > again:
                self.todo |= dict.fromkeys(self.failed)
                again = time.monotonic() + AGAIN
            try:
                self.turn()
            except Unreachable as why:
                delay = pause(tries, why.after)
                warn(f"{why}; trying again in {delay:.1f} seconds")
                tries += 1
                time.sleep(delay)
                continue
            if tries:
                warn("both sides answer again")
                tries = 0
            wake.wait(poll)


def earlier(moment: str) -> str:
    """A little before a moment as the helpdesk writes it."""
    try:
        read = datetime.fromisoformat(moment)
    except ValueError as why:
        raise Refused(f"the helpdesk writes a time that cannot be read: {moment[:40]!r}", 0) from why
    return (read - OVERLAP).strftime("%Y-%m-%dT%H:%M:%S.%f")[:-3] + "Z"


def pause(tries: int, after: float) -> float:
    """Longer after each failure, by chance a little sooner, and as long as the other side asks for."""
    return max(min(after, 3600.0), min(LONGEST_PAUSE, 2.0 ** min(tries, 10) / 2) * random.uniform(0.8, 1.0))


def secret_in(path: str | None, what: str) -> str:
    """A secret from its file: an argument could be read by everybody on the machine."""
    if not path:
        raise Misused(f"{what} is needed: name the file that holds it (see --help)")
    try:
        with open(path, encoding="ascii") as file:
            open_to_all = os.fstat(file.fileno()).st_mode & (stat.S_IRWXG | stat.S_IRWXO)
            secret = file.read(4096).strip()
    except (OSError, ValueError) as why:
        raise Misused(f"{what}: {path} cannot be read: {why}") from why
    if not secret or not all("!" <= sign <= "~" for sign in secret):
        raise Misused(f"{what}: {path} does not hold one word")
    if open_to_all:
        warn(f"{path} can be read by others on this machine; chmod 600 {path}")
    return secret


def arguments(given: list[str] | None = None) -> argparse.Namespace:
    env = os.environ.get
    codes = (
        "Exit codes: 0 all is in step, or it was told to end; 1 some cases could not be brought over; "
        "2 it is set up wrongly; 5 a side could not be reached."
    )
    parser = argparse.ArgumentParser(prog="bridge.py", description=__doc__, epilog=codes)
    add = parser.add_argument

    def told(name: str, variable: str, default: str | None, about: str, **more: str) -> None:
        add(name, default=env(variable, default), help=f"{about} [${variable}]", **more)

    told("--api", "COUNTERPART_API", "http://127.0.0.1:8420", "where `counterpart up --api` listens", metavar="URL")
    told("--api-token-file", "COUNTERPART_TOKEN_FILE", None, "file with the cpt_ token", metavar="FILE")
    told("--helpdesk", "HELPDESK_URL", None, "address of the helpdesk", metavar="URL")
    told("--helpdesk-token-file", "HELPDESK_TOKEN_FILE", None, "file with the helpdesk's token", metavar="FILE")
    told("--group", "HELPDESK_GROUP", "Users", "group of new tickets; Users where nothing is said")
    told("--state", "BRIDGE_STATE", "helpdesk-bridge.json", "remembers from where on to look", metavar="FILE")
    add("--system", default="zammad", help="what the helpdesk is called among the names of a case")
    add("--link", default="", help="address of a case for agents, with {case} in it")
    about = f"show {', '.join(FIELDS)} in a field of the ticket's own; repeat for more"
    add("--field", action="append", default=[], metavar="WHAT=NAME", help=about)
    add("--once", action="store_true", help="bring all in step, then end")
    about = "with --once: seconds to wait for a side that does not answer"
    add("--patience", type=float, default=60.0, metavar="SECONDS", help=about)
    add("--poll", type=float, default=10.0, metavar="SECONDS", help="seconds between two looks at the helpdesk")
    add("--no-events", action="store_true", help="do not follow the stream of events")
    add("--hook", metavar="IP:PORT", help="take signed webhooks here, as a wake-up")
    add("--hook-secret-file", metavar="FILE", help="file with the webhook's whsec_ secret")
    add("--plain-http", action="store_true", help="allow http:// to other machines")
    return parser.parse_args(given)


def fields(given: list[str]) -> dict[str, str]:
    pairs = dict(one.partition("=")[::2] for one in given)
    for what, name in pairs.items():
        if what not in FIELDS or not (name.isascii() and name.replace("_", "").isalnum()):
            raise Misused(f"--field {what}={name}: one of {', '.join(FIELDS)}, and a field's name")
    return pairs


def assemble(said: argparse.Namespace) -> Bridge:
    if not said.helpdesk:
        raise Misused("the helpdesk's address is needed: --helpdesk https://desk.example")
    if not 0 < said.poll < 86400 or said.patience < 0:
        raise Misused("--poll and --patience are seconds")
    if not re.fullmatch(r"[a-z0-9-]{1,30}", said.system):
        raise Misused("--system: at most 30 small letters, digits and -")
    cpt = {"Authorization": f"Bearer {secret_in(said.api_token_file, 'the token of the API')}"}
    desk = {"Authorization": f"Token token={secret_in(said.helpdesk_token_file, 'the token of the helpdesk')}"}
    home = Counterpart(Site("counterpart", said.api, cpt, said.plain_http))
    helpdesk = Zammad(Site("the helpdesk", said.helpdesk, desk, said.plain_http), said.group)
    wishes = Wishes(said.system, said.link, fields(said.field))
    return Bridge(home, helpdesk, wishes, Path(said.state))


def run(said: argparse.Namespace) -> int:
    bridge = assemble(said)
    with alone(bridge.path):
        # Whatever is under way can be broken off and begun again.
        signal.signal(signal.SIGTERM, lambda *_: sys.exit(DONE))
        if said.once:
            return bridge.once(said.patience)
        wake = threading.Event()
        if said.hook:
            host, _, port = said.hook.rpartition(":")
            secret = secret_in(said.hook_secret_file, "the secret of the webhook")
            if not port.isdigit():
                raise Misused("--hook: an address and a port, such as 127.0.0.1:8430")
            server = HookServer((host.strip("[]"), int(port)), secret, wake)
            threading.Thread(target=server.serve_forever, daemon=True).start()
        if not said.no_events:
            threading.Thread(target=follow, args=(bridge.home, wake), daemon=True).start()
        bridge.always(wake, said.poll)


def main() -> int:
    try:
        return run(arguments())
    except Misused as why:
        warn(str(why))
        return USAGE
    except Unreachable as why:
        warn(f"{why}; nothing is lost, start it again later")
        return UNREACHABLE
    except BridgeError as why:
        warn(str(why))
        return FAILED
    except KeyboardInterrupt:
        return DONE
    except BrokenPipeError:
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return FAILED


if __name__ == "__main__":
    sys.exit(main())
