"""Services of the hub that send to a port on which nobody listens."""

from collections.abc import Iterator

from jhubdoctor.api import Finding, Fix, Hub, Pod, Rung, Service, Severity, check
from jhubdoctor_checks.network._service_port_missing import astray


@check(severity=Severity.ERROR, at=Rung.GIVEN, stops=Rung.UP)
def service_port_missing(hub: Hub, services: list[Service], pods: list[Pod], hub_pods: list[Pod]) -> Iterator[Finding]:
    """A Service sends to a port that no container behind it has."""
    for service in sorted(services, key=lambda s: s.name):
        for pod, wrong, has in astray(service, pods):
            yield Finding(
                on=(service.ref,),
                says=f"the Service {service.name} sends to port {', '.join(map(str, wrong))}, on which nothing listens",
                evidence=(
                    ("service", f"targetPort: {', '.join(map(str, wrong))}"),
                    ("pod.spec", f"{pod.name}: ports {has}"),
                ),
                fix=Fix(
                    "Correct the port: helm upgrade sets the chart's.",
                    commands=(hub.kubectl(f"get service {service.name} --output yaml"), hub.helm_again),
                ),
                # the hub ends where it does not reach its proxy
                affects=(hub.ref, *(p.ref for p in hub_pods)) if service.component == "proxy-api" else (),
            )
