"""Webhooks that nobody answers for."""

from collections.abc import Iterator, Mapping
from datetime import datetime

from jhubdoctor.api import (
    Deployment,
    Evidence,
    Finding,
    Fix,
    Hub,
    Namespace,
    Pod,
    Ref,
    Rung,
    Severity,
    Spawns,
    Webhook,
    Webhooks,
    check,
)
from jhubdoctor_checks.facts.policy import Backend, blocking
from jhubdoctor_checks.facts.refusals import Refusal, refused_with
from jhubdoctor_checks.policy._core import refs, refused_by
from jhubdoctor_checks.policy._refused import refused
from jhubdoctor_checks.policy._users import namespace_labels, pod_labels


@check(severity=Severity.ERROR, stops=Rung.ALLOWED, bars=True)
def webhook_fails_closed(
    hub: Hub,
    namespace: Namespace,
    webhooks: Webhooks,
    webhook_backends: Mapping[tuple[str, str], Backend],
    user_pods: list[Pod],
    spawns: Spawns | None,
    deployments: list[Deployment] | None,
    refusals: list[Refusal] | None,
    now: datetime,
) -> Iterator[Finding]:
    """A webhook that pods need has nothing behind it, so no pod can be created."""
    labels = pod_labels(hub, user_pods)
    groups: dict[tuple[Ref, str, str], list[Webhook]] = {}
    for ref, w in blocking(webhooks):
        service = w.client_config.service
        backend = webhook_backends.get((service.namespace, service.name)) if service else None
        if service is None or backend is None or (backend.exists and backend.ready):
            continue
        if w.namespace_selector is not None and not w.namespace_selector.matches(namespace_labels(namespace)):
            continue
        if w.object_selector is not None and not w.object_selector.matches(labels):
            continue
        groups.setdefault((ref, service.namespace, service.name), []).append(w)
    for (ref, where, name), members in sorted(groups.items(), key=lambda g: (g[0][0].kind, g[0][0].name, *g[0][1:])):
        backend = webhook_backends[where, name]
        names = sorted(w.name for w in members)
        yield Finding(
            on=(ref,),
            says=f"the webhook {names[0]} must allow every new pod, and its Service {where}/{name} "
            + ("has no ready endpoint" if backend.exists else "does not exist"),
            evidence=(
                *(Evidence("webhook", f"{n}: failurePolicy: Fail, rules: CREATE pods") for n in names[:3]),
                Evidence(
                    "service",
                    f"{where}/{name}: " + (f"{backend.ready} ready addresses" if backend.exists else "not found"),
                ),
            ),
            fix=_fix(ref, where, exists=backend.exists),
            # conditions in CEL may exempt the pods
            severity=Severity.WARNING if all(w.match_conditions for w in members) else None,
            cause="no-endpoints" if backend.exists else "service-missing",
            affects=(
                *refused(hub, spawns, now, *names).pods,
                *refs(refused_by(deployments, *names)),
                *refused_with(refusals, *names),
            ),
        )


def _fix(ref: Ref, where: str, *, exists: bool) -> Fix:
    if exists:
        return Fix(
            f"Bring the pods behind it back: see what is wrong with them in the namespace {where}.",
            commands=(f"kubectl --namespace {where} get pods",),
        )
    return Fix(
        "The webhook was left behind by something that was uninstalled. Remove its configuration.",
        commands=(f"kubectl delete {ref.kind.lower()} {ref.name}",),
        caution="What this webhook checked or changed is then no longer checked or changed.",
    )
