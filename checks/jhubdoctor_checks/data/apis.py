"""The table of the built-in APIs of Kubernetes: since when, until when, and what to use instead (`apis.tsv`)."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import cache
from importlib import resources

from jhubdoctor_checks.data import KNOWS

FIRST, LAST = 16, int(KNOWS["kubernetes"].partition(".")[2])
"""The first and the last minor that the table tells of."""


@dataclass(frozen=True, slots=True)
class Api:
    """One kind of one group version.

    Attributes:
        api_version: `policy/v1beta1`; `v1` for the core.
        kind: `PodDisruptionBudget`.
        introduced: the minor that first served it.
        deprecated: the minor that first warned of it.
        removed: the first minor that does not serve it.
        replacement: what to use instead today, as `policy/v1 PodDisruptionBudget`; empty where there is nothing.
        served: `on`, `off` (only by --runtime-config), `part` (of other objects' URLs), `payload` (never).
        source: where the row comes from; the head of `apis.tsv` explains the words.
    """

    api_version: str
    kind: str
    introduced: int
    deprecated: int | None
    removed: int | None
    replacement: str
    served: str
    source: str

    @property
    def group(self) -> str:
        """The group, empty for the core."""
        return self.api_version.rpartition("/")[0]

    @property
    def version(self) -> str:
        """The version within the group."""
        return self.api_version.rpartition("/")[2]

    @property
    def resource(self) -> str:
        """The plural in URLs."""
        return plural(self.kind)

    def served_in(self, minor: int) -> bool:
        """Whether a release can serve it."""
        return self.introduced <= minor and (self.removed is None or minor < self.removed)

    def deprecated_in(self, minor: int) -> bool:
        """Whether a release warns of it."""
        return self.served_in(minor) and self.deprecated is not None and self.deprecated <= minor

    def replacement_in(self, minor: int) -> str:
        """What to use instead in a release that may be too old for `replacement`; empty where there is nothing."""
        wanted = self.replacement
        if wanted and (successor := find(*wanted.split(" ", 1))) is not None and successor.served_in(minor):
            return wanted
        others = [a for a in table().values() if a.kind == self.kind and a.group == self.group and a is not self]
        end = self.removed or 999
        newer = [a for a in others if a.served_in(minor) and a.served == "on" and (a.removed or 999) > end]
        best = max(newer, key=lambda a: a.removed or 999, default=None)
        return f"{best.api_version} {best.kind}" if best is not None else wanted

    def __str__(self) -> str:
        return f"{self.api_version} {self.kind}"


def plural(kind: str) -> str:
    """The plural by which Kubernetes names the resource of a built-in kind."""
    word = kind.lower()
    if word == "endpoints":
        return word
    if word.endswith(("s", "x", "ch")):
        return word + "es"
    if word.endswith("y"):
        return word[:-1] + "ies"
    return word + "s"


def _minor(text: str) -> int | None:
    return None if text == "-" else int(text.partition(".")[2])


@cache
def table() -> Mapping[tuple[str, str], Api]:
    """All rows, by group version and kind."""
    found = {}
    for line in resources.files(__package__ or "").joinpath("apis.tsv").read_text(encoding="utf-8").splitlines():
        if line and not line.startswith("#"):
            version, kind, introduced, deprecated, removed, replacement, served, source = line.split("\t")
            found[version, kind] = Api(
                version,
                kind,
                _minor(introduced) or 0,
                _minor(deprecated),
                _minor(removed),
                "" if replacement == "-" else replacement,
                served,
                source,
            )
    return found


def find(api_version: str, kind: str) -> Api | None:
    """The row of a kind; None for what is not built in, and for what the table is too old or too young for."""
    return table().get((api_version, kind))


@cache
def _by_resource() -> Mapping[tuple[str, str], Api]:
    return {(a.api_version, a.resource): a for a in table().values()}


def by_resource(api_version: str, resource: str) -> Api | None:
    """The row of a resource by its plural (`poddisruptionbudgets`)."""
    return _by_resource().get((api_version, resource))


def by_go_name(version: str, kind: str) -> Iterator[Api]:
    """Rows of a Go type as clients log it: `*v1beta1.PodDisruptionBudget` does not tell the group."""
    return (a for a in table().values() if a.version == version and a.kind == kind)


@cache
def groups() -> frozenset[str]:
    """The groups of which the table knows every version, so that an unlisted one is not served by anything."""
    return frozenset(a.group for a in table().values())
