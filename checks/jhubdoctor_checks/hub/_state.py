"""What is the matter with a pod of the hub: by its containers' states, then by its log."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from jhubdoctor.api import ContainerStatus, Entry, Events, Fix, Hub, HubLog, Pod, clean, excerpt, times
from jhubdoctor_checks.hub._crashes import diagnosis
from jhubdoctor_checks.texts.kubelet import CANNOT_START

BACK_OFF = "CrashLoopBackOff"
# Between two runs a container is "running" for a moment: a second restart this short ago is still a loop.
RECENT = timedelta(minutes=10)
# A pod that has been waiting for a Secret or ConfigMap for so long has not just been created before it.
PATIENCE = timedelta(minutes=2)

_MISSING = (
    r"(?i)(?P<kind>secret|configmap) \"(?P<name>[\w.\-]+)\" not found"
    r"|couldn't find key (?P<key>[\w.\-]+) in (?P<of>Secret|ConfigMap) [\w.\-]+/(?P<in>[\w.\-]+)"
    r"|references non-existent (?P<what>secret|config) key: (?P<item>[\w.\-]+)"
)

Seen = tuple[str, str] | tuple[str, str, datetime | None]


@dataclass(frozen=True)
class Trouble:
    """What is the matter with one container.

    Attributes:
        word: the cause, stable.
        container: which.
        does: `does not start`, `ends again and again`, ...
        says: why, where that is known.
        evidence: what shows it.
        fix: what to do.
    """

    word: str
    container: str
    does: str
    says: str
    evidence: tuple[Seen, ...] = ()
    fix: Fix = field(default_factory=lambda: Fix(""))


def loops(status: ContainerStatus, now: datetime) -> bool:
    """Whether a container ends again and again, or has ended for good."""
    if status.waits == BACK_OFF:
        return True
    if status.state.terminated is not None:
        return status.state.terminated.exit_code != 0
    end = status.last_state.terminated
    recent = end is not None and end.finished_at is not None and now - end.finished_at < RECENT
    return status.restart_count > 1 and not status.ready and recent


def trouble_of(pod: Pod, hub: Hub, events: Events, hub_log: HubLog | None, now: datetime) -> Trouble | None:
    """What is the matter with a pod of the hub; None where nothing is, or something that is no crash."""
    if pod.terminating or pod.finished:
        # a node that gave the pod up leaves it behind as Failed, next to the one that runs
        return None
    init = {s.name for s in pod.status.init_container_statuses}
    for status in pod.statuses():
        if status.waits in CANNOT_START:
            return _cannot_start(pod, status, hub)
        if loops(status, now):
            return _init_loop(status, hub, pod) if status.name in init else _loop(pod, status, hub, hub_log, events)
    return _waits_for(pod, events, hub, now)


def _cannot_start(pod: Pod, status: ContainerStatus, hub: Hub) -> Trouble:
    reason, message = status.waits, status.state.waiting.message if status.state.waiting else ""
    shown: tuple[Seen, ...] = (("pod.status", f"{status.name}: {reason}: {clean(message, 300)}"),)
    if m := re.search(_MISSING, message):
        return _missing(m, status.name, shown, hub)
    fix = Fix(
        "Correct what the message names: the container's command, its user, or what it refers to.",
        commands=(hub.kubectl(f"describe pod {pod.name}"),),
    )
    return Trouble("cannot-start", status.name, "does not start", f"container {status.name} gets {reason}", shown, fix)


def _missing(m: re.Match[str], container: str, shown: tuple[Seen, ...], hub: Hub) -> Trouble:
    kind = "ConfigMap" if (m["kind"] or m["of"] or m["what"] or "").lower().startswith("config") else "Secret"
    name, key = m["name"] or m["in"] or "", m["key"] or m["item"] or ""
    says = f"the {kind} {name} does not exist" if m["name"] else f"the key {key} is not in {kind} {name}".rstrip()
    existing = next(
        (
            v.secret.secret_name
            for v in (hub.deployment.spec.template.spec.volumes if hub.deployment else [])
            if v.name == "existing-secret" and v.secret
        ),
        "",
    )
    if kind == "Secret" and name and name == existing:
        text = "Create the Secret that hub.existingSecret names, or correct the name; its key values.yaml holds values."
        commands = (hub.kubectl(f"create secret generic {name} --from-file=values.yaml=secret-values.yaml"),)
    else:
        text = f"Create the {kind}, or let what refers to it name one that exists (hub.extraEnv, hub.extraVolumes)."
        commands = (hub.kubectl(f"get {kind.lower()}s"),)
    return Trouble("reference-missing", container, "does not start", says, shown, Fix(text, commands=commands))


def _waits_for(pod: Pod, events: Events, hub: Hub, now: datetime) -> Trouble | None:
    """A pod whose containers wait for a Secret or ConfigMap that is not there."""
    if pod.phase != "Pending" or not pod.node or now - pod.created < PATIENCE:
        return None
    for e in events.holding(pod, "FailedMount"):
        m = re.search(_MISSING, e.message)
        if m:
            container = pod.spec.containers[0].name if pod.spec.containers else ""
            return _missing(m, container, (("event", f"FailedMount: {excerpt(e.message)}", e.at),), hub)
    return None


def _init_loop(status: ContainerStatus, hub: Hub, pod: Pod) -> Trouble:
    end = status.last_state.terminated or status.state.terminated
    code = f"exit code {end.exit_code}" if end else status.waits
    return Trouble(
        "init-container",
        status.name,
        "does not start",
        f"its init container {status.name} fails ({code})",
        (("pod.status", f"{status.name}: {code}", end.finished_at if end else None),),
        Fix(
            "See what the init container logs (hub.initContainers).",
            commands=(hub.kubectl(f"logs {pod.name} --container {status.name} --tail 60"),),
        ),
    )


def ended_run(status: ContainerStatus, hub_log: HubLog | None) -> list[Entry]:
    """What the run logged that ended last: the log is that of the present run only while one is running."""
    if hub_log is None:
        return []
    if status.state.running is not None:
        return hub_log.previous
    return hub_log.current or hub_log.previous


def _loop(pod: Pod, status: ContainerStatus, hub: Hub, hub_log: HubLog | None, events: Events) -> Trouble:
    end = status.state.terminated or status.last_state.terminated
    shown: tuple[Seen, ...] = (("pod.status", f"{status.name}: restarted {times(status.restart_count)}"),)
    if end is not None:
        reason = f" ({end.reason})" if end.reason else ""
        shown += (("pod.status", f"{status.name}: exit code {end.exit_code}{reason}", end.finished_at),)
    does = "ends again and again" if status.restart_count else "has ended"
    look = hub.kubectl(f"logs {pod.name} --container {status.name} --previous --tail 60")
    if end is not None and end.reason == "OOMKilled":
        text = "Give the container more memory (hub.resources.limits.memory)."
        return Trouble(
            "oom", status.name, does, "it uses more memory than its limit", shown, Fix(text, commands=(look,))
        )
    if status.name != "hub":
        fix = Fix(f"See what container {status.name} logs (hub.extraContainers).", commands=(look,))
        return Trouble("other-container", status.name, does, f"its container {status.name} fails", shown, fix)
    found = diagnosis(ended_run(status, hub_log)) or diagnosis(hub_log.previous if hub_log else [])
    probes = [e for e in events.about("Pod", pod.name, "Unhealthy", "Killing") if "iveness probe" in e.message]
    if found is None and probes:
        shown += (("event", f"{probes[0].reason}: {excerpt(probes[0].message, limit=200)}", probes[0].at),)
        return Trouble(
            "liveness", status.name, does, "it does not answer its liveness probe", shown, _longer(hub, look)
        )
    if found is None:
        why = f"exit code {end.exit_code}" if end else ""
        return Trouble(
            "unknown", status.name, does, why, shown, Fix("See the log of the run that ended.", commands=(look,))
        )
    shown += (("hub log", found.line, found.entry.at),)
    if found.part and found.crash.word in {"config-code", "config-trait", "module-missing", "exception"}:
        shown += (("hub log", f"loaded last: {clean(found.part, 100)}"),)
    return Trouble(found.crash.word, status.name, does, found.says, shown, found.fix(hub))


def _longer(hub: Hub, look: str) -> Fix:
    return Fix(
        "See in its log what it does all the time: a database upgrade and very many running servers make a start long. "
        "Where it just needs longer, give it that.",
        values={"hub": {"livenessProbe": {"initialDelaySeconds": 900, "timeoutSeconds": 10}}},
        commands=tuple(filter(None, (look, hub.helm_upgrade))),
    )
