"""Whose claims are whose, and which pods wait for them."""

from collections.abc import Iterable, Iterator
from dataclasses import replace
from datetime import datetime

from jhubdoctor.api import Hub, PersistentVolumeClaim, Pod, Ref, Spawns

STORAGE = "singleuser-storage"
USERNAME = "hub.jupyter.org/username"
SERVERNAME = "hub.jupyter.org/servername"


def shared(ref: Ref) -> Ref:
    """The reference to a user's claim, with a fingerprint that does not change with who is concerned."""
    return replace(ref, stable="Claims of users")


def user_of(claim: PersistentVolumeClaim) -> str:
    """The user's name as the hub knows it; the label holds only its slug."""
    return claim.annotations.get(USERNAME) or claim.labels.get(USERNAME, "")


def server_of(claim: PersistentVolumeClaim) -> str:
    """The name of the server that it was made for; empty for a user's default server."""
    return claim.annotations.get(SERVERNAME) or claim.labels.get(SERVERNAME, "")


def of_users(
    claims: Iterable[PersistentVolumeClaim], user_pods: list[Pod], hub: Hub
) -> Iterator[PersistentVolumeClaim]:
    """The claims that KubeSpawner made for this hub's users, and others that users' pods mount."""
    mounted = {name for p in user_pods for name in p.spec.claims}
    for c in claims:
        if c.name in mounted or (c.component == STORAGE and hub.owns(c)):
            yield c


def pods_of(
    claims: Iterable[PersistentVolumeClaim], pods: list[Pod], spawns: Spawns | None, hub: Hub, now: datetime
) -> tuple[Ref, ...]:
    """The pods that mount one of the claims and have not started, also those that the hub has given up and deleted."""
    claims = list(claims)
    names, users = {c.name for c in claims}, {user_of(c) for c in claims} - {""}
    found = {p.name: p.ref for p in pods if names & set(p.spec.claims) and p.phase != "Running"}
    for s in spawns.unresolved(now) if spawns else ():
        if s.user in users and s.pod and s.pod not in found:
            found[s.pod] = hub.pod_ref(s.pod)
    return tuple(found[name] for name in sorted(found))
