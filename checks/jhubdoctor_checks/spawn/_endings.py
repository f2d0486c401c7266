"""How a container of a user's server ended, and what its last lines say of the reason."""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import datetime

from jhubdoctor.api import ContainerStatus, Events, Fix, Hub, Pod, PodLog, clean
from jhubdoctor_checks._known import table

# The kubelet's and the container runtimes' words for a container that cannot even be made or started.
CANNOT_START = frozenset(
    {"CreateContainerConfigError", "CreateContainerError", "RunContainerError", "StartError", "ContainerCannotRun"}
)


# What jupyterhub-singleuser and Jupyter Server log before they end (JupyterHub 1.0 to 6.0: singleuser/mixins.py and
# extension.py; Python's own texts of OSError).
_ROWS = table(
    (
        "hub-unreachable",
        r"Failed to connect to my Hub at \S+",
        "the server does not reach the hub's API",
        (
            "See that the pod may reach the hub on port 8081: its label hub.jupyter.org/network-access-hub, "
            "NetworkPolicies and DNS."
        ),
    ),
    (
        "not-by-hub",
        r"JUPYTERHUB_API_TOKEN env is required|JPY_API_TOKEN env is required",
        "the server has no token of the hub",
        "Something in the image's start script or in singleuser.extraEnv drops the environment that the hub sets.",
    ),
    (
        "home-full",
        r"No space left on device|Disk quota exceeded",
        "the user's volume is full",
        "Make the volume larger, or have the user delete something.",
    ),
    (
        "home-permission",
        r"PermissionError: \[Errno 13\]|Permission denied: '/home",
        "the server may not write the user's home",
        (
            "Give the home to the server's user and group (singleuser.uid 1000, singleuser.fsGid 100). NFS and Azure "
            "Files ignore fsGroup: set the rights on the share, or its mount options."
        ),
    ),
    (
        "module-missing",
        r"ModuleNotFoundError: No module named|ImportError: cannot import name",
        "a Python module is missing from the image or does not fit",
        "Correct the image; a package in the user's home (~/.local) can hide the image's own too.",
    ),
    (
        "option-unknown",
        r"(?i)unrecognized (?:alias|flag|arguments)|no such option|Bad config encountered",
        "the server does not know one of its options",
        "Correct singleuser.cmd, or the options that the profile or hub.extraConfig adds.",
    ),
)


@dataclass(frozen=True)
class Ending:
    """How a container ended.

    Attributes:
        word: the cause, stable.
        says: why, as far as is known.
        code: its exit code.
        at: when.
        line: the line of its log that tells.
        text: what to do.
    """

    word: str
    says: str
    code: int
    at: datetime | None
    line: str = ""
    text: str = ""

    def fix(self, hub: Hub, pod: Pod, container: str) -> Fix:
        """What to do, and the command that shows the log."""
        look = hub.kubectl(f"logs {pod.name} --container {container} --previous --tail 60")
        if self.word == "home-full":
            return Fix(self.text, commands=(look, hub.kubectl(f"get pvc {' '.join(pod.spec.claims)}".strip())))
        return Fix(self.text or "See what the container logged before it ended.", commands=(look,))


_RAISED = re.compile(r"[\w.]*(?:Error|Exception)\b")
# Exit codes of shells and of the kernel; 143 is a container that was asked to end.
_CODES = {
    126: "its command may not be executed",
    127: "its command was not found",
    137: "it was killed (exit code 137)",
    139: "it crashed (exit code 139)",
    143: "it was asked to end (exit code 143)",
}


# The kubelet ends a container whose hook fails (pkg/kubelet/lifecycle, kuberuntime; 1.20 to 1.36). What the event says
# of the command and its output may hold a token (gitpuller's URL): only the exit code is shown.
_HOOK = "FailedPostStartHook"
_HOOK_CODE = re.compile(r"exited with (\d{1,3})\b")


def ending_of(status: ContainerStatus, log: PodLog | None, pod: Pod, events: Events | None) -> Ending:
    """How a container ended, by its hook or its log where these tell, else by its exit code."""
    end = status.state.terminated or status.last_state.terminated
    code, at = (end.exit_code, end.finished_at) if end else (0, None)
    said = [e for e in events.about("Pod", pod.name, _HOOK) if e.container in {"", status.name}] if events else []
    if said:
        found = _HOOK_CODE.search(said[0].message)
        return Ending(
            "post-start",
            "its postStart hook fails" + (f" (exit code {found[1]})" if found else ""),
            code,
            at,
            text="See what the hook's command does in that image (singleuser.lifecycleHooks.postStart): the container "
            "is stopped each time it fails. End it with `|| true` where a server without it is better than none.",
        )
    for row in _ROWS:
        for m in reversed(list(log.search(row.pattern)) if log else []):
            return Ending(row.word, row.says, code, at, clean(m.string[m.start() :], 200), row.fix)
    # any other line is the user's; the exception that a traceback ends in is not
    last = next((line for line in reversed(log.lines) if _RAISED.match(line)), "") if log else ""
    return Ending(f"code {code}", _CODES.get(code, f"exit code {code}"), code, at, clean(last, 300))
