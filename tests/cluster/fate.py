"""What becomes of a container: the status and the events that a kubelet of today writes for it, word for word.

The wordings are those of pkg/kubelet of Kubernetes 1.37 (images/image_manager.go, kuberuntime/kuberuntime_manager.go).
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Literal, NamedTuple

Object = dict[str, Any]


class Happening(NamedTuple):
    """An event that the kubelet records about a container, or with `of_pod` about the whole pod."""

    reason: str
    message: str
    kind: Literal["Normal", "Warning"] = "Normal"
    of_pod: bool = False


@dataclass(frozen=True)
class Fate:
    """A container's status. Texts may name {image}, {container}, {pod}, {namespace} and {uid}."""

    state: Literal["running", "waiting", "terminated"]
    reason: str = ""
    message: str = ""
    ready: bool = True
    exit_code: int = 0
    restarts: int = 0
    last_reason: str = ""
    """How it ended before this; empty if it never did."""
    last_exit_code: int = 0
    happenings: tuple[Happening, ...] = ()

    @property
    def done(self) -> bool:
        """Say whether it has ended well, so that the next init container may begin."""
        return self.state == "terminated" and self.exit_code == 0

    def status(self, pod: Object, container: Object, moment: str) -> Object:
        """Give the container's entry in the pod's status."""
        words = words_of(pod, container)
        handle = f"containerd://{pod['metadata']['uid'].replace('-', '')}{self.restarts:04x}"
        ended = {"containerID": f"{handle}f", "startedAt": moment, "finishedAt": moment}
        states: dict[str, Object] = {
            "running": {"startedAt": moment},
            "waiting": {"reason": self.reason, "message": self.message.format_map(words)},
            "terminated": {"exitCode": self.exit_code, "reason": self.reason, **ended, "containerID": handle},
        }
        if self.state == "waiting" and not self.message:
            del states["waiting"]["message"]
        last = {"reason": self.last_reason, "exitCode": self.last_exit_code, **ended}
        started = self.state != "waiting"
        return {
            "name": container["name"],
            "image": container["image"],
            "imageID": f"{container['image']}@sha256:{'0' * 64}" if started or self.last_reason else "",
            "containerID": handle if started else f"{handle}f" if self.last_reason else "",
            "ready": self.done or (self.state == "running" and self.ready),
            "started": self.state == "running",
            "restartCount": self.restarts,
            "state": {self.state: states[self.state]},
            "lastState": {"terminated": last} if self.last_reason else {},
        }


Rule = Callable[[Object, Object], "Fate | None"]
"""Asked of a pod and one of its containers what becomes of it; nothing if that is none of this rule's business."""

_PULLED = Happening("Pulled", 'Container image "{image}" already present on machine')
_STARTED = (_PULLED, Happening("Created", "Container created"), Happening("Started", "Container started"))

RUNNING = Fate("running", happenings=_STARTED)
NOT_READY = Fate("running", ready=False, happenings=_STARTED)
COMPLETED = Fate("terminated", "Completed", happenings=_STARTED)


def image_pull_back_off(error: str) -> Fate:
    """It waits because its image cannot be pulled; the error is what the container runtime said."""
    message = f'Back-off pulling image "{{image}}": ErrImagePull: {_plain(error)}'
    happenings = (
        Happening("Pulling", 'Pulling image "{image}"'),
        Happening("Failed", f'Failed to pull image "{{image}}": {_plain(error)}', "Warning"),
        Happening("Failed", "Error: ErrImagePull", "Warning"),
        Happening("BackOff", 'Back-off pulling image "{image}"'),
        Happening("Failed", "Error: ImagePullBackOff", "Warning"),
    )
    return Fate("waiting", "ImagePullBackOff", message, happenings=happenings)


def crash_loop(*, exit_code: int = 1, reason: str = "Error", restarts: int = 6) -> Fate:
    """It ends again and again and waits to be started anew."""
    message = "back-off 5m0s restarting failed container={container} pod={pod}_{namespace}({uid})"
    text = "Back-off restarting failed container {container} in pod {pod}_{namespace}({uid})"
    return Fate(
        "waiting", "CrashLoopBackOff", message, restarts=restarts, last_reason=reason, last_exit_code=exit_code,
        happenings=(*_STARTED, Happening("BackOff", text, "Warning")),
    )  # fmt: skip


def oom_killed(*, restarts: int = 1) -> Fate:
    """It runs again after it was killed because it used more memory than its limit."""
    return Fate("running", restarts=restarts, last_reason="OOMKilled", last_exit_code=137, happenings=_STARTED)


def failed(*, exit_code: int = 1, reason: str = "Error") -> Fate:
    """It has ended badly and is not started again."""
    return Fate("terminated", reason, exit_code=exit_code, happenings=_STARTED)


