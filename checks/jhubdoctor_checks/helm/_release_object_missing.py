"""What is missing where an object of the release is gone, and whom that hurts."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator

from jhubdoctor.api import Hub, Listed, Pod, PodSpec, Ref
from jhubdoctor_checks.facts.around import Around

# Without these the hub works: they hold back, or prepare.
_LESS = frozenset({"NetworkPolicy", "PodDisruptionBudget", "PersistentVolumeClaim"})
_PREPARES = ("continuous-image-puller", "user-placeholder")


def breaks(item: Listed) -> bool:
    """Whether users or the hub need it."""
    return item.kind not in _LESS and not item.name.endswith(_PREPARES)


def ref_of(item: Listed, hub: Hub) -> Ref:
    """A reference to what is not there."""
    return Ref(item.kind, item.name, hub.namespace, item.api_version, stable=f"{item.kind}/{item.name}")


def named(items: tuple[Listed, ...], most: int = 3) -> str:
    """`the Service proxy-public`, `3 objects (Service hub, ...)`."""
    first = [f"{o.kind} {o.name}" for o in items[:most]]
    if len(items) == 1:
        return f"the {first[0]}"
    return f"{len(items)} objects ({', '.join(first)}{', ...' if len(items) > most else ''})"


def idle(item: Listed, around: Around) -> bool:
    """Whether it is a claim that nothing mounts: a hub that has its database elsewhere by now, say."""
    if item.kind != "PersistentVolumeClaim":
        return False
    return not any(
        _uses(s, item) for s in (*(w.spec.template.spec for w in around.workloads), *(p.spec for p in around.pods))
    )


def suffers(hub: Hub, gone: Iterable[Listed], around: Around) -> tuple[Ref, ...]:
    """What does not come up, or does not go on, without these."""
    return tuple(dict.fromkeys(r for item in gone for r in _suffers(hub, item, around)))


def _is(item: Listed, component: str) -> bool:
    return re.search(rf"(?:^|-){component}$", item.name) is not None


def _suffers(hub: Hub, item: Listed, around: Around) -> Iterator[Ref]:
    pods = around.pods
    own = (hub.ref, *(p.ref for p in pods if p.component == "hub"))
    match item.kind:
        case "Service":
            # the hub ends where it does not reach its proxy, and servers where they do not reach the hub
            yield from own if _is(item, "proxy-api") else ()
            yield from _servers(hub, around) if _is(item, "hub") else ()
        case "Deployment":
            yield hub.release_ref
            yield from (s.ref for s in around.services if s.name.startswith(item.name))
            yield from own if _is(item, "proxy") else ()
            yield from _servers(hub, around) if _is(item, "hub") else ()
            yield from (p.ref for p in pods if _placed_by(hub, p, item.name))
        case "Role" | "RoleBinding":
            yield from own if _is(item, "hub") else ()
        case "ServiceAccount" | "ConfigMap" | "Secret" | "PersistentVolumeClaim":
            yield hub.release_ref
            yield from (w.ref for w in around.workloads if _uses(w.spec.template.spec, item))
            yield from (p.ref for p in pods if _uses(p.spec, item))


def _servers(hub: Hub, around: Around) -> Iterator[Ref]:
    """Servers that run, and those that are gone after a start that failed: what else keeps one is no matter of this."""
    yield from (p.ref for p in around.pods if p.user and p.phase == "Running")
    there = {p.name for p in around.pods}
    yield from (hub.pod_ref(s.pod) for s in around.spawns.failed if s.pod and s.pod not in there)


def _placed_by(hub: Hub, pod: Pod, scheduler: str) -> bool:
    return pod.phase == "Pending" and not pod.node and pod.spec.scheduler_name in {
        scheduler, f"{hub.release}-{scheduler}",
    }  # fmt: skip


def _uses(spec: PodSpec, item: Listed) -> bool:
    match item.kind:
        case "ServiceAccount":
            return spec.service_account_name == item.name
        case "PersistentVolumeClaim":
            return item.name in spec.claims
        case "ConfigMap":
            return any(v.config_map is not None and v.config_map.name == item.name for v in spec.volumes)
    mounted = any(v.secret is not None and v.secret.secret_name == item.name for v in spec.volumes)
    sources = [e.value_from.secret_key_ref for c in spec.containers for e in c.env if e.value_from is not None]
    return mounted or any(s is not None and s.name == item.name for s in sources)
