"""Images that were made for another processor."""

import re
from collections.abc import Iterator

from jhubdoctor.api import ContainerStatus, Events, Finding, Fix, Hub, HubLog, Node, Pod, PodLog, Rung, Severity, check
from jhubdoctor_checks.facts.image import USER_SERVER, shared

# Linux's ENOEXEC, as runc, crun and shells pass it on
_WRONG = r"(?i)exec format error"


@check(severity=Severity.ERROR, at=Rung.PULLED, stops=Rung.REACHED, complete=("nodes",))
def image_architecture_mismatch(
    hub: Hub,
    pods: list[Pod],
    user_pods: list[Pod],
    events: Events,
    nodes: list[Node] | None,
    ended_user_logs: list[PodLog],
    hub_log: HubLog | None,
) -> Iterator[Finding]:
    """A container's program is made for another processor than the node has."""
    logged = {(log.pod.name, log.container) for log in ended_user_logs if any(re.search(_WRONG, x) for x in log.lines)}
    arch = {n.name: n.status.node_info.architecture or n.labels.get("kubernetes.io/arch", "") for n in nodes or []}
    found: dict[tuple[str, str], list[tuple[Pod, str]]] = {}
    for pod in (*pods, *user_pods):
        for status in pod.statuses() if pod.node and not pod.terminating else []:
            if status.ready:
                # it runs by now, by an image that was built for it
                continue
            container = pod.container(status.name)
            proven = _says_so(pod, status, events) or (pod.name, status.name) in logged
            if not proven and pod.component == "hub" and hub_log is not None:
                proven = next(hub_log.search(_WRONG), None) is not None
            if proven:
                image = container.image if container is not None else status.image
                found.setdefault((image, arch.get(pod.node, "")), []).append((pod, status.name))
    for (image, its), members in sorted(found.items()):
        others = sorted(set(arch.values()) - {its, ""})
        on_nodes = sorted({p.node for p, _ in members})
        users = all(p.component == USER_SERVER for p, _ in members)
        yield Finding(
            on=tuple(shared(p.ref) if p.component == USER_SERVER else p.container_ref(c) for p, c in members),
            says=f"{image} is not made for the processor of {', '.join(on_nodes[:3])}{f' ({its})' if its else ''}",
            evidence=(
                ("pod.status", f"{members[0][0].name}, container {members[0][1]}: exec format error"),
                *(("node", f"{n}: architecture {arch[n]}") for n in on_nodes[:3] if arch.get(n)),
                ("node", f"other nodes are {', '.join(others)}") if others else None,
            ),
            fix=Fix(
                f"Keep users' servers on the nodes that are {others[0]}, as shown, and the others stay unused; or "
                "build the image for this architecture too (docker buildx build --platform)."
                if others and users
                else "Build the image for this architecture too (docker buildx build --platform)"
                + (f"; or keep these pods on the nodes that are {others[0]}." if others else "."),
                {"singleuser": {"nodeSelector": {"kubernetes.io/arch": others[0]}}} if others and users else {},
                (hub.helm_upgrade,) if others and users else (),
            ),
            cause=f"{image} {its}".strip(),
            affects=(hub.ref,) if any(p.component == "hub" for p, _ in members) else (),
        )


def _says_so(pod: Pod, status: ContainerStatus, events: Events) -> bool:
    ends = (status.state.terminated, status.last_state.terminated, status.state.waiting)
    if any(e is not None and re.search(_WRONG, e.message) for e in ends):
        return True
    failures = [e for e in events.about("Pod", pod.name, "Failed", "BackOff") if e.container in {"", status.name}]
    return any(re.search(_WRONG, e.message) for e in failures)
