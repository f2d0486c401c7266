"""What findings about pods without a node have in common."""

from __future__ import annotations

from collections.abc import Iterable

from jhubdoctor.api import Evidence, Node, Ref, Severity, some
from jhubdoctor_checks.facts.schedule import Unplaced

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


def of_kind(misfits: list[Unplaced], kind: str) -> list[Unplaced]:
    """The pods with this class of reason, without those that wait for room by nature or for which a node is coming."""
    return [p for p in misfits if p.kind == kind and p.scaling is None and p.component not in YIELDING]


def level(pods: list[Unplaced]) -> Severity | None:
    """A warning where only pods are concerned that are gone: room comes and goes."""
    return None if any(p.pod for p in pods) else Severity.WARNING


def room_of(pods: list[Unplaced]) -> list[Node]:
    """The nodes that the first of these pods may run on, room aside, by name."""
    return sorted(pods[0].room, key=lambda n: n.name)


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
    return some(sorted(n if isinstance(n, str) else n.name for n in nodes))


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
    return Evidence(best.source, f"scheduler: {best.message}", best.at)
