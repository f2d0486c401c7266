"""What a kube-scheduler may not list, by its own log."""

import re
from datetime import datetime

from jhubdoctor.api import Deployment, Hub, PodLog, clean
from jhubdoctor_checks.data import charts
from jhubdoctor_checks.facts.scheduler_log import lasting
from jhubdoctor_checks.texts.rbac import forbidden

# client-go's reflector, kube-scheduler 1.13 to 1.36; later releases quote the whole as err="..." with \" inside.
_LISTING = r"(?i)failed to (?:list|watch) \*[\w.]+: .*?is forbidden: "
# It asks for one ConfigMap of kube-system to know its clients, and works without.
_SPARE = frozenset({"configmaps"})


def refused_lists(logs: list[PodLog], now: datetime) -> tuple[dict[str, int], set[str]]:
    """The resources that it may not list, with the number of refusals that still hold, and as whom it asked."""
    times: dict[str, int] = {}
    users: set[str] = set()
    for lines in lasting(logs, now):
        for line in lines:
            right = forbidden(line) if re.search(_LISTING, line) else None
            if right is not None and right.resource not in _SPARE:
                times[right.name] = times.get(right.name, 0) + 1
                users.add(clean(right.user, 120))
    return times, users


def why(hub: Hub, scheduler: Deployment, *, created: bool) -> str:
    """How its rights come back, by whether the chart makes them and whether the image is the chart's own."""
    if not created:
        return "Give the service account a ClusterRole as the chart has it, or let the chart make it."
    chart = charts.release_of(hub.version) if hub.version is not None else None
    own = {chart.scheduler, chart.older[0] if chart.older else ""} if chart is not None else set()
    if any(c.image.rpartition(":")[2].removeprefix("v") in own for c in scheduler.spec.template.spec.containers):
        return (
            "The image is the chart's own, so its ClusterRole or ClusterRoleBinding is gone or was changed: an upgrade "
            "makes them anew."
        )
    return (
        "Each chart has rights for its own release of kube-scheduler only: remove scheduling.userScheduler.image from "
        "your values, where it is set. An upgrade also brings back a ClusterRole or a binding that is gone."
    )
