"""Pod Security levels that users' pods do not keep."""

from collections.abc import Iterator
from datetime import datetime

from jhubdoctor.api import (
    Evidence,
    Finding,
    Hub,
    Namespace,
    NotApplicable,
    Pod,
    Rung,
    ServerVersion,
    Severity,
    Spawns,
    Values,
    check,
)
from jhubdoctor_checks.policy._pod_security_blocks_users import hardened, kept
from jhubdoctor_checks.policy._refused import refused
from jhubdoctor_checks.policy._users import BLOCK, blocks_metadata

ENFORCE = "pod-security.kubernetes.io/enforce"
# on by default; https://kubernetes.io/docs/concepts/security/pod-security-admission/
FIRST = 23


@check(severity=Severity.ERROR, stops=Rung.ALLOWED)
def pod_security_blocks_users(
    hub: Hub,
    namespace: Namespace,
    values: Values,
    user_pods: list[Pod],
    spawns: Spawns | None,
    server_version: ServerVersion | None,
    now: datetime,
) -> Iterator[Finding]:
    """The namespace's Pod Security level forbids the pods of users."""
    level = namespace.labels.get(ENFORCE, "")
    if level not in {"baseline", "restricted"}:
        return
    if server_version is not None and server_version.minor is not None and server_version.minor < FIRST:
        raise NotApplicable("Pod Security admission came with Kubernetes 1.23")
    blocks = blocks_metadata(hub, values)
    if not blocks and (level == "baseline" or hardened(values) or user_pods):
        return
    users = refused(hub, spawns, now, "violates PodSecurity")
    privileged = [p for p in user_pods if any(c.name == BLOCK for c in p.spec.init_containers)]
    if blocks and user_pods and not privileged and not users:
        # what runs was made without it, whatever the values say
        return
    yield Finding(
        on=(namespace.ref,),
        says=f"the namespace enforces the Pod Security level {level}, and users' pods "
        + (f"have the privileged init container {BLOCK}" if blocks else "do not keep it as the chart makes them"),
        evidence=(
            Evidence("namespace", f"{ENFORCE}: {level}"),
            Evidence("values", "singleuser.cloudMetadata.blockWithIptables: true (the default)") if blocks else None,
            *users.shown("violates PodSecurity"),
            *(Evidence("pod", f"{p.name} runs with it, from before or by an exemption") for p in privileged[:1]),
        ),
        fix=kept(hub, level, blocks=blocks),
        # pods that run with it may be older than the label, or exempt; what `restricted` asks for may be set unseen
        severity=Severity.ERROR if users else Severity.WARNING if privileged or not blocks else None,
        cause="privileged" if blocks else level,
        affects=users.pods,
    )
