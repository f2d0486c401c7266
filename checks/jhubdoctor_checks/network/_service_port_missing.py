"""To which ports a Service sends, and which its pods have."""

from __future__ import annotations

from collections.abc import Iterator

from jhubdoctor.api import Pod, Service, clean


def astray(service: Service, pods: list[Pod]) -> Iterator[tuple[Pod, list[int], str]]:
    """The first pod behind the Service, the ports by number that none of them has, and those that it has.

    A port by name that no pod has gives no endpoint, which is told elsewhere. Containers need not say on which ports
    they listen: those that say none are not judged, and a container without ports beside others might.
    """
    selector = service.spec.selector.items()
    found = [p for p in pods if selector and selector <= p.labels.items() and p.ready]
    mains = [c for p in found for c in p.spec.containers]
    open_ports = {port.container_port for c in mains for port in c.ports}
    if not found or not all(c.ports for c in mains):
        return
    wanted = [port.target_port or port.port for port in service.spec.ports if port.protocol == "TCP"]
    wrong = sorted({w for w in wanted if isinstance(w, int) and w not in open_ports})
    if wrong:
        first = min(found, key=lambda p: p.name)
        ports = [port for c in first.spec.containers for port in c.ports]
        yield first, wrong, ", ".join(f"{p.container_port} ({clean(p.name, 20) or 'no name'})" for p in ports)
