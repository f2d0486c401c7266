"""What the API server says of itself, and the APIs that other services provide to it."""

from collections.abc import Iterator
from datetime import datetime, timedelta

from jhubdoctor import APIService, Finding, Fix, Ref, Severity, check, clean
from jhubdoctor_checks.facts.api import ApiHealth, unavailable

_SERVER = Ref("APIServer", "kube-apiserver", api_version="")
_SETTLING = timedelta(minutes=2)
# Items of /livez and /readyz (k8s.io/apiserver pkg/server, pkg/controlplane; 1.16 to 1.37) and what to do about each
_ADVICE = (
    ("etcd", "Look at etcd first: its pods, its disks and its alarms (`etcdctl endpoint health`)."),
    ("shutdown", "The API server is shutting down; see why, and whether another one takes over."),
    ("informer-sync", "The API server still loads its caches; if it stays so, read its log for what it cannot list."),
    ("poststarthook/", "A start-up step of the API server has not finished; read its log for the step's name."),
    ("kms", "The provider of the encryption keys does not answer; look at the KMS plugin."),
)


@check(severity=Severity.ERROR)
def api_server_unhealthy(api_health: ApiHealth, now: datetime) -> Iterator[Finding]:
    """The API server reports that something in it fails, or an API behind it cannot be reached."""
    # /readyz holds every item of /livez and more: what fails at both is one fault
    failing = {h.path: h.failing for h in sorted(api_health.endpoints, key=lambda h: h.path) if h.failing}
    if failing:
        names = list(dict.fromkeys(item for items in failing.values() for item in items))
        first = next(iter(failing))
        former = first == "/healthz"
        yield Finding(
            on=(_SERVER,),
            says=f"the API server says at {' and '.join(failing)} that {', '.join(names)} "
            + ("fails" if len(names) == 1 else "fail"),
            evidence=(
                *(
                    (f"{path}?verbose", f"[-]{item} {detail}".strip())
                    for path, items in failing.items()
                    for item, detail in items.items()
                ),
                *((("note", "/healthz is deprecated since 1.16; this server has no /livez"),) if former else ()),
            ),
            fix=Fix(_advice(names), commands=tuple(f"kubectl get --raw '{path}?verbose'" for path in failing)),
            cause="healthz" if former else "server",
        )
    for name, message in sorted(api_health.components.items()):
        yield Finding(
            on=(Ref("ComponentStatus", name),),
            says=f"the control plane's {name} is reported as unhealthy",
            evidence=(
                ("componentstatus", f"Healthy: False ({message})"),
                ("note", "ComponentStatus is deprecated since 1.19; this server has no /livez to ask instead"),
            ),
            fix=Fix(f"Look at {name} on the control plane.", commands=(f"kubectl get componentstatus {name} -o yaml",)),
            cause=name,
            severity=Severity.WARNING,
        )
    yield from _unavailable(api_health.services, now)


def _advice(names: list[str]) -> str:
    found = [text for key, text in _ADVICE if any(n == key or n.startswith(key) for n in names)]
    return " ".join(found) or "See the API server's log for these items; on a managed cluster ask the provider."


def _unavailable(services: tuple[APIService, ...], now: datetime) -> Iterator[Finding]:
    behind: dict[tuple[str, str], list[APIService]] = {}
    for s in sorted(services, key=lambda s: s.name):
        if unavailable(s) and s.spec.service is not None:
            since = [c.last_transition_time for c in s.status.conditions if c.type == "Available"]
            if since[0] is None or now - since[0] >= _SETTLING:
                behind.setdefault((s.spec.service.namespace, s.spec.service.name), []).append(s)
    for (namespace, name), group in behind.items():
        [available] = [c for c in group[0].status.conditions if c.type == "Available"][:1]
        yield Finding(
            on=tuple(s.ref for s in group),
            says=f"{', '.join(s.name for s in group)} cannot be reached at Service {namespace}/{name}",
            evidence=(
                (
                    "apiservice",
                    f"Available: False, {clean(available.reason, 80)}: {clean(available.message, 300)}",
                    available.last_transition_time,
                ),
            ),
            fix=Fix(
                "Repair the service behind it, or delete the APIService if what it belonged to is gone. Until then "
                "Helm may stop with `unable to retrieve the complete list of server APIs`, and no namespace can be "
                "deleted.",
                commands=(
                    f"kubectl --namespace {namespace} get service,endpointslices -l kubernetes.io/service-name={name}",
                    f"kubectl get apiservice {group[0].name} -o yaml",
                ),
            ),
            cause=f"{namespace}/{name}",
            severity=Severity.WARNING,
        )
