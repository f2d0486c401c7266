"""Pods that no node takes, because of taints."""

from collections.abc import Iterator

from jhubdoctor.api import CannotSay, Finding, Hub, Node, Rung, Severity, Values, check, grouped
from jhubdoctor_checks.facts.hub_graph import CORE, HubGraph
from jhubdoctor_checks.facts.schedule import Unplaced
from jhubdoctor_checks.schedule._place import evidence, names, on, owners, who
from jhubdoctor_checks.schedule._taint_not_tolerated import barriers, likely, past, tolerated
from jhubdoctor_checks.schedule._taints import near_miss, others


@check(severity=Severity.ERROR, at=Rung.PLACED, stops=Rung.UP, complete=("nodes",))
def taint_not_tolerated(
    hub: Hub,
    misfits: list[Unplaced],
    nodes: list[Node],
    hub_graph: HubGraph,
    values: Values | None,
) -> Iterator[Finding]:
    """Pods cannot be placed because every node that they may use has a taint that they do not tolerate."""
    alike = {p.like: p for p in misfits if p.scaling is None and p.kind == "taint"}
    known = {like: barriers(p, nodes) for like, p in alike.items()}
    # where there is none, no node is known that it might use: the pod is gone, or the nodes are
    found = [p for p in misfits if p.scaling is None and p.kind == "taint" and known[p.like]]
    for key, pods in sorted(grouped(found, lambda p: f"{_purpose(p)} {'; '.join(map(str, known[p.like]))}")):
        purpose, between = _purpose(pods[0]), known[pods[0].like]
        suffer = hub_graph.dependents({p.component for p in pods})
        target = max(between, key=lambda b: likely(b, purpose, nodes))
        intended = [m for t in target.taints if (m := near_miss(t, purpose))]
        typo = f", which looks like a slip for {intended[0]}" if intended else ""
        rest = [b for b in between if b is not target and not any(others(t, purpose) for t in b.taints)]
        also = f"; nor is that of {names(n for b in rest for n in b.nodes)}" if rest else ""
        yield Finding(
            on=on(pods),
            says=f"{who(pods)} cannot use {names(target.nodes)}: the taint {target} is not tolerated{typo}{also}",
            evidence=(
                *(("node", f"{names(b.nodes)}: taint {b}") for b in between),
                ("pod.spec", f"tolerations: {tolerated(pods[0])}"),
                evidence(pods),
            ),
            fix=past(hub, pods, target, intended, values),
            cause=key,
            affects=tuple(dict.fromkeys((*owners(pods), *suffer))),
        )
    if values is None and any(p.spec is None and "taint" in p.nodes for p in misfits):
        raise CannotSay("values")


def _purpose(pod: Unplaced) -> str:
    """Whether it is one of the hub's own pods, or goes where users' pods go."""
    return "core" if pod.component in CORE or pod.component == "image-puller" else "user"
