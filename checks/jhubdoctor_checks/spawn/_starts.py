"""Containers that cannot be made or started: what the kubelet and the runtime say, what it means, and what to do."""

import re

from jhubdoctor.api import ContainerStatus, Fix, Hub, Pod, clean
from jhubdoctor_checks.spawn._endings import CANNOT_START

# Texts of the kubelet (pkg/kubelet/kuberuntime, 1.20 to 1.36) and of runc and crun through containerd and CRI-O.
_KINDS = tuple(
    (word, re.compile(text))
    for word, text in (
        ("command-missing", r"executable file not found|no such file or directory: unknown|exec: \"[^\"]+\": stat"),
        ("command-not-allowed", r"exec .*permission denied|permission denied: unknown"),
        ("reference-missing", r"(?:secret|configmap) \"(?P<x>[\w.-]+)\" not found|couldn't find key (?P<y>[\w.-]+)"),
        ("root-not-allowed", r"runAsNonRoot|image will run as root|non-numeric user"),
        ("device-missing", r"(?i)nvidia|cdi device|device plugin|unresolvable CDI"),
        ("mount-not-allowed", r"(?i)not a directory|subPath|mount through procfd|error mounting"),
    )
)


def told(status: ContainerStatus) -> tuple[str, str] | None:
    """Reason and message, where the container could not be started."""
    for state in (status.state, status.last_state):
        if state.waiting and state.waiting.reason in CANNOT_START:
            return state.waiting.reason, state.waiting.message
        if state.terminated and state.terminated.reason in CANNOT_START:
            return state.terminated.reason, state.terminated.message
    return None


def word_of(message: str) -> str:
    """The kind of failure."""
    return next((word for word, pattern in _KINDS if pattern.search(message)), "other")


def _command(pod: Pod, name: str) -> str:
    container = pod.container(name)
    words = [*(container.command or container.args)] if container else []
    return clean(words[0], 80) if words else "its command"


def meaning(word: str, pod: Pod, name: str, message: str) -> str:
    """What a kind of failure means for this container."""
    match word:
        case "command-missing":
            return f"{_command(pod, name)} is not in the image"
        case "command-not-allowed":
            return f"{_command(pod, name)} may not be executed"
        case "reference-missing":
            found = next(m for w, p in _KINDS if w == word and (m := p.search(message)))
            return f"{found['x'] or found['y']} does not exist"
        case "root-not-allowed":
            return "it may not run as the image's user"
        case "device-missing":
            return "a device or its driver is not there"
        case "mount-not-allowed":
            return "a volume cannot be mounted where it should be"
    return "the node says why"


def remedy(word: str, hub: Hub, pod: Pod, name: str) -> Fix:
    """What to do."""
    look = hub.kubectl(f"describe pod {pod.name}")
    caution = "This restarts the hub; it holds for servers that are started after it."
    match word:
        case "command-missing" if name == "notebook":
            return hub.values_fix(
                "Install the hub's version of jupyterhub into the image, so that it has jupyterhub-singleuser. One "
                "that starts it itself (docker-stacks, and what is built on them) wants singleuser.cmd: null.",
                {"singleuser": {"cmd": None}},
                look,
                caution=caution,
            )
        case "root-not-allowed":
            return hub.values_fix(
                "Let the container run as a user by number: singleuser.uid, 1000 in Jupyter's images.",
                {"singleuser": {"uid": 1000}},
                look,
                caution=caution,
            )
        case "reference-missing":
            return Fix(
                "Create it, or correct what refers to it (singleuser.extraEnv, a profile).",
                commands=(hub.kubectl("get secrets,configmaps"), look),
            )
    return Fix("Correct what the message names.", commands=(look,))
