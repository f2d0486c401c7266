"""Images that cannot be pulled, by image and cause."""

from collections.abc import Iterator
from dataclasses import replace

from jhubdoctor import DaemonSet, Deployment, Finding, Fix, Hub, Job, Pod, Service, Severity, Values, check
from jhubdoctor_checks._depends import dependents
from jhubdoctor_checks.facts.image import FailedPull
from jhubdoctor_checks.image._causes import PASSING, Cause, cause_of, essence, frozen, host
from jhubdoctor_checks.image._fixes import current, image_path, make_secret, patch, pull_secret
from jhubdoctor_checks.image._suffers import hook_objects

# Nobody waits for other pods than these: placeholders, the continuous puller, neighbours in the namespace.
_WAITED_FOR = frozenset(
    {"hub", "proxy", "autohttps", "user-scheduler", "hook-image-puller", "image-puller", "singleuser-server"}
)
_HOOK = frozenset({"hook-image-puller", "image-puller"})


@check(
    severity=Severity.ERROR,
    explains=(
        "hook-image-puller-stuck",
        "helm-release-not-deployed",
        "hook-leftovers",
        "spawn-timeout",
        "spawn-timeline",
        "image-pull-slow",
        "user-pod-init-failed",
        "user-scheduler-down",
        "user-scheduler-lease-stale",
        "placeholders-pending",
        "service-without-endpoints",
        "proxy-unreachable",
        "acme-failed",
        "hub-restarting",
        "consecutive-failure-abort",
    ),
)
def image_pull_failed(
    hub: Hub,
    failed_pulls: list[FailedPull],
    deployments: list[Deployment],
    pending_user_pods: list[Pod],
    daemon_sets: list[DaemonSet] | None,
    jobs: list[Job] | None,
    services: list[Service] | None,
    values: Values | None,
) -> Iterator[Finding]:
    """An image cannot be pulled."""
    groups: dict[tuple[str, str], list[FailedPull]] = {}
    causes: dict[str, Cause] = {}
    for pull in failed_pulls:
        cause = cause_of(pull)
        causes[cause.word] = cause
        groups.setdefault((pull.image, cause.word), []).append(pull)
    for (image, word), pulls in sorted(groups.items()):
        pulls.sort(key=lambda p: (p.ref.name, p.container))
        nodes = sorted({p.node for p in pulls if p.node})
        names = ", ".join(nodes[:3]) + (f" and {len(nodes) - 3} more" if len(nodes) > 3 else "")
        fill = {"host": host(image), "image": image, "nodes": names or "the nodes"}
        best = max(pulls, key=lambda p: (len(p.said), p.ref.name))
        on = tuple(dict.fromkeys(replace(p.ref, container=p.container) for p in pulls))
        components = {p.component for p in pulls}
        lost = _lost(word, pulls)
        why = causes[word].says.format(**fill)
        if lost:
            why = f"{fill['host']} refuses it, and the pull secret {', '.join(lost)} that its pods name does not exist"
        weak = word in PASSING or not components & _WAITED_FOR
        yield Finding(
            on=on,
            says=f"{image or 'an image'} cannot be pulled on {fill['nodes']}: {why}",
            evidence=(
                (best.source, f"{best.reason}: {essence(best.said)}" if best.said else best.reason, best.at),
                *((("event", f"the pull secrets {best.secret} do not exist"),) if best.secret else ()),
                ("pod.spec", f"image: {image}, of {', '.join(sorted(c or 'other pods' for c in components))}"),
            ),
            fix=_fix(hub, causes[word], pulls, fill, values),
            severity=Severity.WARNING if weak else None,
            cause=f"{word} {image}",
            affects=(
                *(hook_objects(hub, daemon_sets, jobs) if components & _HOOK else ()),
                *dependents(hub, components, deployments, pending_user_pods, services),
            ),
        )


def _lost(word: str, pulls: list[FailedPull]) -> list[str]:
    """The pull secrets without which the registry refuses, as far as the kubelet names them."""
    return sorted({s for p in pulls for s in p.secret.split(", ") if s}) if word == "refused" else []


def _fix(hub: Hub, cause: Cause, pulls: list[FailedPull], fill: dict[str, str], values: Values | None) -> Fix:
    first = pulls[0]
    path = image_path(first, values)
    text = cause.fix.format(**fill)
    commands = [hub.kubectl(f"describe pod {p.ref.name}") for p in pulls if p.pod][:1]
    if frozen(first.image) and path:
        name, tag = current(first.image)
        moved = f"{fill['host']} is frozen since April 2023; the image lives on at {name}."
        return Fix(f"{moved} Charts since 3.0 use it.", patch(path, {"name": name, "tag": tag}), (hub.helm_upgrade,))
    if lost := _lost(cause.word, pulls):
        return Fix(
            f"Make it in the namespace {hub.namespace}: pods use no Secret of another one. Pods that wait take it at "
            "their next try.",
            commands=tuple(make_secret(hub, fill["host"], name) for name in lost),
        )
    if cause.word in {"refused", "rate-limit"}:
        section, command = pull_secret(hub, fill["host"])
        return Fix(text, section, (*commands, command, hub.helm_upgrade))
    if cause.word in {"not-found", "invalid-name"} and path:
        return Fix(f"{text} It is set at {path}.", commands=(*commands, hub.helm_upgrade))
    where = f" The name is set at {path}." if path and cause.word != "disk-full" else ""
    if any(p.component == "hook-image-puller" for p in pulls):
        where += " When it can be pulled, run the helm upgrade (or install) again: the hook waits for every node."
    return Fix(text + where, commands=(*commands, hub.helm_upgrade if where else ""))
