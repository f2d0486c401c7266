"""Tags that YAML reads as numbers."""

from collections.abc import Iterator, Mapping
from functools import reduce
from typing import Any

from jhubdoctor.api import Finding, Fix, Hub, Severity, Values, check, clean, merged


@check(severity=Severity.WARNING)
def image_tag_is_a_number(hub: Hub, values: Values) -> Iterator[Finding]:
    """The tag of an image is a number, which loses its final zeros."""
    found = dict(sorted(_numbers(values.data, ())))
    if not found:
        return
    yield Finding(
        on=(hub.ref,),
        says=f"the tag {next(iter(found.values()))} is read as a number; a tag such as 3.10 becomes 3.1",
        evidence=tuple(("values", f"{clean('.'.join(at), 120)}: {tag}") for at, tag in list(found.items())[:6]),
        fix=Fix(
            "Put the tag in quotes: as shown it is what is pulled today. Where it has lost zeros, write them again.",
            reduce(merged, (_quoted(at, tag) for at, tag in found.items())),
            (hub.helm_upgrade,),
        ),
    )


def _quoted(path: tuple[str, ...], tag: float) -> dict[str, Any]:
    patch: Any = str(tag)
    for key in reversed(path):
        patch = {key: patch}
    return dict(patch)


def _numbers(value: object, path: tuple[str, ...]) -> Iterator[tuple[tuple[str, ...], float]]:
    if isinstance(value, Mapping):
        for key, below in value.items():
            tag = below.get("tag") if key == "image" and isinstance(below, Mapping) else None
            if isinstance(tag, (int, float)) and not isinstance(tag, bool):
                yield (*path, key, "tag"), tag
            yield from _numbers(below, (*path, key))
