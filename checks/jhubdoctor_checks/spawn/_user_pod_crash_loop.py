"""How a container of a user's server ended, and what its last lines say of the reason."""

from __future__ import annotations

import re
from dataclasses import dataclass, replace
from datetime import datetime

from jhubdoctor.api import ContainerStatus, Events, Fix, Hub, Pod, PodLog, clean
from jhubdoctor_checks.facts.mounts import denied_path, full_disk, holding, made_by_mount
from jhubdoctor_checks.facts.server_logs import reason_in
from jhubdoctor_checks.texts.jupyterhub import SERVER_ENDINGS


@dataclass(frozen=True)
class Ending:
    """How a container ended.

    Attributes:
        word: the cause, stable.
        says: why, as far as is known.
        code: its exit code.
        at: when.
        line: the line of its log that tells, or the event.
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
# of the command and its output may hold a token (gitpuller's URL): only the exit code is shown, and the runtime's own
# words (runc, crun) where there was nothing to run. They stand in quotes of two depths.
_HOOK = "FailedPostStartHook"
_HOOK_CODE = r"exited with (\d{1,3})\b"
_HOOK_RUN = (
    r"exec: [\\\"]+(?P<program>[\w./+-]{1,100})[\\\"]+: (?:stat \S{1,100}: )?"
    r"(?P<why>executable file not found in \$PATH|no such file or directory|permission denied)"
)


def ending_of(status: ContainerStatus, log: PodLog | None, pod: Pod, events: Events | None) -> Ending:
    """How a container ended, by its hook or its log where these tell, else by its exit code."""
    end = status.state.terminated or status.last_state.terminated
    code, at = (end.exit_code, end.finished_at) if end else (0, None)
    hooks = [e for e in events.about("Pod", pod.name, _HOOK) if e.container in {"", status.name}] if events else []
    if hooks:
        found, run = (re.search(p, hooks[0].message) for p in (_HOOK_CODE, _HOOK_RUN))
        reason = f": {run['program']}: {run['why']}" if run else ""
        says = "its postStart hook fails" + (f" (exit code {found[1]})" if found else "") + reason
        text = "See what the hook's command does in that image (singleuser.lifecycleHooks.postStart): the container is "
        text += "stopped each time it fails. End it with `|| true` where a server without it is better than none."
        if run:
            text = f"Let the servers' image have {run['program']}, for its user to run, or take the hook's command out"
            text += " (singleuser.lifecycleHooks.postStart)."
        return Ending("post-start", says, code, at, f"{_HOOK}{reason}", text)
    for row in SERVER_ENDINGS:
        for m in reversed(list(log.search(row.compiled)) if log else []):
            line = clean(m.string[m.start() :], 200)
            if row.word == "home-permission":
                return _denied(Ending(row.word, row.says, code, at, line, row.fix.text), pod, status.name, m.string)
            if row.word == "home-full" and (told := full_disk(pod, status.name, m.string)):
                return Ending(told.word, told.says, code, at, line, told.text or row.fix.text)
            if row.word == "hub-unreachable" and log is not None:
                # its traceback tells why
                why, _ = reason_in([log], [pod.name])
                elsewhere = why is not None and why.word.startswith("hub-") and why.word != row.word
                says = f"{row.says}: {why.says}" if why is not None and elsewhere else row.says
                return Ending(
                    row.word, says, code, at, line, why.fix.text if why is not None and elsewhere else row.fix.text
                )
            return Ending(row.word, row.says, code, at, line, row.fix.text)
    # any other line is the user's; the exception that a traceback ends in is not
    last = next((line for line in reversed(log.lines) if re.match(_RAISED, line)), "") if log else ""
    return Ending(f"code {code}", _CODES.get(code, f"exit code {code}"), code, at, clean(last, 300))


def _denied(ending: Ending, pod: Pod, container: str, line: str) -> Ending:
    """What the server has no permission for: only a path on a claim is the user's home."""
    path = denied_path(line)
    if not path:
        return replace(
            ending,
            word="permission",
            says="it has no permission for a file that it needs",
            text="See in its log which file it is, and give that to the server's user.",
        )
    made = made_by_mount(pod, container, path)
    if made is not None:
        setting = "singleuser.extraFiles" if made.extra_files else "singleuser.storage.extraVolumeMounts"
        place, folder = clean(made.mount.mount_path, 200), clean(made.folder, 200)
        return replace(
            ending,
            word="folder-of-a-mount",
            says=f"it may not write {clean(path, 200)}: the mount of {place} made {folder}, which belongs to root",
            text=f"What {setting} mounts into a folder that is not there makes the folder too, as root's. Make "
            f"{folder} in the image, with the server's user (uid 1000) as its owner, or mount the file where the "
            "server writes nothing.",
        )
    under = holding(pod, container, path)
    claims = {v.name for v in pod.spec.volumes if v.persistent_volume_claim}
    if (under is not None and under.name in claims) or (under is None and path.startswith("/home/")):
        return ending
    whose = f"the volume at {clean(under.mount_path, 200)}" if under is not None else "the image"
    return replace(
        ending,
        word="permission",
        says=f"it has no permission for {clean(path, 200)}, which belongs to {whose}",
        text=f"Give {clean(path, 200)} to the server's user (singleuser.uid 1000, singleuser.fsGid 100) in {whose}, or "
        "let the server write elsewhere.",
    )
