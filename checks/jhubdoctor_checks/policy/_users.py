"""What is known of users' pods beside the values."""

from datetime import datetime

from jhubdoctor.api import Hub, Namespace, Pod, Values

BLOCK = "block-cloud-metadata"


def blocks_metadata(hub: Hub, values: Values) -> bool:
    """Whether users' pods have the privileged init container that blocks the cloud's metadata server.

    `singleuser.cloudMetadata.blockWithIptables` (on by default); before chart 0.11 the opposite, `enabled: false`.
    """
    if values.has("singleuser.cloudMetadata.blockWithIptables"):
        return values.enabled("singleuser.cloudMetadata.blockWithIptables", default=True)
    if hub.at_least("0.11.0") is False:
        return not values.enabled("singleuser.cloudMetadata.enabled")
    return True


def tools(values: Values, kind: str, resource: str) -> bool:
    """Whether that container sets a limit or a request; a limit makes a request."""
    section = "singleuser.networkTools.resources"
    return values.get(f"{section}.{kind}.{resource}") is not None or (
        kind == "requests" and values.get(f"{section}.limits.{resource}") is not None
    )


def contradicted(user_pods: list[Pod], since: datetime) -> bool:
    """Whether a user's pod was created after something that should have kept it from being: then it does not."""
    return any(p.created > since for p in user_pods)


def namespace_labels(namespace: Namespace) -> dict[str, str]:
    """The labels that selectors of webhooks see."""
    # set by the API server itself since 1.21
    return {"kubernetes.io/metadata.name": namespace.name, **namespace.labels}


def pod_labels(hub: Hub, user_pods: list[Pod]) -> dict[str, str]:
    """The labels of a user's pod: of the newest one, else those that the chart gives."""
    newest = max(user_pods, key=lambda p: (p.created, p.name), default=None)
    if newest is not None:
        return newest.labels
    return {"app": "jupyterhub", "component": "singleuser-server", "release": hub.release}
