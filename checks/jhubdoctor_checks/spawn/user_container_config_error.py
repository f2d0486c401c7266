"""Containers of users' servers that cannot be made or started."""

import re
from collections.abc import Iterator

from jhubdoctor import ContainerStatus, Evidence, Finding, Fix, Hub, Pod, Severity, check, clean, count, grouped
from jhubdoctor_checks.spawn._endings import CANNOT_START
from jhubdoctor_checks.spawn._servers import refs

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


@check(severity=Severity.ERROR, explains=("spawn-timeout", "user-pod-crash-loop"))
def user_container_config_error(hub: Hub, user_pods: list[Pod]) -> Iterator[Finding]:
    """Containers of users' servers cannot be started: a wrong command, reference, or user to run as."""
    found = [
        (pod, status, *told)
        for pod in user_pods
        if not pod.terminating and not pod.ready
        for status in pod.statuses()
        if (told := _told(status))
    ]
    for (name, word), members in grouped(found, lambda f: (f[1].name, _word(f[3]))):
        pod, _, _, message = members[0]
        yield Finding(
            on=refs(p for p, *_ in members),
            says=f"container {name} of {count(len(members))} cannot be started: {_says(word, pod, name, message)}",
            evidence=tuple(
                Evidence("pod.status", f"{p.name}: {name}: {r}: {clean(m, 300)}") for p, _, r, m in members[:3]
            ),
            fix=_fix(word, hub, pod, name),
            cause=f"{name} {word}",
        )


def _told(status: ContainerStatus) -> tuple[str, str] | None:
    """Reason and message, where the container could not be started."""
    for state in (status.state, status.last_state):
        if state.waiting and state.waiting.reason in CANNOT_START:
            return state.waiting.reason, state.waiting.message
        if state.terminated and state.terminated.reason in CANNOT_START:
            return state.terminated.reason, state.terminated.message
    return None


def _word(message: str) -> str:
    return next((word for word, pattern in _KINDS if pattern.search(message)), "other")


def _command(pod: Pod, name: str) -> str:
    container = pod.container(name)
    words = [*(container.command or container.args)] if container else []
    return clean(words[0], 80) if words else "its command"


def _says(word: str, pod: Pod, name: str, message: str) -> str:
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


def _fix(word: str, hub: Hub, pod: Pod, name: str) -> Fix:
    look = hub.kubectl(f"describe pod {pod.name}")
    caution = "This restarts the hub; it holds for servers that are started after it."
    match word:
        case "command-missing" if name == "notebook":
            return Fix(
                "Install the hub's version of jupyterhub into the image, so that it has jupyterhub-singleuser. One "
                "that starts it itself (docker-stacks, and what is built on them) wants singleuser.cmd: null.",
                values={"singleuser": {"cmd": None}},
                commands=(look, hub.helm_upgrade),
                caution=caution,
            )
        case "root-not-allowed":
            return Fix(
                "Let the container run as a user by number: singleuser.uid, 1000 in Jupyter's images.",
                values={"singleuser": {"uid": 1000}},
                commands=(look, hub.helm_upgrade),
                caution=caution,
            )
        case "reference-missing":
            return Fix(
                "Create it, or correct what refers to it (singleuser.extraEnv, a profile).",
                commands=(hub.kubectl("get secrets,configmaps"), look),
            )
    return Fix("Correct what the message names.", commands=(look,))
