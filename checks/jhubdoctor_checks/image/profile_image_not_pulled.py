"""Users' images that no image puller brings to the nodes."""

from collections.abc import Iterator
from itertools import count

from jhubdoctor.api import DaemonSet, Finding, Fix, Hub, Pod, Severity, Shape, Values, check, some
from jhubdoctor_checks.facts.image import FailedPull
from jhubdoctor_checks.image.image_registry_frozen import images


@check(severity=Severity.INFO)
def profile_image_not_pulled(
    hub: Hub,
    daemon_sets: list[DaemonSet],
    shapes: list[Shape],
    user_pods: list[Pod],
    values: Values,
    failed_pulls: list[FailedPull] | None,
) -> Iterator[Finding]:
    """The continuous image puller runs, but not for all images that users get."""
    pullers = [d for d in daemon_sets if d.component == "continuous-image-puller"]
    if not pullers:
        return
    pulled = {i for d in pullers for i in images(d.spec.template.spec)}
    offered = {i: s.name for s in shapes for i in s.images if i}
    used: dict[str, int] = {}
    for p in user_pods:
        notebook = p.container("notebook")
        if notebook is not None and notebook.image and not p.finished:
            used[notebook.image] = used.get(notebook.image, 0) + 1
    # a puller that waits for an image that nobody can pull would hold up every upgrade
    broken = {p.image for p in failed_pulls or ()}
    missing = sorted((set(offered) | set(used)) - pulled - broken)
    if not missing:
        return
    off = not values.enabled("prePuller.pullProfileListImages", default=True)
    in_values = [i for i in missing if i in offered]
    yield Finding(
        on=tuple(d.ref for d in pullers),
        says=f"the image puller does not bring {some(missing)}, so the first user of a node waits for it",
        evidence=(
            ("daemonset", f"it brings {len(pulled)} images, not this"),
            *(("values", f"{i}: {offered[i]}") for i in in_values[:3]),
            *(("pod.spec", f"{i}: {used[i]} servers run it") for i in missing[:3] if i in used),
            ("values", "prePuller.pullProfileListImages: false") if off else None,
        ),
        # all images of profiles would be pulled, also one of them that cannot be
        fix=_fix(hub, values, missing, off=off and bool(in_values) and not broken & set(offered)),
    )


def _fix(hub: Hub, values: Values, missing: list[str], *, off: bool) -> Fix:
    if off:
        return Fix(
            "Let it bring the images of profiles too.",
            {"prePuller": {"pullProfileListImages": True}},
            (hub.helm_upgrade,),
            "The upgrade waits until every node has them.",
        )
    extra = {}
    taken = values.mapping("prePuller.extraImages")
    free = (name for n in count(1) if (name := f"extra-{n}") not in taken)
    for key, image in zip(free, missing[:10], strict=False):
        name, _, tag = image.rpartition(":") if ":" in image.rpartition("/")[2] else (image, "", "latest")
        extra[key] = {"name": name, "tag": tag}
    return Fix(
        "Name it among the extra images, where it is used often; what hub.extraConfig chooses is not known to the"
        " puller.",
        {"prePuller": {"extraImages": extra}},
        (hub.helm_upgrade,),
        "The upgrade waits until every node has them.",
    )
