"""Where in the values an image is set, and what to change there."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

from jhubdoctor.api import Fix, Hub, Values, nested
from jhubdoctor_checks.data.components import path as path_to
from jhubdoctor_checks.facts.image import USER_SERVER, FailedPull
from jhubdoctor_checks.image._causes import frozen
from jhubdoctor_checks.texts import Known

# (component, container) to the path of its image where each has one; charts 0.9 to main (jupyterhub/templates). "" is
# any other.
_PATHS = {
    ("autohttps", "traefik"): "proxy.traefik.image",
    ("autohttps", ""): "proxy.secretSync.image",
    (USER_SERVER, "block-cloud-metadata"): "singleuser.networkTools.image",
    (USER_SERVER, "notebook"): "singleuser.image",
    ("hook-image-puller", "pause"): "prePuller.pause.image",
    ("hook-image-puller", "image-pull-metadata-block"): "singleuser.networkTools.image",
    ("hook-image-puller", "image-pull-singleuser"): "singleuser.image",
}


# Rows for which the pull secret matters.
_REFUSALS = ("refused", "forbidden", "token-expired")
# Source: https://jupyter-docker-stacks.readthedocs.io/en/latest/ ("starting from 2023-10-20 only pushed to Quay.io").
_MOVED = re.compile(r"(?:docker\.io/)?jupyter/[\w-]+-notebook:")


def image_path(pull: FailedPull, values: Values | None) -> str:
    """Where the image of a container is set in the chart's values, empty where that cannot be told."""
    component = pull.component.replace("continuous-image-puller", "hook-image-puller")
    path = _PATHS.get((component, pull.container)) or _PATHS.get((component, "")) or path_to(component, "image")
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


def lost_secrets(word: str, pulls: list[FailedPull]) -> list[str]:
    """The pull secrets without which the registry refuses, as far as the kubelet names them."""
    return sorted({s for p in pulls for s in p.secret.split(", ") if s}) if word in _REFUSALS else []


def remedy(hub: Hub, cause: Known[None], pulls: list[FailedPull], fill: dict[str, str], values: Values | None) -> Fix:
    """The next step for pulls that fail for one cause; `fill` are the words for its texts."""
    first = pulls[0]
    path = image_path(first, values)
    text = cause.remedy(fill).text
    commands = [hub.kubectl(f"describe pod {p.ref.name}") for p in pulls if p.pod][:1]
    if frozen(first.image) and path:
        name, tag = current(first.image)
        moved = f"{fill['host']} is frozen since April 2023; the image lives on at {name}."
        return Fix(f"{moved} Charts since 3.0 use it.", nested(path, {"name": name, "tag": tag}), (hub.helm_upgrade,))
    if lost := lost_secrets(cause.word, pulls):
        return Fix(
            f"Make it in the namespace {hub.namespace}: pods use no Secret of another one. Pods that wait take it at "
            "their next try.",
            commands=tuple(make_secret(hub, fill["host"], name) for name in lost),
        )
    if (
        cause.word in {"refused", "not-found"}
        and _MOVED.match(first.image)
        and path
        and path != "singleuser.profileList"
    ):
        name = f"quay.io/jupyter/{first.image.rpartition('/')[2].rpartition(':')[0]}"
        text = f"{text} Since 2023-10-20 Jupyter's images are at quay.io/jupyter; Docker Hub has older tags alone."
        return Fix(text, nested(f"{path}.name", name), (*commands, hub.helm_upgrade))
    if cause.word in {*_REFUSALS, "rate-limit"}:
        section, command = pull_secret(hub, fill["host"])
        return Fix(text, section, (*commands, command, hub.helm_upgrade))
    if cause.word in {"not-found", "invalid-name"} and path:
        return Fix(f"{text} It is set at {path}.", commands=(*commands, hub.helm_upgrade))
    # the nodes' own faults are mended there, and not in the values
    elsewhere = "copy the image" in text and bool(path)
    where = f" The name is set at {path}." if elsewhere else ""
    again = any(p.component == "hook-image-puller" for p in pulls)
    if again:
        where += " When it can be pulled, run the helm upgrade (or install) again: the hook waits for every node."
    upgrade = hub.helm_upgrade if elsewhere else hub.helm_again if again else ""
    return Fix(text + where, commands=(*commands, upgrade))
