"""What of a hub waits for what: so that its symptoms can be folded under the cause."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from jhubdoctor.api import Deployment, Hub, Pod, Ref, Service, fact

CORE = frozenset({"hub", "proxy", "autohttps", "user-scheduler"})


@dataclass(frozen=True)
class HubGraph:
    """The core components, and what does not work while one of them has no ready pod.

    Attributes:
        down: the Deployments of core components without a ready pod, each with what waits for it: its Services, the
            release (`helm --wait` waits for it), for the proxy the hub, for the user-scheduler the pods it would place.
    """

    down: tuple[tuple[Deployment, tuple[Ref, ...]], ...] = ()

    def dependents(self, components: Iterable[str]) -> tuple[Ref, ...]:
        """The Deployments of these components that are down, and what waits for them."""
        named = set(components)
        found = [r for d, waits in self.down if d.component in named for r in (d.ref, *waits)]
        return tuple(dict.fromkeys(found))


@fact()
def hub_graph(
    hub: Hub,
    deployments: list[Deployment] | None,
    pending_user_pods: list[Pod] | None,
    services: list[Service] | None,
) -> HubGraph:
    """What of the hub waits for what, as far as it could be read."""
    down = [d for d in deployments or () if d.component in CORE and d.status.ready_replicas == 0]
    return HubGraph(tuple((d, _waiting_for(d, hub, pending_user_pods or [], services or [])) for d in down))


def _waiting_for(d: Deployment, hub: Hub, pending: list[Pod], services: list[Service]) -> tuple[Ref, ...]:
    labels = d.spec.template.metadata.labels
    placed_by = pending if d.component == "user-scheduler" else []
    return (
        hub.release_ref,
        # the hub ends where it does not reach its proxy
        *((hub.ref,) if d.component == "proxy" else ()),
        *(s.ref for s in services if s.spec.selector and s.spec.selector.items() <= labels.items()),
        *(p.ref for p in placed_by if served_by(hub, p.spec.scheduler_name, d)),
    )


def served_by(hub: Hub, scheduler: str, deployment: Deployment) -> bool:
    """Whether a scheduler's name is that of the user-scheduler with this Deployment.

    The chart names it after the release (`jhub-user-scheduler`), or like its Deployment with `fullnameOverride`.
    """
    return scheduler in {deployment.name, f"{hub.release}-{deployment.name}"}
