"""What a check says: a finding names objects, shows evidence and gives one next step."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from typing import Any


class Severity(StrEnum):
    """How bad it is: `error` breaks the hub for someone now, `warning` will or may, `info` is advice."""

    ERROR = "error"
    WARNING = "warning"
    INFO = "info"

    @property
    def rank(self) -> int:
        """0 for the worst."""
        return _RANK[self]

    def at_most(self, most: Severity) -> Severity:
        """This severity, or `most` where this is worse."""
        return max(self, most, key=lambda s: s.rank)


_RANK = {Severity.ERROR: 0, Severity.WARNING: 1, Severity.INFO: 2}


@dataclass(frozen=True, slots=True)
class Ref:
    """One Kubernetes object, or one container of a pod.

    `stable` is the object that owns this one and outlives it (the Deployment of a pod, say), as `Kind/name`; it is what
    fingerprints are made of, because a pod's name changes at every restart.
    """

    kind: str
    name: str
    namespace: str = ""
    api_version: str = "v1"
    container: str = ""
    stable: str = field(default="", compare=False)

    @property
    def key(self) -> tuple[str, str, str]:
        """What says whether two references mean the same object: kind, namespace, name."""
        return (self.kind, self.namespace, self.name)

    def __str__(self) -> str:
        where = f"{self.namespace}/" if self.namespace else ""
        inside = f" (container {self.container})" if self.container else ""
        return f"{self.kind} {where}{self.name}{inside}"


@dataclass(frozen=True, slots=True)
class Evidence:
    """One thing that was seen: where (`pod.status`, `event`, `hub log`, `values`, ...), what, and when if known."""

    source: str
    detail: str
    time: datetime | None = None


@dataclass(frozen=True, slots=True)
class Fix:
    """The next step: a sentence, commands that can be pasted, and a patch for values.yaml.

    `values` is nested as in the chart's values.yaml; the engine nests it once more where the chart is a dependency of
    another chart. A list in it is added to what is set today, but for those whose paths `replaces` names. An amount in
    it is made twice what is set today where it would not be more, unless the fix `lowers` what is set. `commands` hold
    real names. `caution` says what the fix restarts, deletes or interrupts.
    """

    text: str
    values: Mapping[str, Any] = field(default_factory=dict)
    commands: tuple[str, ...] = ()
    caution: str = ""
    replaces: tuple[str, ...] = ()
    lowers: bool = False


@dataclass(frozen=True, slots=True)
class Finding:
    """What is wrong, on which objects, how we know, and what to do.

    Attributes:
        on: the objects that it is about; what a symptom must share with a cause to be folded under it.
        says: one sentence, without a final full stop, that claims no more than the evidence proves.
        evidence: `Evidence`, or a pair (source, detail), or a triple with the time; None for what was not seen here.
        fix: the next step.
        severity: where it differs from the check's own.
        cause: a short stable word that tells the causes of one check apart; a part of the fingerprint.
        affects: further objects that suffer from this (pods of users that cannot start, say).
        unexplained: whether it tells that something happened and cannot tell why; what can stands before it.
    """

    on: tuple[Ref, ...]
    says: str
    evidence: tuple[Evidence | tuple[str, str] | tuple[str, str, datetime | None] | None, ...]
    fix: Fix
    severity: Severity | None = None
    cause: str = ""
    affects: tuple[Ref, ...] = ()
    unexplained: bool = False

    @property
    def proof(self) -> tuple[Evidence, ...]:
        """The evidence in one shape."""
        return tuple(e if isinstance(e, Evidence) else Evidence(*e) for e in self.evidence if e is not None)