def creating(*happenings: Happening) -> Fate:
    """It hangs in ContainerCreating, for the reasons given, such as `cannot_mount`."""
    return Fate("waiting", "ContainerCreating", happenings=happenings)


def config_error(error: str) -> Fate:
    """It cannot be made because something it names is not there, e.g. `secret "hub" not found`."""
    return Fate(
        "waiting", "CreateContainerConfigError", _plain(error),
        happenings=(_PULLED, Happening("Failed", f"Error: {_plain(error)}", "Warning")),
    )  # fmt: skip


def cannot_mount(volume: str, error: str) -> Happening:
    """Tell of a volume that the kubelet cannot mount."""
    text = f'MountVolume.SetUp failed for volume "{_plain(volume)}" : {_plain(error)}'
    return Happening("FailedMount", text, "Warning", of_pod=True)


def words_of(pod: Object, container: Object) -> dict[str, str]:
    """Give what the texts of a fate may name."""
    meta = pod["metadata"]
    return {
        "image": container["image"], "container": container["name"], "pod": meta["name"],
        "namespace": meta["namespace"], "uid": meta["uid"],
    }  # fmt: skip


@dataclass
class PodStatus:
    """A pod's status as it follows from the fates of its containers, init containers one after another."""

    pod: Object
    address: str
    moment: str

    def of(self, fate: Rule) -> tuple[Object, list[tuple[Object, Happening]]]:
        """Give the status and what has happened to which container; the rule must answer for each."""
        spec = self.pod["spec"]
        init, mains, happened = [], [], []
        blocked = False
        for container in spec.get("initContainers", ()):
            each = Fate("waiting", "PodInitializing") if blocked else _sure(fate(self.pod, container))
            happened += [(container, happening) for happening in each.happenings]
            init.append((container, each))
            lasting = container.get("restartPolicy") == "Always" and each.state == "running"
            blocked = blocked or not (each.done or lasting)
        for container in spec["containers"]:
            waiting = Fate("waiting", "PodInitializing")
            each = waiting if blocked else _sure(fate(self.pod, container))
            happened += [(container, happening) for happening in each.happenings]
            mains.append((container, each))
        ready = all(each.state == "running" and each.ready for _, each in mains)
        broken = [each for _, each in (*init, *mains) if each.state == "terminated" and each.exit_code]
        if broken and (blocked or all(each.state == "terminated" for _, each in mains)):
            phase = "Failed"
        elif all(each.state == "terminated" for _, each in mains):
            phase = "Succeeded"
        else:
            phase = "Pending" if all(each.reason in _NOT_BEGUN for _, each in mains) else "Running"
        unready = None if ready else "PodCompleted" if phase == "Succeeded" else "ContainersNotReady"
        unready_names = [one["name"] for one, each in mains if not (each.state == "running" and each.ready)]
        which = f"containers with unready status: [{' '.join(unready_names)}]" if phase != "Succeeded" else None
        incomplete = (
            f"containers with incomplete status: [{' '.join(one['name'] for one, each in init if not each.done)}]"
        )
        # Until the sandbox is made, which ContainerCreating is about, a pod has no address.
        sandbox = all(each.reason != "ContainerCreating" for _, each in (*init, *mains))
        addresses = {"podIP": self.address, "podIPs": [{"ip": self.address}]} if sandbox else {}
        status = {
            "phase": phase,
            "hostIP": "127.0.0.1",
            **addresses,
            "startTime": self.moment,
            "qosClass": self.pod["status"].get("qosClass", "BestEffort"),
            "conditions": [
                self._condition("Initialized", "ContainersNotInitialized" if blocked else None, incomplete),
                self._condition("Ready", unready, which),
                self._condition("ContainersReady", unready, which),
            ],
            "containerStatuses": [each.status(self.pod, container, self.moment) for container, each in mains],
        }
        if init:
            status["initContainerStatuses"] = [each.status(self.pod, one, self.moment) for one, each in init]
        return status, happened

    def _condition(self, kind: str, why_not: str | None, message: str | None) -> Object:
        state = {"type": kind, "status": "False" if why_not else "True", "lastTransitionTime": self.moment}
        # A null takes away what an earlier status said.
        return {**state, "reason": why_not, "message": message if why_not else None}


_NOT_BEGUN = {"ContainerCreating", "PodInitializing", "ImagePullBackOff", "ErrImagePull", "CreateContainerConfigError"}


def now() -> str:
    """Give the moment as Kubernetes writes it."""
    return dt.datetime.now(dt.UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


def _sure(fate: Fate | None) -> Fate:
    return fate or RUNNING


def _plain(text: str) -> str:
    """Keep braces in a text that was not written as a template."""
    return text.replace("{", "{{").replace("}", "}}")
