"""What the API server says of itself, and the APIs that other services provide to it."""

from collections.abc import Iterator
from datetime import datetime

from jhubdoctor.api import APIService, Condition, Finding, Fix, Ref, Rung, Severity, check, clean, excerpt
from jhubdoctor_checks.api._api_server_unhealthy import advice, service_of, unreachable
from jhubdoctor_checks.facts.api import ApiHealth

_SERVER = Ref("APIServer", "kube-apiserver", api_version="")


@check(severity=Severity.ERROR, at=Rung.GIVEN, bars=True)
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
                ("note", "/healthz is deprecated since 1.16; this server has no /livez") if former else None,
            ),
            fix=Fix(advice(names), commands=tuple(f"kubectl get --raw '{path}?verbose'" for path in failing)),
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
    for group in unreachable(api_health.services, now):
        yield _unreachable(group)


def _unreachable(group: list[tuple[APIService, Condition]]) -> Finding:
    first, condition = group[0]
    where = service_of(first)
    namespace, _, name = where.partition("/")
    return Finding(
        on=tuple(s.ref for s, _ in group),
        says=f"{', '.join(s.name for s, _ in group)} cannot be reached at Service {where}",
        evidence=(
            (
                "apiservice",
                f"Available: False, {clean(condition.reason, 80)}: {excerpt(condition.message)}",
                condition.last_transition_time,
            ),
        ),
        fix=Fix(
            "Repair the service behind it, or delete the APIService if what it belonged to is gone. Until then Helm "
            "may stop with `unable to retrieve the complete list of server APIs`, and no namespace can be deleted.",
            commands=(
                f"kubectl --namespace {namespace} get service {name}",
                f"kubectl --namespace {namespace} get endpointslices -l kubernetes.io/service-name={name}",
                f"kubectl get apiservice {first.name} -o yaml",
            ),
        ),
        cause=where,
        severity=Severity.WARNING,
    )
