"""Pods that ask for labels which no node has."""

from collections.abc import Iterator
from typing import Any

from jhubdoctor.api import Finding, Fix, Hub, Node, Rung, Severity, check
from jhubdoctor_checks.data.components import path as path_to
from jhubdoctor_checks.facts.hub_graph import HubGraph
from jhubdoctor_checks.facts.schedule import Unplaced
from jhubdoctor_checks.schedule._place import evidence, of_kind, on, owners, verb, who
from jhubdoctor_checks.schedule._selects import PURPOSE, Requirement, instead, unmet, words
from jhubdoctor_checks.schedule._taints import DEDICATED


@check(severity=Severity.ERROR, at=Rung.PLACED, stops=Rung.UP, complete=("nodes",))
def node_affinity_mismatch(
    hub: Hub,
    misfits: list[Unplaced],
    nodes: list[Node],
    hub_graph: HubGraph,
) -> Iterator[Finding]:
    """Pods cannot be placed because no node has the labels that they ask for."""
    groups: dict[str, list[Unplaced]] = {}
    for pod in of_kind(misfits, "affinity"):
        if pod.spec is not None:
            groups.setdefault(words(unmet(pod.spec, nodes)), []).append(pod)
    for key, found in sorted(groups.items()):
        spec = found[0].spec
        asked = unmet(spec, nodes) if spec is not None else []
        suffer = hub_graph.dependents({p.component for p in found})
        refused = next((p.refused for p in found if p.refused), None)
        none = "the cluster has no node at all" if not nodes else f"no node has {key}"
        yield Finding(
            on=on(found),
            says=f"{who(found)} cannot be placed: {none}, which {verb(found, 'it asks', 'they ask')} for"
            if nodes
            else f"{who(found)} cannot be placed: {none}",
            evidence=(
                ("pod.spec", f"asks for {key or 'any node'}"),
                *(("node", text) for text in instead(asked, nodes)[:4]),
                evidence(found),
                ("event", f"{refused.reason}: {refused.message}", refused.at) if refused else None,
            ),
            fix=_fix(hub, found[0], asked, nodes),
            cause=key,
            affects=tuple(dict.fromkeys((*owners(found), *suffer))),
        )


def _fix(hub: Hub, pod: Unplaced, asked: list[Requirement], nodes: list[Node]) -> Fix:
    if not nodes:
        return Fix("Add nodes.", commands=("kubectl get nodes",))
    path = path_to(pod.component, "nodeSelector")
    purpose = "user" if pod.user else "core"
    # what the chart asks for; a selector of somebody's own may ask for anything
    if path and all(k == PURPOSE and purpose in v for k, _, v in asked):
        meant = [n.name for n in nodes if any(t.key in DEDICATED and t.value == purpose for t in n.spec.taints)]
        plain = [n.name for n in nodes if not n.purpose]
        section = "userPods" if purpose == "user" else "corePods"
        patch: dict[str, Any] = {"scheduling": {section: {"nodeAffinity": {"matchNodePurpose": "prefer"}}}}
        label = f"kubectl label nodes {' '.join(sorted(meant or plain)[:10])} {PURPOSE}={purpose}"
        return Fix(
            f"Label the nodes for this, as shown, and their pool's settings too; or only prefer such nodes"
            f" (scheduling.{section}.nodeAffinity.matchNodePurpose), and these pods go to any node."
            if meant or plain
            else "No node is left to label: only prefer such nodes, as shown. These pods then go to any node.",
            {} if meant or plain else patch,
            (label,) if meant or plain else (hub.helm_upgrade,),
        )
    where = f"{path}, or node_selector of a profile" if pod.user else path or "its node selector"
    if any("" in v for _, _, v in asked):
        return Fix(
            f"Take the label without a value out of the selector ({where}): a null in the values becomes one where Helm"
            " keeps it.",
            commands=("kubectl get nodes --show-labels",),
        )
    return Fix(
        f"Correct the selector ({where}), or label the nodes and their pool; a pool that has shrunk to nothing needs an"
        " autoscaler that knows its labels.",
        commands=("kubectl get nodes --show-labels",),
    )
