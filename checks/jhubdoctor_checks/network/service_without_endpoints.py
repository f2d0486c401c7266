"""Services of the hub that lead nowhere."""

from collections.abc import Iterator
from datetime import datetime

from jhubdoctor.api import Deployment, EndpointSlice, Finding, Fix, Hub, Pod, Ref, Rung, Service, Severity, check, clean
from jhubdoctor_checks.network._service_without_endpoints import (
    dead,
    have,
    missing_ports,
    selects,
    state,
    stays_unready,
    waiting,
    why_empty,
)

WHOLE = ("pods", "endpoint_slices", "deployments")


@check(severity=Severity.ERROR, at=Rung.REACHED, stops=Rung.UP, symptom=True, complete=WHOLE)
def service_without_endpoints(
    hub: Hub,
    services: list[Service],
    endpoint_slices: list[EndpointSlice],
    deployments: list[Deployment],
    pods: list[Pod],
    hub_pods: list[Pod],
    now: datetime,
) -> Iterator[Finding]:
    """A Service that the hub or its users depend on has no pod behind it."""
    for group in dead(services, endpoint_slices, deployments, now):
        s = group[0]
        behind = [p for p in pods if selects(s, p.labels) and not p.finished]
        if any(p.terminating for p in behind):
            # with the strategy Recreate the next pod comes when this one is gone
            continue
        waits = waiting(hub, group, hub_pods)
        up = [p for p in behind if p.ready]
        if not behind:
            makers = [d for d in deployments if selects(s, d.spec.template.metadata.labels)]
            yield _empty(hub, group, makers, waits)
        elif up:
            sliced = [g for g in group if any(e.service == g.name for e in endpoint_slices)]
            yield from (_wrong_port(hub, g, up[0], waits) for g in sliced if missing_ports(g, up[0])[0])
        elif all(stays_unready(p, now) for p in behind):
            yield _unready(hub, group, behind, waits)


def _unready(hub: Hub, group: list[Service], behind: list[Pod], waits: tuple[Ref, ...]) -> Finding:
    first = behind[0]
    look, logs = hub.kubectl(f"describe pod {first.name}"), hub.kubectl(f"logs {first.name} --tail 100")
    return Finding(
        on=tuple(p.ref for p in behind),
        says=f"{have(group)} no endpoint: {first.name} {state(first)}",
        evidence=(
            ("endpointslice", f"{group[0].name}: no ready endpoint"),
            *(("pod.status", f"{p.name}: {state(p)}, made at", p.created) for p in behind[:3]),
        ),
        fix=Fix("See what keeps the pod from getting ready.", commands=(look, logs if first.node else "")),
        cause=f"{group[0].component}-not-ready",
        affects=waits,
    )


def _empty(hub: Hub, group: list[Service], makers: list[Deployment], waits: tuple[Ref, ...]) -> Finding:
    why = why_empty(hub, group[0], makers)
    return Finding(
        on=tuple(d.ref for d in makers) or tuple(g.ref for g in group),
        says=f"{have(group)} no endpoint: {why.says}",
        evidence=why.evidence,
        fix=why.fix,
        cause=f"{group[0].component}-{why.cause}",
        affects=waits,
    )


def _wrong_port(hub: Hub, service: Service, pod: Pod, waits: tuple[Ref, ...]) -> Finding:
    wanted, named = missing_ports(service, pod)
    return Finding(
        on=(service.ref,),
        says=f"{have([service])} no endpoint: it sends to a port that its pod does not have",
        evidence=(
            ("service", f"targetPort: {clean(', '.join(wanted), 80)}"),
            ("pod.spec", f"{pod.name}: ports named {clean(', '.join(named), 80) or 'nothing'}"),
        ),
        fix=Fix("Correct the port's name: helm upgrade sets the chart's.", commands=(hub.helm_again,)),
        cause="port-name",
        affects=waits,
    )
