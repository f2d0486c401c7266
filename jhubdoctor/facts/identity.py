"""What completes a hub: facts that are fields of it, told from what is read anyway."""

from __future__ import annotations

import re
from dataclasses import replace

from jhubdoctor.engine.declare import fact
from jhubdoctor.facts.helm import Release, Revision
from jhubdoctor.facts.logs import HubLog
from jhubdoctor.model.hub import Hub, Origin
from jhubdoctor.model.kube.meta import Object
from jhubdoctor.model.kube.network import Service
from jhubdoctor.model.kube.pods import Pod
from jhubdoctor.model.kube.workloads import Deployment
from jhubdoctor.model.values import Values

MADE_BY_HELM = "meta.helm.sh/release-name"


@fact()
def origin(
    hub: Hub,
    stored_revisions: list[Revision] | None,
    newest_release: Release | None,
    deployments: list[Deployment] | None,
    services: list[Service] | None,
) -> Origin:
    """What the hub was installed from. That nothing is known of it is not that its values lie on top.

    An object that Helm has made names its release, also where Helm keeps that elsewhere (in a database, by
    HELM_DRIVER): then there is one, and nothing is known of it.
    """
    made = hub.deployment is not None and MADE_BY_HELM in hub.deployment.annotations
    kept = bool(stored_revisions) if stored_revisions is not None else None
    found = Origin(kept=None if made and not kept else kept)
    if newest_release is not None:
        # they go into commands, and a release may say anything
        named = (newest_release.chart_name, newest_release.chart_version)
        chart, version = (text if re.fullmatch(r"[A-Za-z0-9][\w.+-]{0,100}", text, re.ASCII) else "" for text in named)
        return replace(found, chart=chart, version=version, root=newest_release.values_root)
    objects: list[Object] = [*(deployments or ()), *(services or ())]
    charts = {o.labels.get("helm.sh/chart", "") for o in objects if o.annotations.get(MADE_BY_HELM) == hub.release}
    own = hub.labels.get("helm.sh/chart", "")
    return replace(found, beside=tuple(sorted(c for c in charts if c and c != own and not c.startswith("jupyterhub-"))))


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
