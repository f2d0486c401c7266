"""How a container of a user's server ended, and what its last lines say of the reason."""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import datetime

from jhubdoctor.api import ContainerStatus, Events, Fix, Hub, Pod, PodLog, clean
from jhubdoctor_checks.texts.jupyterhub import SERVER_ENDINGS


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


_RAISED = r"[\w.]*(?:Error|Exception)\b"
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
_HOOK_CODE = r"exited with (\d{1,3})\b"


def ending_of(status: ContainerStatus, log: PodLog | None, pod: Pod, events: Events | None) -> Ending:
    """How a container ended, by its hook or its log where these tell, else by its exit code."""
    end = status.state.terminated or status.last_state.terminated
    code, at = (end.exit_code, end.finished_at) if end else (0, None)
    said = [e for e in events.about("Pod", pod.name, _HOOK) if e.container in {"", status.name}] if events else []
    if said:
        found = re.search(_HOOK_CODE, said[0].message)
        return Ending(
            "post-start",
            "its postStart hook fails" + (f" (exit code {found[1]})" if found else ""),
            code,
            at,
            text="See what the hook's command does in that image (singleuser.lifecycleHooks.postStart): the container "
            "is stopped each time it fails. End it with `|| true` where a server without it is better than none.",
        )
    for row in SERVER_ENDINGS:
        for m in reversed(list(log.search(row.compiled)) if log else []):
            return Ending(row.word, row.says, code, at, clean(m.string[m.start() :], 200), row.fix.text)
    # any other line is the user's; the exception that a traceback ends in is not
    last = next((line for line in reversed(log.lines) if re.match(_RAISED, line)), "") if log else ""
    return Ending(f"code {code}", _CODES.get(code, f"exit code {code}"), code, at, clean(last, 300))
