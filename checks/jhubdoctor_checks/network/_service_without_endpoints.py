"""Services without a ready endpoint: which pods are behind them, and why there is none."""

from dataclasses import dataclass
from datetime import datetime, timedelta

from jhubdoctor.api import Deployment, EndpointSlice, Fix, Hub, Pod, Ref, Service, clean, excerpt, grouped
from jhubdoctor_checks.facts.network import ready_addresses

PATIENCE = timedelta(minutes=5)
_COMPONENTS = {"hub", "proxy-api", "proxy-public", "autohttps"}


def dead(
    services: list[Service], slices: list[EndpointSlice], deployments: list[Deployment], now: datetime
) -> list[list[Service]]:
    """The Services of core components that have no endpoint, and had time to get one or never will, by selector."""
    found = [
        s
        for s in sorted(services, key=lambda s: s.name)
        if s.component in _COMPONENTS
        and s.spec.selector
        and (now - s.created >= PATIENCE or _scaled_to_zero(s, deployments))
        and not any(ready_addresses(e) for e in slices if e.service == s.name)
    ]
    return [group for _, group in grouped(found, lambda s: tuple(sorted(s.spec.selector.items())))]


def _scaled_to_zero(service: Service, deployments: list[Deployment]) -> bool:
    """Whether it leads to a Deployment that makes no pod however long one waits."""
    makers = [d for d in deployments if selects(service, d.spec.template.metadata.labels)]
    return any(makers) and not any(d.spec.replicas for d in makers)


def have(group: list[Service]) -> str:
    """`the Services hub and proxy-api have`."""
    many = len(group) > 1
    return f"the Service{'s' if many else ''} {' and '.join(g.name for g in group)} {'have' if many else 'has'}"


def selects(service: Service, labels: dict[str, str]) -> bool:
    """Whether the Service selects pods with these labels."""
    return all(labels.get(k) == v for k, v in service.spec.selector.items())


def stays_unready(pod: Pod, now: datetime) -> bool:
    """Whether it had its time to get ready: since it was made, and since its containers started where they run."""
    running = [s.state.running.started_at for s in pod.status.container_statuses if s.state.running]
    return now - pod.created > PATIENCE and all(at is not None and now - at > PATIENCE for at in running)


def state(pod: Pod) -> str:
    """What keeps it from being ready, as far as its status tells."""
    for s in pod.statuses():
        end = s.last_state.terminated
        if s.state.waiting and s.state.waiting.reason == "CrashLoopBackOff" and end:
            why = f", {clean(end.reason, 40)}" if end.reason not in {"", "Error"} else ""
            return f"ends again and again (exit code {end.exit_code}{why})"
    waiting = [s.state.waiting.reason for s in pod.statuses() if s.state.waiting and s.state.waiting.reason]
    if waiting:
        return f"waits ({clean(waiting[0], 60)})"
    return "runs and does not get ready" if pod.phase == "Running" else f"is {clean(pod.phase, 20) or 'not started'}"


@dataclass(frozen=True)
class Empty:
    """Why no pod is behind a Service.

    Attributes:
        cause: `nothing-selected`, `no-pod` or `scaled-to-zero`.
        says: the same in words.
        evidence: what shows it.
        fix: what to do.
    """

    cause: str
    says: str
    evidence: tuple[tuple[str, str], ...]
    fix: Fix


def why_empty(hub: Hub, service: Service, makers: list[Deployment]) -> Empty:
    """Why a Service has no pod, whose pods these Deployments make."""
    selector = ", ".join(f"{k}={v}" for k, v in sorted(service.spec.selector.items()))
    evidence = [("service", f"selector: {clean(selector, 200)}"), ("pods", "none with these labels")]
    why, cause = "no pod has the labels that it selects", "nothing-selected"
    fix = Fix("Restore labels and selector: helm upgrade sets them as the chart does.", commands=(hub.helm_again,))
    for d in makers:
        evidence.append(
            ("deployment", f"{d.name}: spec.replicas {d.spec.replicas}, status.replicas {d.status.replicas}")
        )
        failed = next((c for c in d.status.conditions if c.type == "ReplicaFailure" and c.status == "True"), None)
        if failed is not None:
            evidence.append(("deployment", f"ReplicaFailure: {excerpt(failed.message)}"))
        why, cause = f"the Deployment {d.name} has no pod", "no-pod"
        fix = Fix("See why no pod is made.", commands=(hub.kubectl(f"describe deployment,replicaset -l {_of(d)}"),))
        if not d.spec.replicas:
            why, cause = f"the Deployment {d.name} is scaled to zero", "scaled-to-zero"
            fix = Fix("Scale it up again.", commands=(hub.kubectl(f"scale deployment {d.name} --replicas 1"),))
    return Empty(cause, why, tuple(evidence), fix)


def _of(deployment: Deployment) -> str:
    labels = deployment.spec.selector.match_labels or deployment.labels
    return ",".join(f"{k}={v}" for k, v in sorted(labels.items()))


def missing_ports(service: Service, pod: Pod) -> tuple[list[str], list[str]]:
    """The named ports that a Service sends to, where the pod has none of them; and those that the pod has."""
    named = sorted({port.name for c in pod.spec.containers for port in c.ports if port.name})
    wanted = sorted({p.target_port for p in service.spec.ports if isinstance(p.target_port, str)})
    return ([] if set(wanted) & set(named) else wanted), named


def waiting(hub: Hub, group: list[Service], hub_pods: list[Pod]) -> tuple[Ref, ...]:
    """What does not get on without these Services: the hub ends where it cannot reach its proxy."""
    needed = any(g.component == "proxy-api" for g in group)
    return (*(g.ref for g in group), *((hub.ref, *(p.ref for p in hub_pods)) if needed else ()))
