"""The logs of what runs beside the hub, where something points to it: gateways, databases, services."""

from __future__ import annotations

import re
from collections.abc import Iterable
from datetime import datetime, timedelta

from jhubdoctor.api import Hub, Ingress, Look, Pod, PodLog, Service, Unreadable, Values, fact
from jhubdoctor_checks.facts.database_errors import DatabaseError
from jhubdoctor_checks.facts.hub_graph import CORE
from jhubdoctor_checks.facts.proxy_errors import OTHER, ProxyErrors
from jhubdoctor_checks.facts.traffic import CHART, Traffic

MOST = 3
_HOUR = timedelta(hours=1)
_IDLE = frozenset({"continuous-image-puller", "hook-image-puller", "user-placeholder"})
_AUTH = "nginx.ingress.kubernetes.io/auth-url"
# What logs users in before they get to the hub, and what the hub keeps its state in, by their common names.
_LOGINS = re.compile(r"oauth2-proxy|authelia|pomerium|vouch|forward-auth")
_DATABASES = re.compile(r"postgres|mysql|mariadb|pgbouncer|cloudsql|percona")


# each of them tells at whom to look
@fact(
    optional=("pods/log", "services"),
    passes_only_with=("traffic", "proxy_errors", "database_errors", "values", "ingresses"),
)
def neighbour_logs(
    look: Look,
    hub: Hub,
    service_pods: list[Pod],
    traffic: Traffic | None,
    proxy_errors: ProxyErrors | None,
    database_errors: tuple[DatabaseError, ...] | None,
    values: Values | None,
    ingresses: list[Ingress] | None,
    now: datetime,
) -> list[PodLog]:
    """The last lines of three pods: what failed or was refused comes first, then what the hub has as a service."""
    beside = [p for p in service_pods if p.component not in CORE | _IDLE and p.ready and not p.owner.startswith("Job/")]
    asked = {e.address for e in (proxy_errors.errors if proxy_errors else ()) if e.target == OTHER}
    asked |= {r.address for r in (traffic.lately(now) if traffic else ()) if r.refused or r.failed}
    hosts = {a for a in asked if a} | {a.partition(".")[0] for a in asked if not a[:1].isdigit()}
    named = [s for s in _services(look, hub) if s.name in hosts or s.spec.cluster_ip in hosts]
    before = any(_AUTH in i.annotations for i in ingresses or ())
    ill = any(now - e.at <= _HOUR for e in database_errors or ())
    known = {*(values.mapping("hub.services") if values else {})} - {*CHART}
    ranks = [
        lambda p: p.status.pod_ip in hosts or any(_selects(s, p) for s in named),
        lambda p: before and _is(p, _LOGINS),
        lambda p: ill and _is(p, _DATABASES),
        lambda p: any(_restarted(p, now)),
        lambda p: any(_called(p, name) for name in known),
    ]
    wanted: dict[str, Pod] = {}
    for rank in ranks:
        for pod in sorted(filter(rank, beside), key=lambda p: (p.created, p.name), reverse=True):
            # replicas of one thing log the same
            wanted.setdefault(pod.owner or pod.name, pod)
    return [log for pod in list(wanted.values())[:MOST] if (log := _read(look, pod)) is not None]


def _is(pod: Pod, names: re.Pattern[str]) -> bool:
    return any(names.search(text) for text in (pod.name, *(c.image for c in pod.spec.containers)))


def _read(look: Look, pod: Pod) -> PodLog | None:
    name = next((c.name for c in pod.spec.containers), "")
    try:
        return PodLog.of(pod, name, look.log(pod, name, survey=True) if name else "")
    except Unreadable as e:
        look.partial.append(e)
        return None


def _services(look: Look, hub: Hub) -> list[Service]:
    """Those of the namespace, also of other releases."""
    try:
        found: list[Service] = look.list("services", hub.namespace)
    except Unreadable as e:
        look.partial.append(e)
        return []
    return found


def _selects(service: Service, pod: Pod) -> bool:
    selector = service.spec.selector
    return bool(selector) and all(pod.labels.get(k) == v for k, v in selector.items())


def _restarted(pod: Pod, now: datetime) -> Iterable[bool]:
    for s in pod.status.container_statuses:
        end = s.last_state.terminated
        yield end is not None and end.finished_at is not None and now - end.finished_at <= _HOUR


def _called(pod: Pod, service: str) -> bool:
    """Whether a pod is of the service that the hub knows by that name."""
    names = (pod.name, pod.component, pod.labels.get("app", ""), pod.labels.get("app.kubernetes.io/name", ""))
    return any(n == service or n.startswith(f"{service}-") or f"-{service}-" in f"-{n}-" for n in names if n)
