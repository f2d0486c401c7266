"""Facts about how the user-scheduler is set up: its configuration, and what it may list."""

from __future__ import annotations

import re
from dataclasses import dataclass

from jhubdoctor.api import ClusterRole, Deployment, Hub, Look, NotApplicable, Query, ReadState, Unreadable, fact
from jhubdoctor_checks.data import charts, scheduler
from jhubdoctor_checks.facts.api import SchedulerCalls, Surface


@dataclass(frozen=True)
class SchedulerSetup:
    """What the user-scheduler is started with.

    Attributes:
        source: the ConfigMap.
        configuration: the version of its KubeSchedulerConfiguration, `policy` for a Policy, empty for neither.
        lock: its leader election lock, empty where the configuration names none.
    """

    source: str
    configuration: str
    lock: str


@fact("configmaps")
def scheduler_setup(look: Look, user_scheduler: Deployment) -> SchedulerSetup:
    """The configuration that the user-scheduler's container is pointed to."""
    spec = user_scheduler.spec.template.spec
    name = next((v.config_map.name for v in spec.volumes if v.config_map is not None and v.config_map.name), "")
    line = " ".join(word for c in spec.containers for word in (*c.command, *c.args))
    by_policy = "--policy-config" in line
    if not name and not by_policy:
        raise NotApplicable("the user-scheduler has no configuration of its own")
    found = look.get("configmaps", name, user_scheduler.namespace) if name else None
    texts = [v for k, v in sorted(found.data.items()) if k.endswith((".yaml", ".yml"))] if found is not None else []
    text = "\n".join(texts)
    version = re.search(r"kubescheduler\.config\.k8s\.io/(v\w+)", text)
    lock = re.search(r"resourceLock: (\w+)", text)
    return SchedulerSetup(
        f"ConfigMap {name}" if name else "the command line",
        "policy" if by_policy else version[1] if version else "",
        lock[1] if lock and not by_policy else "",
    )


@dataclass(frozen=True)
class Missing:
    """What the user-scheduler may not list, though it needs to.

    Attributes:
        rights: group and resource of each.
        seen: where that was seen: `log`, or the name of the ClusterRole.
    """

    rights: tuple[tuple[str, str], ...]
    seen: str


@fact("clusterroles", passes_only_with=("user_scheduler_calls",))
def scheduler_rights(
    look: Look,
    hub: Hub,
    surface: Surface,
    user_scheduler: Deployment | None,
    user_scheduler_calls: SchedulerCalls | None,
) -> Missing:
    """What the user-scheduler may not list: by its log, else by its role.

    The role is read only where the image is newer than the one that the chart made the role for.
    """
    if user_scheduler is None:
        return Missing((), "")
    if user_scheduler_calls is not None and user_scheduler_calls.forbidden:
        return Missing(user_scheduler_calls.forbidden, "log")
    minor, shipped = image_minor(user_scheduler), shipped_minor(hub, surface)
    if minor is None or shipped is None or minor <= shipped:
        return Missing((), "")
    wanted = [r for r in scheduler.rights(minor) if r not in set(scheduler.rights(shipped))]
    if not wanted:
        return Missing((), "")
    name = f"{hub.release}-user-scheduler"
    role: ClusterRole | None = look.get("clusterroles", name)
    if role is None:
        # fullnameOverride names it otherwise; then only the log can tell
        if user_scheduler_calls is None:
            raise Unreadable(Query("clusterroles", name=name), ReadState.ABSENT, "it has another name")
        return Missing((), "")
    lacking = [(g, r) for g, r in wanted if not _allows(role, g, r)]
    return Missing(tuple(lacking), f"ClusterRole {name}")


def image_minor(user_scheduler: Deployment) -> int | None:
    """The minor of the kube-scheduler that it runs; None where the tag does not tell."""
    containers = user_scheduler.spec.template.spec.containers
    return next((m for c in containers if (m := scheduler.minor_of(c.image)) is not None), None)


def shipped_minor(hub: Hub, surface: Surface) -> int | None:
    """The minor of the kube-scheduler that the hub's chart ships; None where its version is unknown."""
    chart = charts.release_of(hub.version) if hub.version is not None else None
    return chart.scheduler_minor(surface.minor if surface.minor is not None else 999) if chart is not None else None


def _allows(role: ClusterRole, group: str, resource: str) -> bool:
    return any(
        (group in rule.api_groups or "*" in rule.api_groups)
        and (resource in rule.resources or "*" in rule.resources)
        and ("list" in rule.verbs or "*" in rule.verbs)
        and not rule.resource_names
        for rule in role.rules
    )


__all__ = ["Missing", "SchedulerSetup", "Unreadable", "scheduler_rights", "scheduler_setup", "shipped_minor"]
