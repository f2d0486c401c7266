"""The API server's own Tables: what `kubectl get` prints, for all objects of a kind at a hundredth of their size.

Source: https://kubernetes.io/docs/reference/using-api/api-concepts/#receiving-resources-as-tables. The columns are
those of the server's printers; a column that is not there judges nothing well.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import msgspec

from jhubdoctor.sources.decode import NotJSON, describe


class _Column(msgspec.Struct):
    name: str = ""


class _Row(msgspec.Struct):
    cells: list[Any] = []


class _Meta(msgspec.Struct):
    continue_: str = msgspec.field(default="", name="continue")


class _Table(msgspec.Struct, rename="camel"):
    kind: str = ""
    metadata: _Meta | None = None
    column_definitions: list[_Column] = []
    rows: list[_Row] = []


_DECODER = msgspec.json.Decoder(_Table)

# What the events of a server's ordinary life give as their reason (kubelet, scheduler, controllers, provisioners; the
# same words since Kubernetes 1.20). Each selector has the server look at all events: so there is one, without these.
_ORDINARY = (
    "Scheduled", "Pulled", "Created", "Started", "Killing", "SuccessfulAttachVolume", "SuccessfulMountVolume",
    "WaitForFirstConsumer", "Provisioning", "ProvisioningSucceeded", "SuccessfulCreate", "SuccessfulDelete",
    "LeaderElection",
)  # fmt: skip

# Field selectors that bring at once many of those that are not well.
SLICES: dict[str, tuple[str, ...]] = {
    "pods": ("status.phase!=Running",),
    "events": (",".join(f"reason!={r}" for r in _ORDINARY),),
}

# Where the slices above bring too many: warnings, and what is not a warning and yet tells why a pod waits.
NARROWER: dict[str, tuple[str, ...]] = {
    "events": (
        "type!=Normal",
        "reason=Pulling",
        "reason=FailedBinding",
        "reason=ExternalProvisioning",
        "reason=NotTriggerScaleUp",
        "reason=TriggeredScaleUp",
    ),
}
UNTABLED = frozenset({"events"})
"""Kinds whose Table says nothing that the slices do not bring."""


def _pod_is_well(cells: dict[str, str]) -> bool:
    """Running, all containers ready, and never restarted."""
    ready = re.fullmatch(r"(\d+)/(\d+)", cells.get("ready", ""))
    return (
        cells.get("status") == "Running"
        and ready is not None
        and ready[1] == ready[2]
        and cells.get("restarts", "").split(" ")[0] == "0"
    )


def _is_bound(cells: dict[str, str]) -> bool:
    return cells.get("status") == "Bound"


def _is_no_trouble(cells: dict[str, str]) -> bool:
    """A volume that is bound, free, or left over: many hubs keep the homes of those who have gone."""
    return cells.get("status") in {"Bound", "Available", "Released"}


def _is_everywhere(cells: dict[str, str]) -> bool:
    """A DaemonSet that has a ready pod on each node on which it belongs."""
    return cells.get("desired") == cells.get("ready") is not None


JUDGED = frozenset({"name", "status", "ready", "restarts", "desired"})
"""The columns that the judgements below look at; of tens of thousands of rows the others cost more than these."""
WELL: dict[str, Callable[[dict[str, str]], bool]] = {
    "pods": _pod_is_well,
    "persistentvolumeclaims": _is_bound,
    "persistentvolumes": _is_no_trouble,
    "daemonsets": _is_everywhere,
}


@dataclass(frozen=True)
class Table:
    """What a Table says of a kind: how many there are, and the names of those that are not well.

    `following` is the token of its next page, empty where it is the last.
    """

    count: int
    unwell: tuple[str, ...]
    following: str = ""

    def and_then(self, page: Table) -> Table:
        """It with its next page."""
        return Table(self.count + page.count, self.unwell + page.unwell, page.following)


def read_table(read: str, body: bytes | bytearray) -> Table | None:
    """A Table of this kind from its JSON, or a page of one; None where the answer is another kind of object.

    Raises:
        NotJSON: where it is no JSON of that shape, or has a row without a name.
    """
    try:
        found = _DECODER.decode(body)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as e:
        raise NotJSON(describe(body)) from e
    if found.kind != "Table":
        return None
    columns = [(i, c.name.lower()) for i, c in enumerate(found.column_definitions)]
    judged = [(i, name) for i, name in columns if name in JUDGED]
    well = WELL[read]
    unwell = []
    for row in found.rows:
        cells = {name: str(row.cells[i]) for i, name in judged if i < len(row.cells)}
        if not cells.get("name"):
            raise NotJSON("the Table has a row without a name")
        if not well(cells):
            unwell.append(cells["name"])
    return Table(len(found.rows), tuple(unwell), found.metadata.continue_ if found.metadata else "")
