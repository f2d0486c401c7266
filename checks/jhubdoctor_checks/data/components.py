"""The components of the chart by their label, and where the values have their settings (charts 0.9 to 4.4)."""

from __future__ import annotations

from dataclasses import dataclass

from jhubdoctor.api import Hub


@dataclass(frozen=True, slots=True)
class Component:
    """A component.

    Attributes:
        label: its label `component`.
        section: where its settings stand in the values.
        settings: those of them that the chart has.
    """

    label: str
    section: str
    settings: frozenset[str]


def _row(label: str, section: str, settings: str) -> Component:
    return Component(label, section, frozenset(settings.split()))


COMPONENTS = (
    _row("hub", "hub", "image nodeSelector tolerations resources pdb networkPolicy"),
    # its networkPolicy, nodeSelector and pdb moved below chp with 0.10 and 0.11
    _row("proxy", "proxy.chp", "image nodeSelector tolerations resources pdb networkPolicy"),
    # its second container, secret-sync, has an image of its own
    _row("autohttps", "proxy.traefik", "nodeSelector tolerations resources pdb"),
    _row("user-scheduler", "scheduling.userScheduler", "image nodeSelector tolerations resources pdb"),
    _row("user-placeholder", "scheduling.userPlaceholder", "image resources"),
    # the Job that waits for the images
    _row("image-puller", "prePuller.hook", "image nodeSelector tolerations"),
    # its tolerations are extraTolerations, its resources cpu and memory, and its containers have an image each
    _row("singleuser-server", "singleuser", "nodeSelector networkPolicy"),
)
_BY_LABEL = {c.label: c for c in COMPONENTS}


def path(component: str, setting: str) -> str:
    """Where a setting of a component stands (`proxy.chp.resources`), empty where the chart has none."""
    found = _BY_LABEL.get(component)
    return f"{found.section}.{setting}" if found is not None and setting in found.settings else ""


def rights_key(hub: Hub) -> str:
    """The key below `rbac` that says whether the chart makes Roles and their bindings: `enabled` before chart 2.0."""
    return "enabled" if hub.at_least("2.0.0") is False else "create"
