"""Images from registries that get no new ones."""

from collections.abc import Iterator

from jhubdoctor.api import DaemonSet, Deployment, Finding, Fix, Hub, PodSpec, Ref, Severity, StatefulSet, check
from jhubdoctor_checks.image._causes import frozen
from jhubdoctor_checks.image._fixes import current

# the last part of the image's name: where the chart sets it (0.9 to 2.0)
_PATHS = {
    "kube-scheduler": ("scheduling.userScheduler.image",),
    "pause": ("prePuller.pause.image", "scheduling.userPlaceholder.image"),
}


@check(severity=Severity.INFO)
def image_registry_frozen(
    hub: Hub, deployments: list[Deployment], daemon_sets: list[DaemonSet], stateful_sets: list[StatefulSet]
) -> Iterator[Finding]:
    """Images come from k8s.gcr.io, which has been frozen since April 2023."""
    workloads: list[Deployment | DaemonSet | StatefulSet] = [*deployments, *daemon_sets, *stateful_sets]
    found: dict[str, list[Ref]] = {}
    for item in workloads:
        for image in sorted(i for i in images(item.spec.template.spec) if frozen(i)):
            found.setdefault(image, []).append(item.ref)
    if not found:
        return
    values: dict[str, dict[str, dict[str, dict[str, str]]]] = {}
    for image in found:
        name, tag = current(image)
        for path in _PATHS.get(name.rpartition("/")[2], ()):
            section, part, _ = path.split(".")
            values.setdefault(section, {})[part] = {"image": {"name": name, "tag": tag}}
    yield Finding(
        on=tuple(dict.fromkeys(r for refs in found.values() for r in refs)),
        says=f"{', '.join(sorted(found))} come{'s' if len(found) == 1 else ''} from a registry that is frozen",
        evidence=tuple(("spec", f"{i}: {', '.join(sorted({r.name for r in found[i]}))}") for i in sorted(found)),
        fix=Fix(
            "Use registry.k8s.io, as charts since 3.0 do.", values, (hub.helm_upgrade,), "The upgrade restarts the hub."
        ),
    )


def images(spec: PodSpec) -> set[str]:
    """All images of a pod's spec."""
    return {c.image for c in (*spec.containers, *spec.init_containers) if c.image}
