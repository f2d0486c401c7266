"""What else does not work while pods of a component do not run: so that its symptoms can be folded under the cause."""

from __future__ import annotations

from collections.abc import Iterable

from jhubdoctor.api import Deployment, Hub, Pod, Ref, Service

CORE = frozenset({"hub", "proxy", "autohttps", "user-scheduler"})


def dependents(
    hub: Hub,
    components: Iterable[str],
    deployments: list[Deployment],
    pending_user_pods: list[Pod],
    services: list[Service] | None,
) -> tuple[Ref, ...]:
    """The Deployments of core components that have no ready pod, and what waits for those.

    That is their Services, the release (`helm --wait` waits for them), for the proxy the hub, and for the
    user-scheduler the pods of users that nobody places.
    """
    found: list[Ref] = []
    down = [d for d in deployments if d.component in CORE.intersection(components) and d.status.ready_replicas == 0]
    for d in down:
        labels = d.spec.template.metadata.labels
        found += [d.ref, hub.release_ref]
        if d.component == "proxy":
            # the hub ends where it does not reach its proxy
            found.append(hub.ref)
        found += [s.ref for s in services or [] if s.spec.selector and s.spec.selector.items() <= labels.items()]
        if d.component == "user-scheduler":
            found += [p.ref for p in pending_user_pods if served_by(hub, p.spec.scheduler_name, d)]
    return tuple(dict.fromkeys(found))


def served_by(hub: Hub, scheduler: str, deployment: Deployment) -> bool:
    """Whether a scheduler's name is that of the user-scheduler with this Deployment.

    The chart names it after the release (`jhub-user-scheduler`), or like its Deployment with `fullnameOverride`.
    """
    return scheduler in {deployment.name, f"{hub.release}-{deployment.name}"}
