"""Budgets that never let a pod go."""

from collections.abc import Iterator

from jhubdoctor.api import Finding, Fix, Hub, Node, Pod, PodDisruptionBudget, Severity, check, nested
from jhubdoctor_checks.data.components import path as path_to

USERS = "singleuser-server"


@check(severity=Severity.WARNING)
def disruption_budget_blocks_drain(
    hub: Hub,
    disruption_budgets: list[PodDisruptionBudget],
    pods: list[Pod],
    user_pods: list[Pod],
    nodes: list[Node] | None,
) -> Iterator[Finding]:
    """A PodDisruptionBudget never lets one of its pods be evicted, so nodes cannot be drained."""
    for budget in sorted(disruption_budgets, key=lambda b: b.name):
        status = budget.status
        members = _kept(budget, [*pods, *user_pods])
        # all are well, and still none may go: it is the rule, not the moment
        well = status.expected_pods and status.current_healthy >= status.expected_pods
        if not members or not well or status.disruptions_allowed:
            continue
        users = all(p.component == USERS for p in members)
        cordoned = {n.name for n in nodes or () if n.spec.unschedulable} & {p.node for p in members}
        rule = (
            f"minAvailable: {budget.spec.min_available}"
            if budget.spec.min_available is not None
            else f"maxUnavailable: {budget.spec.max_unavailable}"
        )
        healthy = f"{status.current_healthy} of {status.expected_pods}"
        who = ", ".join(sorted({p.component or p.name for p in members})[:3])
        yield Finding(
            on=(budget.ref,),
            says=f"the budget {budget.name} ({rule}) never lets one of its {status.expected_pods} pods ({who}) go"
            + (f", and node {min(cordoned)} with one of them is cordoned" if cordoned else ""),
            evidence=(
                ("poddisruptionbudget", f"spec.{rule}"),
                ("poddisruptionbudget", f"status: {healthy} healthy, disruptionsAllowed: 0"),
            ),
            fix=_fix(hub, budget, members, users=users),
            # a budget on users' servers is made to keep them from being evicted
            severity=Severity.INFO if users and not cordoned else None,
            cause="users" if users else "",
        )


def _kept(budget: PodDisruptionBudget, pods: list[Pod]) -> list[Pod]:
    """The pods that the budget is about."""
    selector = budget.spec.selector
    some = selector.match_labels or selector.match_expressions
    return [p for p in pods if some and not p.finished and selector.matches(p.labels)]


def _fix(hub: Hub, budget: PodDisruptionBudget, members: list[Pod], *, users: bool) -> Fix:
    if users:
        return Fix(
            "Nodes with servers of users cannot be drained before these end. Delete the budget while you work.",
            commands=(hub.kubectl(f"get poddisruptionbudget {budget.name} -o yaml"),),
        )
    # the chart labels the budgets that it makes, and its values are about those alone
    path = path_to(members[0].component, "pdb") if budget.component else ""
    if not path:
        change = '{"spec": {"maxUnavailable": 1, "minAvailable": null}}'
        return Fix(
            "Allow one of them to be away.",
            commands=(hub.kubectl(f"patch poddisruptionbudget {budget.name} --type merge --patch '{change}'"),),
            caution="A drain may then end one of these pods at a time.",
        )
    if budget.status.expected_pods == 1:
        return Fix("Leave it out: of a single pod a budget can only hinder.", nested(path, {"enabled": False}))
    return Fix("Allow one of them to be away.", nested(path, {"maxUnavailable": 1, "minAvailable": None}))
