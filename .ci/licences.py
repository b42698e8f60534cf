#!/usr/bin/env python3
"""Holds every crate that is built against .deny.toml: its licence, the banned crates, where it comes from.

The same file drives cargo-deny, which says more; this needs nothing but Python (3.11 or newer) and cargo.
Only crates that some feature in use pulls in are judged: `cargo metadata` also lists optional ones that are never
built, so what is built is taken from `cargo tree`.
"""

import json
import re
import subprocess
import sys
import tomllib
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent


def cargo(*arguments):
    return subprocess.run(["cargo", *arguments], cwd=ROOT, check=True, stdout=subprocess.PIPE, text=True).stdout


def built():
    """Name and version of every crate in any build of the workspace, on any platform."""
    listing = cargo("tree", "--locked", "--workspace", "--target", "all", "--edges", "normal,build,dev",
                    "--prefix", "none", "--format", "{p}")
    found = set()
    for line in filter(None, listing.splitlines()):
        name, version = line.split()[:2]
        found.add((name, version.removeprefix("v")))
    return found


class Expression:
    """An SPDX licence expression; `/` is the old spelling of OR."""

    def __init__(self, text, allowed):
        self.tokens = re.findall(r"[()]|[^\s()/]+|/", text)
        self.allowed = allowed

    def holds(self):
        result = self.either()
        if self.tokens:
            raise ValueError(f"unexpected {self.tokens[0]!r}")
        return result

    def either(self):
        result = self.both()
        while self.tokens and self.tokens[0] in ("OR", "/"):
            self.tokens.pop(0)
            result = self.both() or result
        return result

    def both(self):
        result = self.one()
        while self.tokens and self.tokens[0] == "AND":
            self.tokens.pop(0)
            result = self.one() and result
        return result

    def one(self):
        if not self.tokens:
            raise ValueError("ends too early")
        token = self.tokens.pop(0)
        if token == "(":
            result = self.either()
            if not self.tokens or self.tokens.pop(0) != ")":
                raise ValueError("a bracket is not closed")
            return result
        if token in (")", "OR", "AND", "WITH", "/"):
            raise ValueError(f"unexpected {token!r}")
        if self.tokens and self.tokens[0] == "WITH":
            self.tokens.pop(0)
            token = f"{token} WITH {self.tokens.pop(0)}"
        return token in self.allowed


def main():
    rules = tomllib.loads((ROOT / ".deny.toml").read_text())
    allowed = set(rules["licenses"]["allow"])
    banned = {entry["crate"]: entry.get("reason", "") for entry in rules["bans"]["deny"]}
    registries = {f"registry+{url}" for url in rules["sources"]["allow-registry"]}
    packages = json.loads(cargo("metadata", "--format-version", "1", "--locked"))["packages"]

    in_use = built()
    faults = []
    judged = 0
    for package in packages:
        name, version = package["name"], package["version"]
        if (name, version) not in in_use:
            continue
        judged += 1
        if name in banned:
            faults.append(f"{name} {version} is banned: {banned[name]}")
        if package["source"] is not None and package["source"] not in registries:
            faults.append(f"{name} {version} comes from {package['source']}, which is not allowed")
        licence = package["license"]
        try:
            if licence is None or not Expression(licence, allowed).holds():
                faults.append(f"{name} {version} has the licence {licence!r}, which .deny.toml does not allow")
        except ValueError as why:
            faults.append(f"{name} {version} has a licence that cannot be read, {licence!r}: {why}")

    missing = in_use - {(p["name"], p["version"]) for p in packages}
    faults.extend(f"{name} {version} is built, but cargo metadata does not know it" for name, version in sorted(missing))
    for fault in faults:
        print(fault, file=sys.stderr)
    print(f"{judged} crates judged, {len(faults)} faults")
    return 1 if faults else 0


if __name__ == "__main__":
    sys.exit(main())
