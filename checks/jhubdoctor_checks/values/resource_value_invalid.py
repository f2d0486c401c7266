"""Amounts of cpu and memory for users that KubeSpawner, the API server or every node refuses."""

from collections.abc import Iterator
from decimal import Decimal

from jhubdoctor.api import (
    Autoscaler,
    Finding,
    Fix,
    Hub,
    Node,
    Pod,
    Ref,
    Rung,
    Severity,
    Shape,
    Spawns,
    Values,
    check,
)
from jhubdoctor_checks.resources import all_given, amount, contradictions, correction
from jhubdoctor_checks.values._resource_value_invalid import excesses, suffix, too_large

# jupyterhub/traitlets.py and traitlets' Float, as the hub's log quotes them
REFUSED_BY_SPAWNER = ("is not a valid memory specification", "_limit' trait", "_guarantee' trait")
REFUSED_BY_SERVER = ("must be less than or equal to",)
SMALLEST_LIMIT = Decimal(6 * 2**20)
"""Docker's own minimum; no Python starts below it."""
_KINDS = (("cpu", "cpu", "a number of cores"), ("mem", "memory", "a number of bytes, or one with K, M, G or T"))


# all that the hub's log tells is about its Deployment: a value is why of these alone
@check(severity=Severity.ERROR, stops=Rung.ALLOWED, explains=("spawn-rejected", "spawn-error"))
def resource_value_invalid(
    hub: Hub,
    values: Values,
    shapes: list[Shape],
    nodes: list[Node],
    autoscaler: Autoscaler,
    spawns: Spawns | None,
    pending_user_pods: list[Pod] | None,
) -> Iterator[Finding]:
    """Cpu or memory for users is given in a way that cannot be granted."""
    given = all_given(values)
    for kind, word, unit in _KINDS:
        wrong = [(t, g) for t, g in given if t.startswith(kind) and amount(t, g.value) is None]
        if wrong:
            yield Finding(
                on=(hub.ref,),
                says=f"{word} of users must be {unit}; KubeSpawner refuses"
                f" {', '.join(str(g.value)[:20] for _, g in wrong[:3])}",
                evidence=tuple(("values", str(g)) for _, g in wrong[:6]),
                fix=correction(hub, wrong),
                cause=f"{kind}-notation",
                affects=_refused(hub, spawns, REFUSED_BY_SPAWNER),
            )
    tiny = [g for t, g in given if t == "mem_limit" and 0 < (amount(t, g.value) or 0) < SMALLEST_LIMIT]
    if tiny:
        yield Finding(
            on=(hub.ref,),
            says="the memory limit of users is a few bytes: a number without a suffix counts bytes",
            evidence=tuple(("values", str(g)) for g in tiny[:6]),
            fix=suffix(hub, tiny),
            cause="memory-in-bytes",
        )
    for kind, word, _ in _KINDS:
        if bad := contradictions(values, kind):
            yield Finding(
                on=(hub.ref,),
                says=f"users are guaranteed more {word} than their limit allows, so the API server refuses their pods",
                evidence=tuple(("values", str(g)) for g in bad[:8]),
                fix=Fix("Lower the guarantee or raise the limit.", commands=(hub.helm_upgrade,)),
                cause=f"{kind}-guarantee-above-limit",
                affects=_refused(hub, spawns, REFUSED_BY_SERVER),
            )
    for excess in excesses(shapes, nodes):
        yield too_large(hub, excess, autoscaler, pending_user_pods or [])


def _refused(hub: Hub, spawns: Spawns | None, texts: tuple[str, ...]) -> tuple[Ref, ...]:
    found = {s.pod for s in (spawns.failed if spawns else ()) if s.pod and any(t in s.error for t in texts)}
    return tuple(map(hub.pod_ref, sorted(found)))
