"""The keys that each release of the chart accepts in its values (`values.tsv`), and where former ones went."""

from __future__ import annotations

import difflib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import cache
from importlib import resources

from packaging.version import Version

FIRST_WITH_SCHEMA = Version("1.0.0")
"""Releases before it take any values, and ignore what they do not know."""


@dataclass(frozen=True, slots=True)
class Key:
    """One key in a range of releases."""

    path: str
    since: Version
    until: Version | None
    types: frozenset[str]
    closed: bool
    words: tuple[str, ...]

    def holds(self, version: Version) -> bool:
        """Whether it is so in this release."""
        return self.since <= version and (self.until is None or version < self.until)

    def takes(self, kind: str) -> bool:
        """Whether a value of this type is accepted. A null in values takes a default away, so it never hurts."""
        if not self.types or kind == "null" or kind in self.types:
            return True
        return kind == "integer" and "number" in self.types


@cache
def table() -> tuple[Key, ...]:
    """All rows."""
    found = []
    for line in resources.files(__package__ or "").joinpath("values.tsv").read_text(encoding="utf-8").splitlines():
        if line and not line.startswith("#"):
            path, since, until, types, closed, words = line.split("\t")
            found.append(
                Key(
                    "" if path == "." else path,
                    Version(since),
                    None if until == "-" else Version(until),
                    frozenset() if types == "-" else frozenset(types.split()),
                    closed == "closed",
                    () if words == "-" else tuple("" if w == '""' else w for w in words.split(" ")),
                )
            )
    return tuple(found)


@cache
def accepted(version: Version) -> Mapping[str, Key]:
    """The keys of one release, by path."""
    return {k.path: k for k in table() if k.holds(version)}


def unknown(shape: Mapping[str, str], version: Version) -> Iterator[tuple[str, str]]:
    """Keys that a release does not accept, each with the closest that it does (empty for none)."""
    keys = accepted(version)
    for path in shape:
        parent, _, name = path.rpartition(".")
        above = keys.get(parent)
        if above is not None and above.closed and path not in keys:
            siblings = {k.rpartition(".")[2]: k for k in keys if k and k.rpartition(".")[0] == parent}
            close = difflib.get_close_matches(name, siblings, 1)
            yield path, siblings[close[0]] if close else ""


def mistyped(shape: Mapping[str, str], version: Version) -> Iterator[tuple[str, str, Key]]:
    """Keys whose value is of a type that a release does not accept."""
    keys = accepted(version)
    for path, kind in shape.items():
        key = keys.get(path)
        if key is not None and not key.takes(kind):
            yield path, kind, key


@dataclass(frozen=True, slots=True)
class Moved:
    """A key that a release stopped taking: what to write instead."""

    path: str
    since: Version
    instead: str
    source: str


_NOTES = "templates/NOTES.txt of chart {}"

MOVED = tuple(
    Moved(path, Version(since), instead, _NOTES.format(since))
    for path, since, instead in (
        ("hub.imagePullSecret", "0.10.0", "imagePullSecret, for all pods of the hub"),
        ("singleuser.imagePullSecret", "0.10.0", "imagePullSecret, for all pods of the hub"),
        ("proxy.networkPolicy", "0.10.0", "proxy.chp.networkPolicy and proxy.traefik.networkPolicy"),
        ("proxy.containerSecurityContext", "0.10.0", "proxy.chp.containerSecurityContext"),
        ("auth", "0.11.0", "hub.config; `helm template` with chart 0.11.1 prints the new form of these values"),
        ("proxy.pdb", "0.11.0", "proxy.chp.pdb"),
        ("hub.extraConfigMap", "1.0.0", "custom"),
        ("hub.uid", "1.0.0", "hub.containerSecurityContext.runAsUser"),
        (
            "singleuser.cloudMetadata.enabled",
            "1.0.0",
            "singleuser.cloudMetadata.blockWithIptables, the other way round",
        ),
        (
            "rbac.enabled",
            "2.0.0",
            "rbac.create, and serviceAccount.create of hub, traefik, userScheduler and prePuller.hook",
        ),
        ("hub.fsGid", "2.0.0", "hub.podSecurityContext.fsGroup"),
    )
)
"""Keys that went elsewhere. Since 0.10 the chart itself stops with a message at these."""
