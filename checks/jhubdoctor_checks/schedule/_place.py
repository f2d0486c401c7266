"""Why a pod has no node: the scheduler's words, checked against the nodes as they are now."""

from __future__ import annotations

from collections.abc import Iterable

from jhubdoctor import Evidence, Node, Ref, Severity, may_run, selected, selector_matches
from jhubdoctor_checks.facts.schedule import Unplaced

# What every finding here can have for a consequence.
EXPLAINS = (
    "spawn-timeout",
    "spawn-timeline",
    "placeholders-pending",
    "user-scheduler-down",
    "user-scheduler-lease-stale",
    "helm-release-not-deployed",
    "service-without-endpoints",
    "proxy-unreachable",
    "hub-restarting",
    "consecutive-failure-abort",
)
# They give way to others, or nobody waits for them: that there is no room for these is normal.
YIELDING = frozenset({"user-placeholder", "continuous-image-puller", "hook-image-puller"})
_API = {"Deployment": "apps/v1", "StatefulSet": "apps/v1", "DaemonSet": "apps/v1", "Job": "batch/v1"}
# component: what one pod of it is called, and several
_NAMES = {
    "singleuser-server": ("a user's pod", "pods of users"),
    "hub": ("the hub's pod", "pods of the hub"),
    "proxy": ("the proxy's pod", "pods of the proxy"),
    "autohttps": ("the pod of autohttps", "pods of autohttps"),
    "user-scheduler": ("a pod of the user-scheduler", "pods of the user-scheduler"),
    "user-placeholder": ("a placeholder", "placeholders"),
    "image-puller": ("the pod of the image puller hook", "pods of the image puller hook"),
    "hook-image-puller": ("a pod of the image puller hook", "pods of the image puller hook"),
    "continuous-image-puller": ("a pod of the image puller", "pods of the image puller"),
}


def kind_of(pod: Unplaced, nodes: list[Node]) -> str:
    """The class of reason: `affinity`, `taint`, `claim`, `volume-zone`, `volume-count`, `pods`, `resources`, `ports`.

    Each pod has one, so that no two checks tell of the same pod. Empty where it is none of these.
    """
    if pod.claim:
        return "claim"
    if pod.spec is None:
        return max(sorted(pod.nodes), key=lambda k: pod.nodes[k], default="")
    chosen = [n for n in nodes if selected(pod.spec, n)]
    if not chosen:
        return "affinity"
    if not suitable(pod, nodes):
        return "taint" if not any(may_run(pod.spec, n) for n in chosen) else "volume-zone"
    rest = {k: pod.nodes[k] for k in ("resources", "pods", "volume-count", "ports") if k in pod.nodes}
    if not rest and pod.volumes is None and "volume-zone" in pod.nodes:
        return "volume-zone"
    return max(rest, key=lambda k: (rest[k], k == "resources"), default="")


def of_kind(unplaced: list[Unplaced], nodes: list[Node], kind: str) -> list[Unplaced]:
    """The pods with this class of reason, without those that wait for room by nature or for which a node is coming."""
    return [p for p in unplaced if p.scaling is None and p.component not in YIELDING and kind_of(p, nodes) == kind]


def level(pods: list[Unplaced]) -> Severity | None:
    """A warning where only pods are concerned that are gone: room comes and goes."""
    return None if any(p.pod for p in pods) else Severity.WARNING


def suitable(pod: Unplaced, nodes: list[Node]) -> list[Node]:
    """The nodes that the pod may run on, room aside: selector, affinity, taints, and where its volumes are."""
    if pod.spec is None:
        return nodes
    fitting = [n for n in nodes if may_run(pod.spec, n)]
    for volume in pod.volumes or ():
        affinity = volume.spec.node_affinity
        if affinity is not None and affinity.required is not None:
            fitting = [n for n in fitting if selector_matches(affinity.required, n)]
    return fitting


def who(pods: list[Unplaced]) -> str:
    """Whose pods they are, in words."""
    parts = []
    for component in sorted({p.component for p in pods}):
        count = sum(p.component == component for p in pods)
        one, many = _NAMES.get(
            component, (f"a pod of {component or 'another app'}", f"pods of {component or 'others'}")
        )
        parts.append(one if count == 1 else f"{count} {many}")
    return " and ".join(parts)


def verb(pods: list[Unplaced], one: str, many: str) -> str:
    """The form that fits the number of pods."""
    return one if len(pods) == 1 else many


def names(nodes: Iterable[Node | str]) -> str:
    """Names of nodes, the first few of many."""
    found = sorted(n if isinstance(n, str) else n.name for n in nodes)
    return ", ".join(found[:3]) + (f" and {len(found) - 3} more" if len(found) > 3 else "")


def on(pods: list[Unplaced]) -> tuple[Ref, ...]:
    """The references of a finding about these pods."""
    return tuple(dict.fromkeys(p.ref for p in sorted(pods, key=lambda p: p.ref.name)))


def owners(pods: list[Unplaced]) -> tuple[Ref, ...]:
    """The workloads behind these pods."""
    found = []
    for p in pods:
        kind, _, name = p.ref.stable.partition("/")
        if kind in _API:
            found.append(Ref(kind, name, p.ref.namespace, _API[kind], stable=p.ref.stable))
    return tuple(dict.fromkeys(found))


def evidence(pods: list[Unplaced]) -> Evidence:
    """The newest of what the scheduler said of these pods."""
    best = max(pods, key=lambda p: (p.at.timestamp() if p.at else 0, p.ref.name))
    return Evidence(best.source, f"scheduler: {best.said}", best.at)
