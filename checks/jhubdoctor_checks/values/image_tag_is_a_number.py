"""Tags that YAML reads as numbers."""

from collections.abc import Iterator, Mapping

from jhubdoctor.api import Finding, Fix, Hub, Severity, Values, check, clean


@check(severity=Severity.WARNING)
def image_tag_is_a_number(hub: Hub, values: Values) -> Iterator[Finding]:
    """The tag of an image is a number, which loses its final zeros."""
    found = dict(sorted(_numbers(values.data, "")))
    if not found:
        return
    yield Finding(
        on=(hub.ref,),
        says=f"the tag {next(iter(found.values()))} is read as a number; a tag such as 3.10 becomes 3.1",
        evidence=tuple(("values", f"{clean(path, 120)}: {tag}") for path, tag in list(found.items())[:6]),
        fix=Fix("Put the tag in quotes.", commands=(hub.helm_upgrade,)),
    )


def _numbers(value: object, path: str) -> Iterator[tuple[str, float]]:
    if isinstance(value, Mapping):
        for key, below in value.items():
            tag = below.get("tag") if key == "image" and isinstance(below, Mapping) else None
            if isinstance(tag, (int, float)) and not isinstance(tag, bool):
                yield f"{path}{key}.tag", tag
            yield from _numbers(below, f"{path}{key}.")
