"""What stands between the hub and the API server: the services behind admission webhooks."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from jhubdoctor.api import Look, Ref, Webhook, Webhooks, fact

PODS = ("pods", "pods/*", "*", "*/*")
# A Service whose name is elsewhere has no endpoints of its own.
_ELSEWHERE = "ExternalName"


@dataclass(frozen=True)
class Backend:
    """What answers for a webhook.

    Attributes:
        exists: whether there is a Service of that name.
        ready: how many of its addresses are ready.
    """

    exists: bool
    ready: int


def covers_pods(webhook: Webhook) -> bool:
    """Whether it is asked when a pod is created."""
    return any(
        set(r.api_groups) & {"", "*"} and set(r.resources) & set(PODS) and set(r.operations) & {"CREATE", "*"}
        for r in webhook.rules
    )


def closed(webhook: Webhook) -> bool:
    """Whether what it covers is refused where it does not answer. `Fail` is the default of admissionregistration/v1."""
    return webhook.failure_policy in {"", "Fail"}


def blocking(webhooks: Webhooks) -> Iterator[tuple[Ref, Webhook]]:
    """The webhooks that pods need, each with its configuration."""
    for configuration in webhooks:
        for w in configuration.webhooks:
            if closed(w) and covers_pods(w) and w.client_config.service is not None:
                yield configuration.ref, w


@fact("services", "endpointslices")
def webhook_backends(look: Look, webhooks: Webhooks) -> Mapping[tuple[str, str], Backend]:
    """The services behind those webhooks without which no pod is created, by namespace and name."""
    found: dict[tuple[str, str], Backend] = {}
    for _, w in blocking(webhooks):
        service = w.client_config.service
        if service is None or (service.namespace, service.name) in found:
            continue
        services = {s.name: s for s in look.list("services", service.namespace)}
        slices = look.list("endpointslices", service.namespace)
        there = services.get(service.name)
        ready = sum(
            len(e.addresses)
            for s in slices
            if s.service == service.name
            for e in s.endpoints
            if e.conditions.ready is not False
        )
        if there is not None and there.spec.type == _ELSEWHERE:
            ready = 1
        found[service.namespace, service.name] = Backend(there is not None, ready)
    return found
