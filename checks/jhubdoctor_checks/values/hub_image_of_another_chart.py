"""A hub image that does not belong to its chart."""

import re
from collections.abc import Iterator

from jhubdoctor.api import Finding, Fix, Hub, Severity, chart_version, check, clean

# the chart's own image, also from a mirror; an image of one's own name cannot be judged
OWN = r"(?:^|/)(k8s-hub(?:-slim)?):([\w.+-]+)"


@check(severity=Severity.WARNING)
def hub_image_of_another_chart(hub: Hub) -> Iterator[Finding]:
    """The hub's image is that of another version of the chart."""
    containers = hub.deployment.spec.template.spec.containers if hub.deployment is not None else []
    for c in containers:
        found = re.search(OWN, c.image)
        if found is None or hub.version is None:
            continue
        image = chart_version(found[2])
        if image is None or image == hub.version or image.is_devrelease or hub.version.is_devrelease:
            continue
        near = image.release[:2] == hub.version.release[:2]
        yield Finding(
            on=(hub.ref,),
            says=f"the hub runs the image of chart {clean(found[2], 40)} with the configuration of chart {hub.chart}",
            evidence=(
                ("deployment", f"container {c.name}: image {clean(c.image, 120)}"),
                ("deployment", f"chart label: {hub.chart}"),
            ),
            fix=Fix(
                "Set hub.image.tag to the chart's own, as shown, so that image and configuration come from one "
                "version; or upgrade the chart to the image's, and read what that breaks first. In a values file of "
                "your own take the key out, or the next upgrade of the chart brings this back.",
                values={"hub": {"image": {"tag": hub.chart}}},
                commands=(hub.helm_upgrade,),
                caution="This restarts the hub, and an older image cannot read a newer database.",
            ),
            severity=Severity.INFO if near else None,
        )
