"""The server of the hub's database, where it runs beside the hub."""

import re
from collections.abc import Iterator

from jhubdoctor.api import Evidence, Finding, Fix, Hub, HubLog, Pod, Rung, Service, Severity, check, clean, some

# libpq 14 and later, libpq before it, PyMySQL; the URL itself holds the password, and nobody reads it
_HOST = re.compile(
    r'connection to server at "(?P<a>[\w.-]{1,253})"|host name "(?P<b>[\w.-]{1,253})"'
    r"|server running on host \"(?P<c>[\w.-]{1,253})\"|MySQL server on '(?P<d>[\w.-]{1,253})"
)


# why it does not run, its own container tells, at a lower rung
@check(severity=Severity.ERROR, at=Rung.TOLD, stops=Rung.UP, symptom=True, complete=("pods", "stranger_pods"))
def hub_database_down(
    hub: Hub,
    hub_log: HubLog,
    hub_pods: list[Pod],
    pods: list[Pod],
    stranger_pods: list[Pod],
    namespace_services: list[Service],
) -> Iterator[Finding]:
    """The server of the hub's database runs in its namespace, and no pod of it is ready."""
    told = [(e, next(filter(None, m.groups()))) for e, m in hub_log.search(_HOST) if e.level not in {"D", "I"}]
    if not told:
        return
    entry, host = told[-1]
    service = next((s for s in namespace_services if s.spec.selector and host in _names(s)), None)
    if service is None:
        return
    selector = service.spec.selector.items()
    behind = sorted((p for p in (*pods, *stranger_pods) if selector <= p.labels.items()), key=lambda p: p.name)
    behind = [p for p in behind if not p.finished]
    if any(p.ready for p in behind):
        return
    server = behind[0].owner.partition("/")[2] if behind else service.name
    look = (
        (
            hub.kubectl(f"describe pod {behind[0].name}"),
            hub.kubectl(f"logs {behind[0].name} --all-containers --tail 60"),
        )
        if behind
        else (hub.kubectl(f"describe service {service.name}"), hub.kubectl("get deployments,statefulsets"))
    )
    yield Finding(
        on=tuple(p.ref for p in behind) or (service.ref,),
        says=f"the hub's database ({server}) {'is not ready' if behind else 'has no pod'}, and the hub needs it",
        evidence=(
            Evidence("hub log", f"the hub could not connect to {clean(host, 100)}", entry.at),
            Evidence("service", f"{service.name} leads to {some(p.name for p in behind) or 'no pod'}"),
            *(Evidence("pod.status", f"{p.name}: not Ready") for p in behind[:3]),
        ),
        fix=Fix("Bring the database back; the hub is started again until it finds it.", commands=look),
        cause=server,
        affects=(*(p.ref for p in hub_pods), hub.ref, hub.service_ref),
    )


def _names(service: Service) -> set[str]:
    """What a pod of the namespace can call a Service."""
    short = f"{service.name}.{service.namespace}"
    return {service.name, service.spec.cluster_ip, short, f"{short}.svc", f"{short}.svc.cluster.local"} - {"", "None"}
