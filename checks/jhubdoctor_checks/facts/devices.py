"""Devices that users' pods ask for and no node offers, though nodes have them."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass

from jhubdoctor.api import (
    DaemonSet,
    Evidence,
    Look,
    Node,
    NotApplicable,
    fact,
    grouped,
    selected,
    some,
    transient,
    untolerated,
)
from jhubdoctor_checks.data.agents import Device, device_of
from jhubdoctor_checks.facts.schedule import Unplaced
from jhubdoctor_checks.facts.workloads import PATIENCE, Trouble, belongs, pods_of, trouble_of

MACHINE = "node.kubernetes.io/instance-type"


@dataclass(frozen=True)
class Unoffered:
    """A resource that pods wait for, that no node offers and that nodes should.

    Attributes:
        resource: the resource.
        pods: the pods that wait for it.
        nodes: the nodes that have such devices, by their labels and the types of their machines.
        plugins: the DaemonSets that would offer them; empty where there is none.
        word: why they do not, a part of fingerprints.
        says: that as the rest of a sentence.
        fix: what to do, in a sentence.
        commands: what shows more.
        evidence: what shows it.
    """

    resource: str
    pods: list[Unplaced]
    nodes: tuple[Node, ...]
    plugins: tuple[DaemonSet, ...]
    word: str
    says: str
    fix: str
    commands: tuple[str, ...]
    evidence: tuple[Evidence, ...]


@fact(optional=("pods",))
def unoffered(
    look: Look, misfits: list[Unplaced], nodes: list[Node], all_daemon_sets: list[DaemonSet]
) -> list[Unoffered]:
    """The devices that pods wait for, that nodes have and that no node offers."""
    asked = [(r, p) for p in misfits for r, v in sorted(p.requests.items()) if "/" in r and v > 0]
    if not asked:
        raise NotApplicable("no pod that waits for a node asks for a device")
    found: list[Unoffered] = []
    for resource, members in grouped(asked, lambda a: a[0]):
        device = device_of(resource)
        if device is None or any(n.allocatable.get(resource) for n in nodes):
            continue
        having = tuple(n for n in sorted(nodes, key=lambda n: n.name) if n.ready and _has(device, n))
        # a pool of such nodes may have none just now: that is the autoscaler's concern
        if having:
            plugins = tuple(d for d in all_daemon_sets if re.fullmatch(device.plugin, d.name))
            found += _judged(look, resource, [p for _, p in members], having, plugins)
    return found


def _has(device: Device, node: Node) -> bool:
    for label in device.labels:
        key, equals, value = label.partition("=")
        if key in node.labels and (not equals or node.labels[key] == value):
            return True
    return re.fullmatch(device.machines, node.labels.get(MACHINE, "")) is not None


def _judged(
    look: Look, resource: str, pods: list[Unplaced], nodes: tuple[Node, ...], plugins: tuple[DaemonSet, ...]
) -> Iterator[Unoffered]:
    """Why the plugins do not offer it; nothing where they may any moment."""
    names = some(n.name for n in nodes)
    if not plugins:
        yield Unoffered(
            resource,
            pods,
            nodes,
            (),
            "no-plugin",
            f"no device plugin for it was found, and {names} should offer it",
            "Install the vendor's device plugin, or name it where it has another name than the vendor's.",
            ("kubectl get daemonsets --all-namespaces",),
            (Evidence("daemonset", "none of the vendor's name in any namespace"),),
        )
        return
    meant = [d for d in plugins if any(belongs(d, n) for n in nodes)]
    if not meant:
        first = plugins[0]
        why, shown = _kept_away(first, nodes[0])
        yield Unoffered(
            resource,
            pods,
            nodes,
            plugins,
            "not-there",
            f"DaemonSet {_name(first)} belongs on none of {names}: {why}",
            "Correct the DaemonSet's tolerations or its node selector in the values of what installs it, or the node's"
            " labels.",
            (f"kubectl --namespace {first.namespace} describe daemonset {first.name}",),
            (shown,),
        )
        return
    there = {n.name for n in nodes}
    first = meant[0]
    found = [p for d in meant for p in pods_of(look, d) if p.node in there]
    troubles = [trouble_of(p, nodes, look.now) for p in found if not p.ready]
    lasting = [t for t in troubles if look.now - t.since >= PATIENCE or t.word == "crashes"]
    if found and len(lasting) == len(found):
        t = lasting[0]
        yield Unoffered(
            resource,
            pods,
            nodes,
            tuple(meant),
            t.word,
            f"the pod of DaemonSet {_name(first)} there {t.says}",
            "Correct what keeps its pod from running; the driver of the device has to be on the node first.",
            _closer(first, t),
            tuple(t.evidence for t in lasting[:2]),
        )
    elif found and not troubles and all(look.now - p.created >= PATIENCE for p in found):
        pod = min(found, key=lambda p: p.name)
        yield Unoffered(
            resource,
            pods,
            nodes,
            tuple(meant),
            "registers-none",
            f"the pod of DaemonSet {_name(first)} runs there, and has found no device",
            "See in its log what it found: mostly the node lacks the device's driver.",
            (f"kubectl --namespace {pod.namespace} logs {pod.name} --all-containers --tail 50",),
            (Evidence("pod.status", f"{pod.name} on node {pod.node}: ready"),),
        )


def _name(daemon_set: DaemonSet) -> str:
    return f"{daemon_set.namespace}/{daemon_set.name}"


def _closer(daemon_set: DaemonSet, trouble: Trouble) -> tuple[str, ...]:
    kubectl = f"kubectl --namespace {daemon_set.namespace}"
    log = f"{kubectl} logs {trouble.pod.name} --all-containers --previous --tail 50"
    return (f"{kubectl} describe pod {trouble.pod.name}", *((log,) if trouble.word == "crashes" else ()))


def _kept_away(daemon_set: DaemonSet, node: Node) -> tuple[str, Evidence]:
    spec = daemon_set.spec.template.spec
    taints = [t for t in untolerated(spec, node) if not transient(t)]
    if selected(spec, node) and taints:
        return f"it does not tolerate the taint {taints[0]}", Evidence("node", f"{node.name}: taint {taints[0]}")
    wanted = ", ".join(f"{k}={v}" for k, v in sorted(spec.node_selector.items())) or "its node affinity"
    return f"{node.name} has not the labels that it asks for", Evidence(
        "daemonset", f"{daemon_set.name} wants {wanted}"
    )
