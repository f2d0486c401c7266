"""The order of a report: what to see to first."""

from __future__ import annotations

import math
from typing import Any

from jhubdoctor.engine.result import Reported
from jhubdoctor.model.finding import Ref

# What these are about concerns those users whose pods, homes or nodes they are, or nobody's server (image pullers,
# placeholders, budgets). All other objects (the hub and the proxy, their Services and ways in, the user-scheduler, the
# release, quotas, the API server) are there for everybody.
_OF_SOME = frozenset(
    "Pod PersistentVolumeClaim PersistentVolume VolumeAttachment Node DaemonSet StatefulSet Job PodDisruptionBudget"
    " Suppression".split()
)


def for_everybody(ref: Ref) -> bool:
    """Whether an object is one that all users of a hub need; a pod of a Deployment (hub, proxy ...) is."""
    return ref.kind not in _OF_SOME or (ref.kind == "Pod" and ref.stable.startswith("Deployment/"))


def ranked(findings: list[Reported]) -> list[Reported]:
    """The order of a report: what to see to first.

    Root causes before symptoms; errors and what explains errors before warnings; what says why before what cannot; what
    concerns everybody before what concerns some, and of these what concerns more of them; then what explains most.
    """
    of: dict[str, list[Reported]] = {}
    for f in findings:
        of.setdefault(f.explained_by or f.fingerprint, []).append(f)

    def place(f: Reported) -> tuple[Any, ...]:
        # a symptom stands for itself: it comes after all causes anyway
        members = of[f.fingerprint] if f.explained_by is None else [f]
        concerned = {r.key: r for m in members for r in (*m.finding.on, *m.finding.affects)}
        return (
            f.explained_by is not None,
            min(m.severity.rank for m in members),
            f.severity.rank,
            f.finding.unexplained,
            # more than everybody there are not
            -math.inf if any(map(for_everybody, concerned.values())) else -len(concerned),
            -len(members),
            f.check.id,
            f.fingerprint,
        )

    return sorted(findings, key=place)
