"""Karpenter, where what it made of a wait is no node."""

from collections.abc import Iterator
from datetime import datetime, timedelta

from jhubdoctor.api import Condition, Evidence, Finding, Fix, NodeClaim, Rung, Severity, check, count, excerpt, grouped
from jhubdoctor_checks.facts.karpenter import Karpenter
from jhubdoctor_checks.facts.schedule import Unplaced
from jhubdoctor_checks.schedule._place import YIELDING, evidence, on, owners, verb, who
from jhubdoctor_checks.texts import known
from jhubdoctor_checks.texts.autoscaler import REFUSALS

# A cloud needs one to three minutes; Karpenter deletes what has not joined after fifteen (registration TTL).
_PATIENCE = timedelta(minutes=5)
# The steps of a NodeClaim (sigs.k8s.io/karpenter, pkg/apis/v1/nodeclaim_status.go), each with what it means to lack it.
_STEPS = {
    "Launched": "the cloud has not started the machine that Karpenter asked for",
    "Registered": "the machine that Karpenter started has not joined the cluster",
    "Initialized": "the node that Karpenter made is not ready for pods",
}
_FIXES = {
    "Launched": "Correct what the condition says: limits and rights of the cloud account, subnets and images of the "
    "node class, the kinds of machines that the NodePool allows.",
    "Registered": "Look at the machine's console: its image, its network to the API server, and whether its role may "
    "join (access entries or aws-auth on EKS) decide that.",
    "Initialized": "Correct what the condition names: the DaemonSet that takes the start-up taint away, or the device "
    "plugin of the resource that is missing.",
}


@check(severity=Severity.ERROR, at=Rung.GIVEN, stops=Rung.ALLOWED)
def karpenter_no_node(karpenter: Karpenter, unplaced: list[Unplaced], now: datetime) -> Iterator[Finding]:
    """Pods wait for a node, and what Karpenter does about it comes to nothing."""
    waiting = [p for p in unplaced if p.pod and p.component not in YIELDING]
    if not waiting:
        return
    says = f"{who(waiting)} {verb(waiting, 'waits', 'wait')} for a node: "
    for pool in karpenter.pools:
        ready = pool.condition("Ready")
        if ready is not None and ready.status == "False":
            yield Finding(
                on=(pool.ref,),
                says=f"{says}the NodePool {pool.name} of Karpenter is not ready, so it makes none of it",
                evidence=(_condition(pool.name, ready), evidence(waiting)),
                fix=Fix("Correct what the condition says.", commands=(f"kubectl describe nodepool {pool.name}",)),
                cause="pool",
                affects=(*on(waiting), *owners(waiting)),
            )
    stuck = [(c, *step) for c in karpenter.claims if now - c.created > _PATIENCE and (step := _step(c))]
    for name, members in grouped(stuck, lambda m: m[1]):
        claims = [c for c, _, _ in members]
        first, _, condition = max(members, key=lambda m: (len(m[2].message), m[0].created))
        row = known(REFUSALS, condition.message) if name == "Launched" else None
        minutes = int((now - min(c.created for c in claims)).total_seconds() // 60)
        yield Finding(
            on=tuple(c.ref for c in claims),
            says=f"{says}{_STEPS[name]}, for {minutes} minutes{f': {row.says}' if row else ''}",
            evidence=(
                _condition(first.name, condition),
                Evidence("nodeclaims", f"{count(len(claims), 'NodeClaim')} without {name}"),
                evidence(waiting),
            ),
            fix=Fix(row.fix.text if row else _FIXES[name], commands=(f"kubectl describe nodeclaim {first.name}",)),
            cause=row.word if row else name.lower(),
            affects=(*on(waiting), *owners(waiting)),
        )


def _step(claim: NodeClaim) -> tuple[str, Condition] | None:
    """The first step that a claim has not taken, and what it says of it."""
    for name in _STEPS:
        found = claim.condition(name)
        if found is not None and found.status != "True":
            return name, found
    return None


def _condition(name: str, c: Condition) -> Evidence:
    return Evidence(
        "condition", f"{name}: {c.type}: {c.status} ({c.reason}): {excerpt(c.message)}", c.last_transition_time
    )
