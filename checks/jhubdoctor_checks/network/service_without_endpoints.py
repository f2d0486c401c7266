"""Services of the hub that lead nowhere."""

from collections.abc import Iterator
from datetime import datetime, timedelta

from jhubdoctor import Deployment, EndpointSlice, Finding, Fix, Hub, Pod, Ref, Service, Severity, check, clean
from jhubdoctor_checks.facts.network import ready_addresses

PATIENCE = timedelta(minutes=5)
COMPONENTS = {"hub", "proxy-api", "proxy-public", "autohttps"}


@check(severity=Severity.ERROR, explains=("proxy-unreachable",))
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
    dead: dict[tuple[tuple[str, str], ...], list[Service]] = {}
    for s in sorted(services, key=lambda s: s.name):
        if s.component not in COMPONENTS or not s.spec.selector:
            continue
        if now - s.created < PATIENCE and not _scaled_to_zero(s, deployments):
            continue
        if not any(ready_addresses(e) for e in endpoint_slices if e.service == s.name):
            dead.setdefault(tuple(sorted(s.spec.selector.items())), []).append(s)
    for group in dead.values():
        s = group[0]
        behind = [p for p in pods if _selects(s, p.labels) and not p.finished]
        if any(p.terminating for p in behind):
            # with the strategy Recreate the next pod comes when this one is gone
            continue
        # the hub ends where it cannot reach its proxy
        needed = any(g.component == "proxy-api" for g in group)
        waits = (*(g.ref for g in group), *((hub.ref, *(p.ref for p in hub_pods)) if needed else ()))
        up = [p for p in behind if p.ready]
        if not behind:
            makers = [d for d in deployments if _selects(s, d.spec.template.metadata.labels)]
            yield _empty(hub, group, makers, waits)
        elif up:
            yield from _wrong_ports(
                hub, [g for g in group if any(e.service == g.name for e in endpoint_slices)], up[0], waits
            )
        elif all(_stays_unready(p, now) for p in behind):
            yield Finding(
                on=tuple(p.ref for p in behind),
                says=f"{_names(group)} no endpoint: {behind[0].name} {_state(behind[0])}",
                evidence=(
                    ("endpointslice", f"{s.name}: no ready endpoint"),
                    *(("pod.status", f"{p.name}: {_state(p)}, made at", p.created) for p in behind[:3]),
                ),
                fix=Fix(
                    "See what keeps the pod from getting ready.",
                    commands=(
                        hub.kubectl(f"describe pod {behind[0].name}"),
                        hub.kubectl(f"logs {behind[0].name} --tail 100") if behind[0].node else "",
                    ),
                ),
                cause=f"{s.component}-not-ready",
                affects=waits,
            )


def _scaled_to_zero(service: Service, deployments: list[Deployment]) -> bool:
    """Whether it leads to a Deployment that makes no pod however long one waits."""
    makers = [d for d in deployments if _selects(service, d.spec.template.metadata.labels)]
    return any(makers) and not any(d.spec.replicas for d in makers)


def _names(group: list[Service]) -> str:
    many = len(group) > 1
    return f"the Service{'s' if many else ''} {' and '.join(g.name for g in group)} {'have' if many else 'has'}"


def _selects(service: Service, labels: dict[str, str]) -> bool:
    return all(labels.get(k) == v for k, v in service.spec.selector.items())


def _stays_unready(pod: Pod, now: datetime) -> bool:
    """Whether it had its time to get ready: since it was made, and since its containers started where they run."""
    running = [s.state.running.started_at for s in pod.status.container_statuses if s.state.running]
    return now - pod.created > PATIENCE and all(at is not None and now - at > PATIENCE for at in running)


def _state(pod: Pod) -> str:
    waiting = [s.state.waiting.reason for s in pod.statuses() if s.state.waiting and s.state.waiting.reason]
    if waiting:
        return f"waits ({clean(waiting[0], 60)})"
    return "runs and does not get ready" if pod.phase == "Running" else f"is {clean(pod.phase, 20) or 'not started'}"


def _empty(hub: Hub, group: list[Service], makers: list[Deployment], waits: tuple[Ref, ...]) -> Finding:
    selector = ", ".join(f"{k}={v}" for k, v in sorted(group[0].spec.selector.items()))
    evidence = [("service", f"selector: {clean(selector, 200)}"), ("pods", "none with these labels")]
    why, cause = "no pod has the labels that it selects", "nothing-selected"
    fix = Fix("Restore labels and selector: helm upgrade sets them as the chart does.", commands=(hub.helm_upgrade,))
    for d in makers:
        evidence.append(
            ("deployment", f"{d.name}: spec.replicas {d.spec.replicas}, status.replicas {d.status.replicas}")
        )
        failed = next((c for c in d.status.conditions if c.type == "ReplicaFailure" and c.status == "True"), None)
        if failed is not None:
            evidence.append(("deployment", f"ReplicaFailure: {clean(failed.message, 300)}"))
        why, cause = f"the Deployment {d.name} has no pod", "no-pod"
        fix = Fix("See why no pod is made.", commands=(hub.kubectl(f"describe deployment,replicaset -l {_of(d)}"),))
        if not d.spec.replicas:
            why, cause = f"the Deployment {d.name} is scaled to zero", "scaled-to-zero"
            fix = Fix("Scale it up again.", commands=(hub.kubectl(f"scale deployment {d.name} --replicas 1"),))
    return Finding(
        on=tuple(d.ref for d in makers) or tuple(g.ref for g in group),
        says=f"{_names(group)} no endpoint: {why}",
        evidence=tuple(evidence),
        fix=fix,
        cause=f"{group[0].component}-{cause}",
        affects=waits,
    )


def _of(deployment: Deployment) -> str:
    labels = deployment.spec.selector.match_labels or deployment.labels
    return ",".join(f"{k}={v}" for k, v in sorted(labels.items()))


def _wrong_ports(hub: Hub, group: list[Service], pod: Pod, waits: tuple[Ref, ...]) -> Iterator[Finding]:
    named = sorted({port.name for c in pod.spec.containers for port in c.ports if port.name})
    for s in group:
        wanted = sorted({p.target_port for p in s.spec.ports if isinstance(p.target_port, str)})
        if wanted and not set(wanted) & set(named):
            yield Finding(
                on=(s.ref,),
                says=f"{_names([s])} no endpoint: it sends to a port that its pod does not have",
                evidence=(
                    ("service", f"targetPort: {clean(', '.join(wanted), 80)}"),
                    ("pod.spec", f"{pod.name}: ports named {clean(', '.join(named), 80) or 'nothing'}"),
                ),
                fix=Fix("Correct the port's name: helm upgrade sets the chart's.", commands=(hub.helm_upgrade,)),
                cause="port-name",
                affects=waits,
            )
