"""Profiles that KubeSpawner cannot use."""

from collections.abc import Iterator, Mapping
from typing import Any

from jhubdoctor.api import Finding, Fix, Hub, Severity, Values, check, clean


@check(severity=Severity.ERROR)
def profile_list_invalid(hub: Hub, values: Values) -> Iterator[Finding]:
    """A profile has no name, shares its name with another, or names no image."""
    if "KubeSpawner.profile_list" in values.traits_in_code:
        return
    profiles = [(i, p) for i, p in enumerate(values.items("singleuser.profileList")) if isinstance(p, Mapping)]

    def finding(cause: str, says: str, where: list[str], fix: str, severity: Severity) -> Finding:
        return Finding(
            on=(hub.ref,),
            says=says,
            evidence=tuple(("values", w) for w in where[:6]),
            fix=Fix(fix, commands=(hub.helm_upgrade,)),
            severity=severity,
            cause=cause,
        )

    # KubeSpawner makes the slug of the name (spawner.py, _get_initialized_profile_list): KeyError without either
    nameless = [i for i, p in profiles if not p.get("display_name")]
    if nameless:
        yield finding(
            "no-name",
            "a profile has no display_name, so the page on which users choose one ends in an error",
            [f"singleuser.profileList[{i}].display_name: not set" for i in nameless],
            "Give each profile a display_name.",
            Severity.ERROR,
        )
    first: dict[str, int] = {}
    twice = []
    for i, p in profiles:
        key = str(p.get("slug") or p.get("display_name") or i)
        if key in first:
            twice.append(f"singleuser.profileList[{first[key]}] and [{i}]: {clean(key, 80)}")
        first.setdefault(key, i)
    if twice:
        yield finding(
            "same-name",
            "two profiles have one name, so whoever chooses the second gets the first",
            twice,
            "Give them different names, or a slug each.",
            Severity.WARNING,
        )
    odd = [f"{path}: not text" for path, image in _images(profiles) if image is not None and not isinstance(image, str)]
    if odd:
        yield finding(
            "image-no-text",
            "the image of a profile is not text, so whoever chooses it gets no server",
            odd,
            "Write name and tag in one: quay.io/jupyter/scipy-notebook:2024-01-01.",
            Severity.ERROR,
        )


def _images(profiles: list[tuple[int, Mapping[str, Any]]]) -> Iterator[tuple[str, object]]:
    for i, p in profiles:
        over = p.get("kubespawner_override")
        if isinstance(over, Mapping):
            yield f"singleuser.profileList[{i}].kubespawner_override.image", over.get("image")
