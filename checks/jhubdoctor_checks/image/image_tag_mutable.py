"""Users' images whose tag means something else tomorrow."""

import re
from collections.abc import Iterator

from jhubdoctor.api import Finding, Fix, Hub, Pod, Severity, Shape, check

# Tags that registries move by custom; anything else may be moved too, but is not meant to be.
_MOVING = r"(?i)latest|main|master|dev|devel|develop|development|edge|nightly|stable|current|head|lts"


@check(severity=Severity.INFO)
def image_tag_mutable(hub: Hub, shapes: list[Shape], user_pods: list[Pod]) -> Iterator[Finding]:
    """Users' images have a tag that moves, so two nodes may run two different images of one name."""
    images: dict[str, list[str]] = {}
    for s in shapes:
        for image in s.images:
            images.setdefault(image, []).append(s.path or "singleuser.image")
    for image, paths in sorted(images.items()):
        tag = _tag(image)
        if tag is None or not re.fullmatch(_MOVING, tag or "latest"):
            continue
        ids = {
            s.image_id
            for p in user_pods
            for s in p.status.container_statuses
            if s.image_id and (c := p.container(s.name)) is not None and c.image == image
        }
        yield Finding(
            on=(hub.ref,),
            says=f"{image} has {f'the moving tag {tag}' if tag else 'no tag, which means latest'}"
            + (f", and {len(ids)} different images of that name run now" if len(ids) > 1 else ""),
            evidence=(
                ("values", f"{', '.join(sorted(set(paths))[:3])}: {image}"),
                ("pod.status", f"{len(ids)} values of imageID among running servers") if len(ids) > 1 else None,
            ),
            fix=Fix(
                "Name a tag that does not move (a date, a version, a digest): then all nodes have the same image, the"
                " pullers bring a new one in time, and a return to the former one is possible."
            ),
            cause=image,
        )


def _tag(image: str) -> str | None:
    """The tag of an image, empty where there is none; None for a digest, which cannot move."""
    if not image or "@" in image:
        return None
    return image.rpartition("/")[2].partition(":")[2]
