"""What makes pods and is refused by the API server, as its conditions and its events tell."""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta

from jhubdoctor.api import (
    DaemonSet,
    Deployment,
    Event,
    Events,
    Evidence,
    Job,
    Ref,
    StatefulSet,
    clean,
    fact,
)

Maker = Deployment | StatefulSet | DaemonSet | Job
# An account or a quota that comes a moment later is no fault; controllers try again after seconds, then minutes.
PATIENCE = timedelta(minutes=1)
RECENT = timedelta(hours=1)
# pkg/controller of 1.20 and 1.36: `Error creating: pods "x-" is forbidden: ...` of ReplicaSets, DaemonSets and Jobs,
# `create Pod x-0 in StatefulSet x failed error: pods "x-0" is forbidden: ...` of StatefulSets
_BEFORE = r"^(?:Error creating: |create Pod \S+ in StatefulSet \S+ failed error: )"
# Done, for better or worse: its pods are made no more.
_ENDED = frozenset({"Complete", "Failed", "Suspended", "SuccessCriteriaMet", "FailureTarget"})


@dataclass(frozen=True)
class Refusal:
    """What makes pods, and cannot.

    Attributes:
        maker: the Deployment, StatefulSet, DaemonSet or Job.
        message: what the API server said last, from `pods "x-" is forbidden: ` on.
        seen: where that stands.
    """

    maker: Maker
    message: str
    seen: Evidence

    @property
    def hook(self) -> bool:
        """Whether Helm, or Argo CD, makes it before an install or upgrade and waits for it."""
        return is_hook(self.maker)


def is_hook(maker: Maker) -> bool:
    """Whether Helm, or Argo CD, makes it before an install or upgrade and waits for it."""
    return "helm.sh/hook" in maker.annotations or maker.labels.get("hub.jupyter.org/deletable") == "true"


@fact()
def refusals(
    deployments: list[Deployment],
    stateful_sets: list[StatefulSet] | None,
    daemon_sets: list[DaemonSet] | None,
    jobs: list[Job] | None,
    events: Events | None,
    now: datetime,
) -> list[Refusal]:
    """What of the release makes pods and is refused, as far as it could be read: for those who know the reason."""
    return refused((*deployments, *(stateful_sets or ()), *(daemon_sets or ()), *(jobs or ())), events, now)


def refused(makers: Iterable[Maker], events: Events | None, now: datetime) -> list[Refusal]:
    """Those that lack pods and were refused when they tried last, by kind and name."""
    failed = [e for e in events.of("FailedCreate") if now - e.at < RECENT] if events is not None else []
    made = events.of("SuccessfulCreate") if events is not None else []
    found = []
    for maker in sorted(makers, key=lambda m: (m.ref.kind, m.name)):
        if not _lacks(maker) or now - maker.created < PATIENCE:
            continue
        if (condition := _condition(maker)) is not None:
            found.append(Refusal(maker, *condition))
            continue
        last = next((e for e in failed if _of(e, maker)), None)
        # it went on making them since, or had no time to
        if last is None or now - last.began < PATIENCE or any(e.at > last.at for e in made if _of(e, maker)):
            continue
        seen = Evidence("event", f"{maker.name}: FailedCreate: {clean(last.message, 300)}", last.at)
        found.append(Refusal(maker, re.sub(_BEFORE, "", last.message), seen))
    return found


def _lacks(maker: Maker) -> bool:
    """Whether it lacks pods by its own count; of a Deployment those of its newest revision count."""
    if isinstance(maker, Job):
        over = any(c.type in _ENDED and c.status == "True" for c in maker.status.conditions)
        return not (over or maker.status.active or maker.status.succeeded)
    if isinstance(maker, DaemonSet):
        return maker.status.current_number_scheduled < maker.status.desired_number_scheduled
    newest = maker.status.updated_replicas if isinstance(maker, Deployment) else maker.status.replicas
    return min(maker.status.replicas, newest) < maker.spec.replicas


def _condition(maker: Maker) -> tuple[str, Evidence] | None:
    """The condition ReplicaFailure of a Deployment: what it says, and as evidence."""
    conditions = maker.status.conditions if isinstance(maker, Deployment) else []
    for c in conditions:
        if c.type == "ReplicaFailure" and c.status == "True" and c.message:
            detail = f"{maker.name}: ReplicaFailure: {clean(c.message, 300)}"
            return c.message, Evidence("deployment", detail, c.last_transition_time)
    return None


def _of(event: Event, maker: Maker) -> bool:
    """Whether an event is about what makes pods, or about a ReplicaSet of it."""
    kind, name = event.about
    if isinstance(maker, Deployment):
        return kind == "ReplicaSet" and name.rpartition("-")[0] == maker.name
    return (kind, name) == (maker.ref.kind, maker.name)


def refused_with(refusals: Iterable[Refusal] | None, *texts: str) -> tuple[Ref, ...]:
    """Those that are refused with one of these texts."""
    return tuple(r.maker.ref for r in refusals or () if any(t in r.message for t in texts))
