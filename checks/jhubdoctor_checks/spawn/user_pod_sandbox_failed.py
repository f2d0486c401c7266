"""Users' pods for which the node cannot set up a network."""

from collections.abc import Iterator
from datetime import datetime

from jhubdoctor.api import Event, Events, Evidence, Finding, Fix, Hub, Pod, Rung, Severity, check, count, grouped
from jhubdoctor_checks.spawn._servers import gone, refs
from jhubdoctor_checks.texts import Known, alike, known, last_words, most_telling, on_nodes
from jhubdoctor_checks.texts.kubelet import SANDBOX_FAILED, SANDBOXES

_REASONS = ("FailedCreatePodSandBox", "NetworkNotReady")
# It came to nothing where one of these is newer.
_OVER = ("Pulling", "Pulled", "Created", "Started")
# A sandbox is often made at the second try, seconds later.
PATIENCE = 120


@check(severity=Severity.ERROR, at=Rung.MOUNTED, stops=Rung.TOLD, symptom=True)
def user_pod_sandbox_failed(
    hub: Hub, now: datetime, pods: list[Pod], user_pods: list[Pod], events: Events
) -> Iterator[Finding]:
    """Nodes cannot set up the network of users' pods."""
    failing = [(pod, e) for pod in user_pods if (e := _failed(pod, events, now))]
    # those too that the hub deleted while they waited
    late = [(ref, e) for ref, e in gone(hub, [*pods, *user_pods], events, *_REASONS, *_OVER) if e.reason in _REASONS]
    for (kind, _), members in grouped(failing, lambda f: (_kind(f[1]), _apart(f[1]))):
        nodes = sorted({pod.node for pod, _ in members if pod.node})
        yield Finding(
            on=refs(pod for pod, _ in members),
            says=f"{count(len(members))} cannot start{on_nodes(nodes)}: "
            f"{kind.means({'last': last_words(members[0][1].message)})}",
            evidence=tuple(
                Evidence("event", f"{pod.name}: {e.reason}: {kind.excerpt(e.message)} ({e.times} times)", e.at)
                for pod, e in members[:3]
            ),
            fix=Fix(
                kind.fix.text,
                commands=(
                    *(f"kubectl get pods --all-namespaces --field-selector spec.nodeName={n}" for n in nodes[:1]),
                    hub.kubectl(f"describe pod {members[0][0].name}"),
                ),
            ),
            cause=f"{kind.word} {_apart(members[0][1])}".strip(),
            affects=tuple(ref for ref, e in late if _kind(e) is kind and _apart(e) == _apart(members[0][1])),
        )


def _kind(e: Event) -> Known[None]:
    return known(SANDBOXES, e.message) or SANDBOX_FAILED


def _apart(e: Event) -> str:
    """What tells failures apart that no row knows."""
    return alike(last_words(e.message)) if _kind(e) is SANDBOX_FAILED else ""


def _failed(pod: Pod, events: Events, now: datetime) -> Event | None:
    """The most telling failure of a pod that still waits for its sandbox."""
    if pod.phase != "Pending" or not pod.node or pod.terminating or (now - pod.created).total_seconds() < PATIENCE:
        return None
    found = events.holding(pod, *_REASONS)
    return most_telling(found, lambda e: e.message, SANDBOXES) if found else None
