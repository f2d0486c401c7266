"""Images that cannot be pulled, by image and cause."""

from collections.abc import Iterator
from dataclasses import replace

from jhubdoctor.api import (
    CannotSay,
    DaemonSet,
    Events,
    Finding,
    Hub,
    Job,
    Revision,
    Rung,
    Severity,
    Values,
    check,
    grouped,
    some,
)
from jhubdoctor_checks.facts.hub_graph import HubGraph
from jhubdoctor_checks.facts.image import FailedPull, failed_of_hook
from jhubdoctor_checks.image._causes import PASSING, cause_of, essence, host
from jhubdoctor_checks.image._fixes import lost_secrets, remedy
from jhubdoctor_checks.image._suffers import hook_objects
from jhubdoctor_checks.texts import last_words

# Nobody waits for other pods than these: placeholders, the continuous puller, neighbours in the namespace.
_WAITED_FOR = frozenset("hub proxy autohttps user-scheduler hook-image-puller image-puller singleuser-server".split())
_HOOK = frozenset({"hook-image-puller", "image-puller"})


# a pull that is slow fails at no rung before its end
@check(severity=Severity.ERROR, at=Rung.PULLED, stops=Rung.UP, explains=("image-pull-slow",))
def image_pull_failed(
    hub: Hub,
    failed_pulls: list[FailedPull],
    hub_graph: HubGraph,
    daemon_sets: list[DaemonSet] | None,
    jobs: list[Job] | None,
    values: Values | None,
    events: Events | None,
    revisions: list[Revision] | None,
) -> Iterator[Finding]:
    """An image cannot be pulled."""
    for (image, word), pulls in sorted(grouped(failed_pulls, lambda p: (p.image, cause_of(p).word))):
        cause = cause_of(pulls[0])
        pulls.sort(key=lambda p: (p.ref.name, p.container))
        nodes = sorted({p.node for p in pulls if p.node})
        best = max(pulls, key=lambda p: (len(p.message), p.ref.name))
        fill = {
            "host": host(image),
            "image": image,
            "nodes": some(nodes) or "the nodes",
            "last": last_words(best.message),
        }
        on = tuple(dict.fromkeys(replace(p.ref, container=p.container) for p in pulls))
        components = {p.component for p in pulls}
        lost = lost_secrets(word, pulls)
        why = cause.means(fill)
        if lost:
            why = f"{fill['host']} refuses it, and the pull secret {', '.join(lost)} that its pods name does not exist"
        weak = word in PASSING or not components & _WAITED_FOR
        yield Finding(
            on=on,
            says=f"{image or 'an image'} cannot be pulled on {fill['nodes']}: {why}",
            evidence=(
                (best.source, f"{best.reason}: {essence(best.message)}" if best.message else best.reason, best.at),
                ("event", f"the pull secrets {best.secret} do not exist") if best.secret else None,
                ("pod.spec", f"image: {image}, of {', '.join(sorted(c or 'other pods' for c in components))}"),
            ),
            fix=remedy(hub, cause, pulls, fill, values),
            severity=Severity.WARNING if weak else None,
            cause=f"{word} {image}",
            affects=(
                *(hook_objects(hub, daemon_sets, jobs) if components & _HOOK else ()),
                *hub_graph.dependents(components),
            ),
        )
    if revisions is None and events is not None and failed_of_hook(events):
        # Helm deletes the hook's pods: only its release tells whether the install went on without them
        raise CannotSay("revisions")
