"""Containers that cannot be made or started: what the kubelet and the runtime say, what it means, and what to do."""

from __future__ import annotations

from dataclasses import dataclass

from jhubdoctor.api import ContainerStatus, Fix, Hub, Pod, clean
from jhubdoctor_checks.texts import Known, filled, known, last_words, names_of
from jhubdoctor_checks.texts.kubelet import CANNOT_START, START_FAILED, STARTS, WITHOUT_JUPYTERHUB


def reason_of(status: ContainerStatus) -> tuple[str, str] | None:
    """Reason and message, where the container could not be started."""
    for state in (status.state, status.last_state):
        if state.waiting and state.waiting.reason in CANNOT_START:
            return state.waiting.reason, state.waiting.message
        if state.terminated and state.terminated.reason in CANNOT_START:
            return state.terminated.reason, state.terminated.message
    return None


def kind_of(message: str) -> Known[None]:
    """The kind of failure."""
    return known(STARTS, message) or START_FAILED


@dataclass(frozen=True)
class Start:
    """A container that could not be started."""

    kind: Known[None]
    pod: Pod
    container: str
    message: str

    @property
    def _names(self) -> dict[str, str]:
        container = self.pod.container(self.container)
        words = [*(container.command or container.args)] if container else []
        m = self.kind.search(self.message)
        command = clean(words[0], 80) if words else "its command"
        groups = m.groupdict("") if m else {}
        at = f" at {groups['path']}" if groups.get("path") else ""
        names = {"last": last_words(self.message), "at": at}
        return {**groups, **names, "command": command, "pod": self.pod.name, "node": self.pod.node or "its node"}

    @property
    def says(self) -> str:
        """What it means for this container."""
        return self.kind.means(self._names)

    def fix(self, hub: Hub) -> Fix:
        """What to do."""
        names = {**names_of(hub), **self._names}
        if self.kind.word == "command-missing" and self.container == "notebook":
            return filled(WITHOUT_JUPYTERHUB, names)
        return self.kind.remedy(names)
