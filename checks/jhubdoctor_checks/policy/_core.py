"""Deployments of the hub whose pods the API server refuses to make, as their own status tells."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator

from jhubdoctor.api import Condition, Deployment, Ref
from jhubdoctor_checks.facts.hub_graph import CORE

# `pods "hub-78fc69d56-" is forbidden: ` or `Pod "hub-..." is invalid: `; a ReplicaSet's pod has no whole name yet
_POD = r'^(?:pods|Pod) "[^"]*" is (?:forbidden|invalid): '


def told_of(deployments: Iterable[Deployment]) -> Iterator[tuple[Deployment, Condition]]:
    """Those that have fewer pods than they should, each with the condition that says why."""
    for d in sorted(deployments, key=lambda d: d.name):
        if d.component not in CORE or d.status.replicas >= d.spec.replicas:
            continue
        for c in d.status.conditions:
            if c.type == "ReplicaFailure" and c.status == "True" and c.message:
                yield d, c


def refused_by(deployments: Iterable[Deployment] | None, *texts: str) -> list[Deployment]:
    """Those that are refused with one of these texts."""
    return [d for d, c in told_of(deployments or []) if any(t in c.message for t in texts)]


def reason(message: str) -> str:
    """The message without the pod's name, which has a hash in it."""
    return re.sub(_POD, "", message)


def refs(deployments: Iterable[Deployment]) -> tuple[Ref, ...]:
    """References to them."""
    return tuple(d.ref for d in deployments)
