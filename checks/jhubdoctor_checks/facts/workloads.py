"""What runs beside the hub, in other namespaces too, and is down: which of its pods are not ready, and why."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta

from jhubdoctor.api import (
    ContainerStatus,
    DaemonSet,
    Deployment,
    Evidence,
    LabelSelector,
    Look,
    Node,
    Pod,
    Ref,
    Service,
    StatefulSet,
    Terminated,
    clean,
    selected,
    some,
    transient,
    untolerated,
)
from jhubdoctor_checks.facts.image import PULL_REASONS

Workload = Deployment | StatefulSet | DaemonSet
# Longer than a restart, and than a new node takes to get its agents.
PATIENCE = timedelta(minutes=3)
CRASHING = timedelta(minutes=10)
"""The kubelet waits for five minutes at most before it starts a container again."""


@dataclass(frozen=True)
class Trouble:
    """Why a pod is not ready.

    Attributes:
        pod: the pod.
        word: the kind of reason, a part of fingerprints.
        says: the rest of a sentence (`crashes (exit code 1)`).
        since: since when it is not ready.
        more: what its status adds to that in its own words; may be empty.
    """

    pod: Pod
    word: str
    says: str
    since: datetime
    more: str = ""

    @property
    def evidence(self) -> Evidence:
        """What its status shows."""
        where = f" on node {self.pod.node}" if self.pod.node else ""
        more = f": {self.more}" if self.more else ""
        return Evidence("pod.status", f"{self.pod.name}{where} {self.says}{more}; not ready since", self.since)


def trouble_of(pod: Pod, nodes: Iterable[Node] | None, now: datetime) -> Trouble:
    """Why a pod that is not ready is not."""
    since = pod.unready_since
    word, says, more = _reason(pod, list(nodes or ()), now)
    return Trouble(pod, word, says, since, clean(more, 300))


def _reason(pod: Pod, nodes: list[Node], now: datetime) -> tuple[str, str, str]:
    if any(n.name == pod.node and not n.ready for n in nodes):
        return "node-away", f"is on node {pod.node}, which is not ready", ""
    if pod.terminating:
        return "terminating", "does not finish terminating", ""
    placed = pod.condition("PodScheduled")
    if not pod.node:
        return "no-node", f"has no node{_kept_away(pod, nodes)}", placed.message if placed is not None else ""
    for status in pod.statuses():
        waits = status.state.waiting
        if waits is not None and waits.reason in PULL_REASONS:
            return "image", f"does not get its image ({waits.reason})", waits.message
        if _crashes(status, now):
            ended = status.state.terminated or status.last_state.terminated or Terminated()
            how = "killed for memory" if ended.reason == "OOMKilled" else f"exit code {ended.exit_code}"
            return "crashes", f"crashes ({how}, {status.restart_count} restarts)", ended.message
        if waits is not None and waits.reason not in {"", "ContainerCreating", "PodInitializing"}:
            return "waits", f"waits ({clean(waits.reason, 60)})", waits.message
    if pod.finished:
        return "ended", f"has ended ({clean(pod.status.reason, 60) or pod.phase})", pod.status.message
    if pod.phase == "Running":
        return "unready", "runs, and does not answer its readiness probe", ""
    return "not-started", "has not started", ""


def _kept_away(pod: Pod, nodes: list[Node]) -> str:
    """What keeps a pod from all nodes, as the rest of a sentence; empty where it is room, or nothing that is known."""
    there = [n for n in nodes if n.ready and not n.spec.unschedulable]
    meant = [n for n in there if selected(pod.spec, n)]
    taints = [[t for t in untolerated(pod.spec, n) if not transient(t)] for n in meant]
    if there and not meant:
        wanted = ", ".join(f"{k}={v}" for k, v in sorted(pod.spec.node_selector.items()))
        return f", for no node is as its {f'selector wants ({clean(wanted, 120)})' if wanted else 'affinity wants'}"
    if meant and all(taints):
        shown = some(sorted({clean(str(t), 80) for each in taints for t in each}))
        return f", for it does not tolerate {shown}"
    return ""


def _crashes(status: ContainerStatus, now: datetime) -> bool:
    """Whether a container waits to be started again, or was started again just now and is not ready."""
    waits, runs = status.state.waiting, status.state.running
    if waits is not None:
        return waits.reason == "CrashLoopBackOff"
    if runs is None or runs.started_at is None:
        return status.state.terminated is not None and status.state.terminated.exit_code != 0
    return not status.ready and status.restart_count > 1 and now - runs.started_at < CRASHING


@dataclass(frozen=True)
class Down:
    """Something that has no ready pod.

    Attributes:
        workload: the Deployment, StatefulSet or DaemonSet.
        word: why, a part of fingerprints (`scaled-to-zero`, `no-pods`, or the word of a `Trouble`).
        says: the rest of a sentence.
        evidence: what shows it.
        troubles: why each of its pods is not ready.
    """

    workload: Workload
    word: str
    says: str
    evidence: tuple[Evidence, ...]
    troubles: tuple[Trouble, ...] = ()

    @property
    def pods(self) -> tuple[Ref, ...]:
        """Its pods."""
        return tuple(t.pod.ref for t in self.troubles)

    @property
    def place(self) -> str:
        """Its kind and name, with the namespace."""
        return f"{self.workload.KIND} {self.workload.namespace}/{self.workload.name}"

    def look_closer(self) -> tuple[str, ...]:
        """The commands that show why, of what has pods: their description, and what a crash left in the log."""
        name = f"kubectl --namespace {self.workload.namespace}"
        if not self.troubles:
            return (f"{name} describe {self.workload.KIND.lower()} {self.workload.name}",)
        first = self.troubles[0]
        log = f"{name} logs {first.pod.name} --all-containers --previous --tail 50"
        return (f"{name} describe pod {first.pod.name}", *((log,) if first.word == "crashes" else ()))


def wanted(workload: Workload) -> int:
    """How many pods it asks for; of a DaemonSet on how many nodes it belongs."""
    if isinstance(workload, DaemonSet):
        return workload.status.desired_number_scheduled
    return workload.spec.replicas


def belongs(daemon_set: DaemonSet, node: Node) -> bool:
    """Whether a DaemonSet makes a pod for a node, once the node has got over what passes."""
    spec = daemon_set.spec.template.spec
    return selected(spec, node) and all(transient(t) for t in untolerated(spec, node))


def has_ready(workload: Workload) -> bool:
    """Whether one of its pods is ready."""
    if isinstance(workload, DaemonSet):
        return workload.status.number_ready > 0
    return workload.status.ready_replicas > 0


def down(look: Look, workload: Workload, nodes: list[Node] | None) -> Down | None:
    """Why something has no ready pod; None where it has one, or may get one any moment.

    Reads its pods where it asks for some and none is ready.
    """
    place = f"{workload.namespace}/{workload.name}"
    if has_ready(workload) or look.now - workload.created < PATIENCE:
        return None
    if not wanted(workload):
        if isinstance(workload, DaemonSet):
            shown = Evidence("daemonset", f"{place}: desiredNumberScheduled: 0")
            return Down(workload, "no-nodes", "belongs on no node", (shown,))
        shown = Evidence(workload.KIND.lower(), f"{place}: replicas: 0")
        return Down(workload, "scaled-to-zero", "is scaled to 0", (shown,))
    shown = Evidence(workload.KIND.lower(), f"{place}: {wanted(workload)} wanted, 0 ready")
    pods = [p for p in pods_of(look, workload) if not p.finished or p.status.reason != "Evicted"]
    if not pods:
        return Down(workload, "no-pods", "has no pod", (shown,))
    troubles = [trouble_of(p, nodes, look.now) for p in sorted(pods, key=lambda p: (p.created, p.name)) if not p.ready]
    if len(troubles) < len(pods) or all(look.now - t.since < PATIENCE and t.word != "crashes" for t in troubles):
        return None
    first = troubles[0]
    says = f"has no ready pod: {'its pod' if len(troubles) == 1 else 'the first of its pods'} {first.says}"
    return Down(workload, first.word, says, (shown, *(t.evidence for t in troubles[:2])), tuple(troubles))


def selects(service: Service, workload: Workload) -> bool:
    """Whether a Service leads to the pods that something makes."""
    labels = workload.spec.template.metadata.labels
    return bool(service.spec.selector) and service.spec.selector.items() <= labels.items()


def pods_of(look: Look, workload: Workload, *, node: str = "") -> list[Pod]:
    """The pods that a workload selects, on one node where that is given; of very many those that are not well."""
    labels = selector_text(workload.spec.selector)
    fields = f"spec.nodeName={node}" if node else ""
    return look.list("pods", workload.namespace, labels=labels, fields=fields, survey=not node) if labels else []


def selector_text(selector: LabelSelector) -> str:
    """A selector as queries have it. Operators that queries do not know select nothing here."""
    terms = [f"{k}={v}" for k, v in sorted(selector.match_labels.items())]
    for r in selector.match_expressions:
        match r.operator:
            case "In" | "NotIn":
                terms.append(f"{r.key} {r.operator.lower()} ({','.join(sorted(r.values))})")
            case "Exists":
                terms.append(r.key)
            case "DoesNotExist":
                terms.append(f"!{r.key}")
    return ",".join(terms)
