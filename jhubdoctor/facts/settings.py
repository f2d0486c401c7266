"""The effective values of a hub, and what follows from them."""

from __future__ import annotations

import base64
from typing import Any

from jhubdoctor.engine.declare import NotApplicable, fact
from jhubdoctor.engine.look import Look
from jhubdoctor.facts.helm import Release
from jhubdoctor.model.hub import Hub
from jhubdoctor.model.jsontext import load_json
from jhubdoctor.model.kube.config import ConfigMap, Secret
from jhubdoctor.model.values import Values, merged
from jhubdoctor.model.yaml import BadValues, load_yaml
from jhubdoctor.privacy.releases import part
from jhubdoctor.privacy.values import allowed
from jhubdoctor.sources.reads import Query, ReadState, Unreadable


@fact("secrets", optional=("configmaps",))
def hub_secret_values(look: Look, hub: Hub) -> Values:
    """The values that the hub itself reads: Secret key `values.yaml`, and `hub.existingSecret`'s over it.

    Charts before 0.10 keep what is no credential in the ConfigMap `hub-config`.
    """
    if hub.deployment is None:
        raise NotApplicable("the hub is not installed yet")
    if not hub.z2jh:
        raise NotApplicable("it was not installed by the z2jh chart, so it has no values of it")
    volumes = {v.name: v for v in hub.deployment.spec.template.spec.volumes}
    data: dict[str, Any] = {}
    sources = []
    config = volumes.get("config")
    if (hub.at_least("0.10.0") is False) and config is not None and config.config_map is not None:
        found: ConfigMap | None = look.get("configmaps", config.config_map.name, hub.namespace)
        if found is not None and found.data.get("values.yaml"):
            data = merged(data, _mapping(found.data["values.yaml"]))
            sources.append(f"ConfigMap {hub.namespace}/{found.name}")
    for volume in ("secret", "existing-secret"):
        v = volumes.get(volume)
        if v is None or v.secret is None:
            continue
        secret: Secret | None = look.get("secrets", v.secret.secret_name, hub.namespace)
        encoded = secret.data.get("values.yaml", "") if secret is not None else ""
        if encoded:
            data = merged(data, _mapping(base64.b64decode(encoded).decode()))
            sources.append(f"Secret {hub.namespace}/{v.secret.secret_name}")
    if not data:
        raise Unreadable(
            Query("secrets", hub.namespace, "the hub's"), ReadState.ABSENT, "no Secret of the hub holds values.yaml"
        )
    return Values(data, " and ".join(sources))


def _mapping(text: str) -> dict[str, Any]:
    try:
        return allowed(load_json(text))
    except ValueError:
        try:
            return allowed(load_yaml(text))
        except BadValues:
            return {}


@fact()
def values(hub: Hub, hub_secret_values: Values | None, newest_release: Release | None) -> Values:
    """The effective values: as the hub reads them, else as Helm keeps them (an install that stopped in its hooks)."""
    if hub_secret_values is not None:
        return hub_secret_values
    if not hub.z2jh:
        raise NotApplicable("it was not installed by the z2jh chart, so it has no values of it")
    # of a chart that a parent brings Helm keeps only what the parent sets, without the chart's own defaults
    if newest_release is not None and not (newest_release.values_root and hub.deployment is not None):
        found = part(newest_release.values, newest_release.values_root)
        if found:
            return Values(found, str(newest_release.revision.ref))
    raise Unreadable(Query("secrets", hub.namespace, "the hub's"), ReadState.FORBIDDEN, "the values cannot be read")
