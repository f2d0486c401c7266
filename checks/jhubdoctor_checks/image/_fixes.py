"""Where in the values an image is set, and what to change there."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from jhubdoctor import Hub, Values
from jhubdoctor_checks.facts.image import USER_SERVER, FailedPull

# (component, container) to the path of its image; charts 0.9 to main (jupyterhub/templates). "" is any container.
_PATHS = {
    ("hub", ""): "hub.image",
    ("proxy", ""): "proxy.chp.image",
    ("autohttps", "traefik"): "proxy.traefik.image",
    ("autohttps", ""): "proxy.secretSync.image",
    ("user-scheduler", ""): "scheduling.userScheduler.image",
    ("user-placeholder", ""): "scheduling.userPlaceholder.image",
    ("image-puller", ""): "prePuller.hook.image",
    (USER_SERVER, "block-cloud-metadata"): "singleuser.networkTools.image",
    (USER_SERVER, "notebook"): "singleuser.image",
    ("hook-image-puller", "pause"): "prePuller.pause.image",
    ("hook-image-puller", "image-pull-metadata-block"): "singleuser.networkTools.image",
    ("hook-image-puller", "image-pull-singleuser"): "singleuser.image",
}


def image_path(pull: FailedPull, values: Values | None) -> str:
    """Where the image of a container is set in the chart's values, empty where that cannot be told."""
    component = pull.component.replace("continuous-image-puller", "hook-image-puller")
    path = _PATHS.get((component, pull.container)) or _PATHS.get((component, ""), "")
    if not path and pull.container.startswith("image-pull-"):
        # image-pull-singleuser-profilelist-N..., else the key of an extra image
        key = pull.container.removeprefix("image-pull-")
        path = "singleuser.profileList" if key.startswith("singleuser") else f"prePuller.extraImages.{key}"
    if (
        path == "singleuser.image"
        and values is not None
        and values.has(path)
        and not named(values.mapping(path), pull.image)
    ):
        return "singleuser.profileList" if values.items("singleuser.profileList") else ""
    return path


def named(section: Mapping[str, Any], image: str) -> bool:
    """Whether a section `{name, tag}` of the values stands for this image."""
    name, tag = section.get("name", ""), section.get("tag", "")
    return image == (f"{name}:{tag}" if tag else str(name))


def patch(path: str, value: Any) -> dict[str, Any]:
    """A patch of values.yaml that sets one dotted path."""
    for key in reversed(path.split(".")):
        value = {key: value}
    return value  # type: ignore[no-any-return]


def pull_secret(hub: Hub, registry: str) -> tuple[dict[str, Any], str]:
    """The values that make all pods use a new pull secret, and the command that makes it.

    `imagePullSecrets` for all components came with chart 0.10; before, users' pods have `singleuser.imagePullSecret`.
    """
    if hub.at_least("0.10.0") is False:
        section = {"enabled": True, "registry": registry, "username": "USER", "password": "PASSWORD"}
        return {"singleuser": {"imagePullSecret": section}}, ""
    return {"imagePullSecrets": [{"name": "pull-secret"}]}, make_secret(hub, registry, "pull-secret")


def make_secret(hub: Hub, registry: str, name: str) -> str:
    """The command that makes a pull secret of this name."""
    return hub.kubectl(
        f"create secret docker-registry {name} --docker-server={registry} --docker-username=USER"
        " --docker-password=PASSWORD"
    )


def current(registry_image: str) -> tuple[str, str]:
    """Where an image of k8s.gcr.io lives today: name and tag."""
    name, _, tag = registry_image.rpartition(":")
    short = name.rpartition("/")[2].removesuffix("-amd64")
    return f"registry.k8s.io/{short}", tag
