"""Which pods a Service of the chart may lead to, and which it does."""

from __future__ import annotations

from jhubdoctor.api import Pod, Service

# Of the chart's Services (templates of hub, proxy and autohttps, 0.9 to 4.4) the components that answer them.
_MAY: dict[str, frozenset[str]] = {
    "hub": frozenset({"hub"}),
    "proxy-api": frozenset({"proxy"}),
    "proxy-http": frozenset({"proxy"}),
    "proxy-public": frozenset({"proxy", "autohttps"}),
}


def component_of(service: Service) -> str:
    """Which of the chart's Services it is, by its label or, without one, its name; empty for none of them."""
    if service.component:
        return service.component if service.component in _MAY else ""
    return next((c for c in _MAY if service.name == c or service.name.endswith(f"-{c}")), "")


def behind(service: Service, pods: list[Pod]) -> list[Pod]:
    """The pods that the Service selects, by name."""
    selector = service.spec.selector.items()
    found = [p for p in pods if selector and selector <= p.labels.items() and not p.finished and not p.terminating]
    return sorted(found, key=lambda p: p.name)


def strangers(service: Service, found: list[Pod]) -> bool:
    """Whether pods of another component are among these; where they have no label, of another Deployment."""
    may = _MAY[component_of(service)]
    labelled = {p.component for p in found if p.component}
    makers = {p.owner for p in found if not p.component}
    return bool(labelled - may) or len(makers) > 1
