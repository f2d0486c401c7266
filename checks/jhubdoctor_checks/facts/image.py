"""Pulls of images that failed, of pods that are there and of users' pods that are gone."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from jhubdoctor.api import LINE_LIMIT, ContainerStatus, Event, Events, Hub, Pod, Ref, Revision, Values, clean, fact
from jhubdoctor_checks.texts import known, most_telling
from jhubdoctor_checks.texts.registry import PULLS

# waiting.reason of containers, kubelet 1.20 to 1.36 (pkg/kubelet/images/types.go)
PULL_REASONS = frozenset(
    {
        "ErrImagePull",
        "ImagePullBackOff",
        "InvalidImageName",
        "ErrImageNeverPull",
        "ImageInspectError",
        "RegistryUnavailable",
        "SignatureValidationFailed",
    }
)
# reasons of events that say why (pkg/kubelet/events/event.go); `Failed` is for more than pulls
EVENT_REASONS = ("Failed", "InspectFailed", "ErrImageNeverPull")
_ABOUT_A_PULL = r"(?i)Failed to (?:pull|inspect|apply default image tag)|is not present with pull policy"
_QUOTED = r'"([^"\s]+)"'
USER_SERVER = "singleuser-server"
HOOK = "hook-image-puller"
# The kubelet tries again within seconds: one failure of so young a pod is none yet.
FIRST_TRY = 120


@dataclass(frozen=True)
class FailedPull:
    """One container whose image could not be pulled.

    Attributes:
        pod: the pod, None where it is gone.
        ref: a reference to it; those of users share what their fingerprint is made of.
        component: the chart's component, `singleuser-server` for a user's pod.
        container: the container, empty where only an event without it is left.
        image: the image as the pod names it.
        node: where, empty where unknown.
        reason: of the container's status, or of the event.
        message: what the kubelet said, redacted and on one line.
        text: that and all else that it said of this image, to be searched.
        source: where `message` is from.
        at: when it was last seen, None where the status alone tells.
        secret: an image pull secret that the kubelet did not find.
    """

    pod: Pod | None
    ref: Ref
    component: str
    container: str
    image: str
    node: str
    reason: str
    message: str
    text: str
    source: str
    at: datetime | None = None
    secret: str = ""


def shared(ref: Ref) -> Ref:
    """The reference to a user's pod, with a fingerprint that does not change with who is concerned."""
    return replace(ref, stable="Pods of users")


def user_prefix(values: Values | None) -> str:
    """How names of users' pods begin: up to the first placeholder of the template."""
    template = values.get("singleuser.podNameTemplate") if values else None
    start = str(template).split("{", 1)[0] if isinstance(template, str) else ""
    return start or "jupyter-"


@fact(passes_only_with=("events",))
def failed_pulls(
    hub: Hub,
    pods: list[Pod],
    user_pods: list[Pod],
    events: Events | None,
    values: Values | None,
    revisions: list[Revision] | None,
    now: datetime,
) -> list[FailedPull]:
    """Containers that cannot start for want of their image, and pods of users and of the hook that ended so lately."""
    seen = events or Events()
    found = [
        pull
        for pod in (*pods, *user_pods)
        if not pod.terminating and not pod.finished
        for pull in _live(pod, seen, now)
    ]
    failing = {p.ref.name for p in found}
    gone = [*_gone(hub, user_pods, seen, user_prefix(values)), *_hook_gone(hub, pods, seen, revisions)]
    return found + [p for p in gone if p.ref.name not in failing]


def _live(pod: Pod, events: Events, now: datetime) -> Iterator[FailedPull]:
    for status in pod.statuses():
        waiting = status.state.waiting
        if waiting is None or waiting.reason not in PULL_REASONS:
            continue
        image = _image(pod, status)
        tries = [e for e in _about_pulls(events, pod.name) if image in e.message]
        times = sum(e.times for e in tries) or 1
        telling = most_telling(tries, _message, PULLS) if tries else None
        message = telling.message if telling else ""
        first = waiting.reason == "ErrImagePull" and times == 1 and (now - pod.created).total_seconds() < FIRST_TRY
        row = known(PULLS, f"{waiting.message} {message}")
        # no other try will find a tag that does not exist
        if first and (row is None or row.word != "not-found"):
            continue
        lost = events.about("Pod", pod.name, "FailedToRetrieveImagePullSecret")
        yield FailedPull(
            pod=pod,
            ref=shared(pod.ref) if pod.component == USER_SERVER else pod.ref,
            component=pod.component,
            container=status.name,
            image=image,
            node=pod.node,
            reason=waiting.reason,
            message=clean(max(waiting.message, message, key=len), LINE_LIMIT),
            text=clean(f"{waiting.message} {message}", 2 * LINE_LIMIT),
            source="event" if len(message) > len(waiting.message) else "pod.status",
            at=telling.at if telling else None,
            secret=_secret(lost),
        )


def _image(pod: Pod, status: ContainerStatus) -> str:
    container = pod.container(status.name)
    return container.image if container is not None and container.image else status.image


def _about_pulls(events: Events, name: str) -> list[Event]:
    return [e for e in events.about("Pod", name, *EVENT_REASONS) if _about_a_pull(e)]


