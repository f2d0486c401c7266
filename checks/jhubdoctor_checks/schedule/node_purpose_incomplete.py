"""Node pools that are dedicated by half."""

from collections.abc import Iterator

from jhubdoctor.api import Finding, Node, Pod, Severity, check
from jhubdoctor_checks.facts.hub_graph import CORE
from jhubdoctor_checks.schedule._node_purpose_incomplete import (
    contradiction,
    dedicated,
    stray,
    strays,
    unlabelled,
    untainted,
)
from jhubdoctor_checks.schedule._taints import MEANT


@check(severity=Severity.INFO)
def node_purpose_incomplete(nodes: list[Node], pods: list[Pod], user_pods: list[Pod]) -> Iterator[Finding]:
    """Nodes are dedicated to users or to the hub by label or by taint alone, or their pods are on the wrong ones."""
    wrong = [n for n in nodes if n.purpose in MEANT and dedicated(n) not in {"", n.purpose}]
    if wrong:
        yield contradiction(wrong)
    for purpose in MEANT:
        tainted = [n for n in nodes if dedicated(n) == purpose]
        labelled = [n for n in nodes if n.purpose == purpose]
        bare = [n for n in tainted if not n.purpose]
        if bare:
            yield unlabelled(bare, purpose)
        open_ = [n for n in labelled if not dedicated(n)]
        if open_ and any(n in labelled for n in tainted):
            yield untainted(open_, purpose)
    core = strays([p for p in pods if p.component in CORE], nodes, "core")
    if core:
        yield stray(core, "the hub's own pods", "users", "an autoscaler cannot remove these nodes")
    users = strays(user_pods, nodes, "user")
    if users:
        yield stray(users, "users' pods", "the hub", "a user can starve the hub")
