"""What completes a hub: facts that are fields of it, told from what is read anyway."""

from __future__ import annotations

import re

from jhubdoctor.engine.declare import fact
from jhubdoctor.facts.helm import Release
from jhubdoctor.facts.logs import HubLog
from jhubdoctor.model.kube.pods import Pod
from jhubdoctor.model.values import Values


@fact()
def values_root(newest_release: Release | None) -> str:
    """The key under which the hub's values lie in those of its release; empty where they are the release's own."""
    return newest_release.values_root if newest_release is not None else ""


@fact()
def jupyterhub_version(hub_log: HubLog | None, hub_secret_values: Values | None, user_pods: list[Pod] | None) -> str:
    """The version of JupyterHub, empty where nothing tells it.

    What runs says so itself: after an upgrade that the hub did not survive, the values would not be true.
    """
    logged = [m[1] for _, m in hub_log.find(r"Running JupyterHub version (\S+)")] if hub_log is not None else []
    valued = hub_secret_values.get("Chart.AppVersion", "") if hub_secret_values is not None else ""
    newest = max(user_pods or (), key=lambda p: p.created, default=None)
    spawned = newest.annotations.get("hub.jupyter.org/jupyterhub-version", "") if newest is not None else ""
    candidates = (*logged[-1:], str(valued), spawned)
    return next((v for v in candidates if re.fullmatch(r"[\w.+-]{1,40}", v)), "")