def _message(event: Event) -> str:
    return event.message


def _about_a_pull(event: Event) -> bool:
    return re.search(_ABOUT_A_PULL, event.message) is not None


def _secret(lost: list[Event]) -> str:
    # kubelet 1.28 and later: "Unable to retrieve some image pull secrets (a, b); attempting to pull ..."
    found = re.search(r"image pull secrets \(([\w., -]+)\)", lost[0].message) if lost else None
    return found[1] if found else ""


def _gone(hub: Hub, user_pods: list[Pod], events: Events, prefix: str) -> Iterator[FailedPull]:
    """Users' pods that the hub deleted while they waited for their image; also where it is just trying again."""

    def of_a_user(e: Event) -> bool:
        return (e.about[1].startswith(prefix) or e.container == "notebook") and _about_a_pull(e)

    alive = {p.name: p for p in user_pods}
    pulled = events.of("Pulled")
    for name, e in events.of_pods(*EVENT_REASONS, where=of_a_user).items():
        pod = alive.get(name)
        if pod is not None and (pod.created <= e.at or any(s.state.running for s in pod.status.container_statuses)):
            continue
        quoted = re.search(_QUOTED, e.message)
        image = quoted[1] if quoted else ""
        if any(p.at >= e.at and image in p.message for p in pulled):
            continue
        yield _from_event(e, shared(hub.pod_ref(name)), USER_SERVER, image, events)


def _hook_gone(hub: Hub, pods: list[Pod], events: Events, revisions: list[Revision] | None) -> Iterator[FailedPull]:
    """The hook's pods of an install or upgrade that failed for them.

    Helm deletes their DaemonSet when its time is up (pkg/action/hooks.go: hooks before the one that failed count as
    succeeded), so that events are all that is left.
    """
    if not revisions or revisions[0].status == "deployed" or any(p.component == HOOK for p in pods):
        return
    latest: dict[tuple[str, str], Event] = {}
    for e in failed_of_hook(events):
        if e.at >= revisions[0].begun and (quoted := re.search(_QUOTED, e.message)):
            latest.setdefault((e.about[1], quoted[1]), e)
    pulled = events.of("Pulled")
    for (name, image), e in latest.items():
        if not any(p.at >= e.at and image in p.message and p.source.host == e.source.host for p in pulled):
            yield _from_event(e, replace(hub.pod_ref(name), stable=f"DaemonSet/{HOOK}"), HOOK, image, events)


def failed_of_hook(events: Events) -> list[Event]:
    """The pulls of the hook's pods that failed."""
    return [
        e for e in events.of(*EVENT_REASONS) if e.about[0] == "Pod" and f"{HOOK}-" in e.about[1] and _about_a_pull(e)
    ]


def _from_event(e: Event, ref: Ref, component: str, image: str, events: Events) -> FailedPull:
    """A failed pull of which an event is all that is left."""
    return FailedPull(
        pod=None,
        ref=ref,
        component=component,
        container=e.container,
        image=image,
        node=e.source.host,
        reason=e.reason,
        message=clean(e.message, LINE_LIMIT),
        text=clean(e.message, LINE_LIMIT),
        source="event",
        at=e.at,
        secret=_secret(events.about("Pod", e.about[1], "FailedToRetrieveImagePullSecret")),
    )


# "Successfully pulled image "x" in 4m2.5s (4m2.5s including waiting)": kubelet 1.20 to 1.36; Go's durations
_PULLED = r'pulled image "(?P<image>[^"]+)" in (?P<took>[\dhms.µu]+)(?: \((?P<all>[\dhms.µu]+) including)?'
_SPAN = r"(\d+(?:\.\d+)?)(h|ms|m|s)"
_UNITS = {"h": 3600.0, "m": 60.0, "s": 1.0, "ms": 0.001}


@dataclass(frozen=True)
class Pull:
    """One image that a node got, or is getting, for a pod.

    Attributes:
        pod: the pod's name.
        image: the image.
        node: where, empty where the event does not tell.
        began: when.
        took: for how many seconds, waiting included; None while it is under way.
    """

    pod: str
    image: str
    node: str
    began: datetime
    took: float | None = None


def seconds(span: str) -> float:
    """A duration as Go writes it (`4m2.5s`) in seconds."""
    return sum(float(m[1]) * _UNITS[m[2]] for m in re.finditer(_SPAN, span))


@fact()
def pulls(events: Events) -> list[Pull]:
    """The pulls of the last hour that the kubelets told of, finished or under way; not those that failed."""
    found = []
    for e in events.of("Pulled"):
        if m := re.search(_PULLED, e.message):
            took = seconds(m["all"] or m["took"])
            found.append(Pull(e.about[1], m["image"], e.source.host, e.at - timedelta(seconds=took), took))
    for e in events.of("Pulling"):
        quoted = re.search(_QUOTED, e.message)
        image = quoted[1] if quoted else ""
        later = events.about("Pod", e.about[1], "Pulled", "Failed")
        if not any(x.at >= e.at and image in x.message for x in later):
            found.append(Pull(e.about[1], image, e.source.host, e.at if e.times > 1 else e.began))
    return sorted(found, key=lambda p: (p.pod, p.image, p.began))
