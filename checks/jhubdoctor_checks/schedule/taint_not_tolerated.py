"""Pods that no node takes, because of taints."""

from collections.abc import Iterator
from dataclasses import dataclass, field

from jhubdoctor import (
    Deployment,
    Finding,
    Fix,
    Hub,
    Node,
    Pod,
    Service,
    Severity,
    Taint,
    Values,
    check,
    selected,
    transient,
    untolerated,
)
from jhubdoctor_checks._depends import CORE, dependents
from jhubdoctor_checks.facts.schedule import Unplaced
from jhubdoctor_checks.schedule._place import EXPLAINS, evidence, names, on, owners, who
from jhubdoctor_checks.schedule._taints import CONTROL_PLANE, STARTUP, near_miss, others, tolerating


@dataclass
class Barrier:
    """Taints that keep a pod away, and the nodes that have exactly these."""

    taints: list[Taint]
    nodes: list[str] = field(default_factory=list)

    def __str__(self) -> str:
        return ", ".join(map(str, self.taints))


@check(severity=Severity.ERROR, explains=EXPLAINS)
def taint_not_tolerated(
    hub: Hub,
    misfits: list[Unplaced],
    nodes: list[Node],
    deployments: list[Deployment],
    pending_user_pods: list[Pod],
    services: list[Service] | None,
    values: Values | None,
) -> Iterator[Finding]:
    """Pods cannot be placed because every node that they may use has a taint that they do not tolerate."""
    groups: dict[str, tuple[bool, list[Barrier], list[Unplaced]]] = {}
    known: dict[str, list[Barrier]] = {}
    for pod in misfits:
        if pod.scaling is None and pod.kind == "taint":
            core = pod.component in CORE or pod.component == "image-puller"
            if pod.like not in known:
                known[pod.like] = _barriers(pod, nodes)
            barriers = known[pod.like]
            if not barriers:
                # no node is known that it might use: the pod is gone, or the nodes are
                continue
            key = f"{'core' if core else 'user'} {'; '.join(map(str, barriers))}"
            groups.setdefault(key, (core, barriers, []))[2].append(pod)
    for key, (core, barriers, pods) in sorted(groups.items()):
        suffer = dependents(hub, {p.component for p in pods}, deployments, pending_user_pods, services)
        target = max(barriers, key=lambda b: _likely(b, core, nodes))
        intended = [m for t in target.taints if (m := near_miss(t, core))]
        typo = f", which looks like a slip for {intended[0]}" if intended else ""
        rest = [b for b in barriers if b is not target and not any(others(t, core) for t in b.taints)]
        also = f"; nor is that of {names(n for b in rest for n in b.nodes)}" if rest else ""
        yield Finding(
            on=on(pods),
            says=f"{who(pods)} cannot use {names(target.nodes)}: the taint {target} is not tolerated{typo}{also}",
            evidence=(
                *(("node", f"{names(b.nodes)}: taint {b}") for b in barriers),
                ("pod.spec", f"tolerations: {_tolerated(pods[0])}"),
                evidence(pods),
            ),
            fix=_fix(hub, pods, target, intended, values),
            cause=key,
            affects=tuple(dict.fromkeys((*owners(pods), *suffer))),
        )


def _barriers(pod: Unplaced, nodes: list[Node]) -> list[Barrier]:
    found: dict[str, Barrier] = {}
    for node in sorted(nodes, key=lambda n: n.name):
        if pod.spec is not None and selected(pod.spec, node):
            taints = sorted((t for t in untolerated(pod.spec, node) if not transient(t)), key=str)
            barrier = Barrier(taints)
            found.setdefault(str(barrier), barrier).nodes.append(node.name)
    return [found[k] for k in sorted(found)]


def _likely(barrier: Barrier, core: bool, nodes: list[Node]) -> tuple[bool, bool, bool, int]:
    """How likely these are the nodes that the pods were meant for."""
    purpose = "core" if core else "user"
    return (
        not any(others(t, core) for t in barrier.taints),
        any(near_miss(t, core) for t in barrier.taints),
        any(n.purpose == purpose for n in nodes if n.name in barrier.nodes),
        len(barrier.nodes),
    )


def _tolerated(pod: Unplaced) -> str:
    own = [t for t in pod.spec.tolerations if not t.key.startswith("node.kubernetes.io/")] if pod.spec else []
    return (
        ", ".join(f"{t.key or 'any key'}{'=' + t.value if t.value else ''}:{t.effect or 'any effect'}" for t in own)
        or "none"
    )


def _fix(hub: Hub, pods: list[Unplaced], target: Barrier, intended: list[str], values: Values | None) -> Fix:
    listed = " ".join(target.nodes)
    agents = [STARTUP[t.key] for t in target.taints if t.key in STARTUP]
    if agents:
        return Fix(
            f"Do not tolerate it: {agents[0]} takes it away when it runs on the node. Find out why it does not run.",
            commands=(f"kubectl get pods --all-namespaces --field-selector spec.nodeName={target.nodes[0]}",),
        )
    if intended:
        wrong = [t for t in target.taints if near_miss(t, core=False) or near_miss(t, core=True)]
        commands = [f"kubectl taint nodes {listed} {intended[0]} --overwrite"]
        commands += [f"kubectl taint nodes {listed} {t}-" for t in wrong if t.key != intended[0].partition("=")[0]]
        return Fix(
            "Correct the taint on the nodes, and in the settings of their pool: new nodes come with the old one.",
            commands=tuple(commands),
        )
    if all(t.key in CONTROL_PLANE for t in target.taints):
        return Fix(
            "Add nodes for pods; or, on a cluster of one node, let pods run beside the control plane.",
            commands=tuple(f"kubectl taint nodes {listed} {t}-" for t in target.taints),
        )
    path, tolerations = tolerating(hub, pods[0].component, target.taints, values)
    patch: object = tolerations
    for part in reversed(path.split(".")):
        patch = {part: patch}
    return Fix(
        "Tolerate the taint, or take it off the nodes if these pods are meant to run there anyway.",
        values=patch if isinstance(patch, dict) else {},
        commands=(hub.helm_upgrade,),
        caution="The upgrade restarts the hub; users' servers keep running, and only new ones tolerate the taint.",
    )
