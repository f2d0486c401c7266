"""Where the hub keeps its database."""

import json
from pathlib import PurePosixPath

from jhubdoctor.api import Fix, Hub, NotApplicable, PodSpec, Values
from jhubdoctor_checks.storage._retain import retain

DIRECTORY = "/srv/jupyterhub"
"""The working directory of the hub's image, and where the chart mounts the claim hub-db-dir."""


def db_type(hub: Hub, values: Values | None) -> str:
    """hub.db.type as it runs: from the values, else from what the chart makes of it; empty where neither tells."""
    if values is not None:
        return str(values.get("hub.db.type", ""))
    return "sqlite-pvc" if claim_at(hub, DIRECTORY) else ""


def overridden(values: Values | None) -> bool:
    """Whether the configuration names another database than hub.db does."""
    return values is not None and (
        values.has("hub.config.JupyterHub.db_url") or "JupyterHub.db_url" in values.traits_in_code
    )


def claim_at(hub: Hub, path: str) -> str:
    """The claim that the hub's container mounts above a path; empty where there is none."""
    name = volume_at(hub.deployment.spec.template.spec, path) if hub.deployment else ""
    volumes = hub.deployment.spec.template.spec.volumes if hub.deployment else []
    return next(
        (v.persistent_volume_claim.claim_name for v in volumes if v.name == name and v.persistent_volume_claim), ""
    )


def volume_at(spec: PodSpec, path: str) -> str:
    """The volume that the hub's container mounts nearest above a path; empty where there is none."""
    hub = next((c for c in spec.containers if c.name == "hub"), spec.containers[0] if spec.containers else None)
    above = {PurePosixPath(path), *PurePosixPath(path).parents}
    found = [m for m in (hub.volume_mounts if hub else []) if m.mount_path and PurePosixPath(m.mount_path) in above]
    return max(found, key=lambda m: len(PurePosixPath(m.mount_path).parts)).name if found else ""


def sqlite_file(values: Values) -> str | None:
    """The file of the hub's SQLite database: empty where it is kept in memory, None where it is no SQLite database."""
    if values.has("hub.config.JupyterHub.db_url"):
        url = str(values.get("hub.config.JupyterHub.db_url", ""))
    else:
        url = {
            "sqlite-pvc": "sqlite:///jupyterhub.sqlite",
            "sqlite-memory": "sqlite://",
            "other": str(values.get("hub.db.url", "")),
        }.get(str(values.get("hub.db.type", "")), "")
    kind, _, rest = url.partition(":")
    if not kind.startswith("sqlite"):
        return None
    # sqlite:///relative, sqlite:////absolute, sqlite:// and sqlite:///:memory:
    path = rest.removeprefix("///") if rest.startswith("///") else ""
    return "" if path in {"", ":memory:"} else str(PurePosixPath(DIRECTORY) / path)


def sqlite_claim(hub: Hub, values: Values | None) -> str:
    """The claim of the hub's SQLite database. Not applicable where its database is no file on a claim."""
    if not hub.z2jh:
        raise NotApplicable("it was not installed by the z2jh chart")
    if overridden(values):
        raise NotApplicable("JupyterHub.db_url names another database than hub.db")
    kind = db_type(hub, values)
    name = claim_at(hub, DIRECTORY)
    if kind != "sqlite-pvc" or not name:
        raise NotApplicable(f"the hub's database is no SQLite file on a claim (hub.db.type: {kind or 'not set'})")
    return name


_COPIER = "hub-db-copy"
_FILE = "/db/jupyterhub.sqlite"
_AWAY = (
    "The hub is away meanwhile: nobody can log in, and after some minutes servers let nobody in; what runs in them "
    "keeps running"
)


def move(hub: Hub, claim: str, volume: str, disks: list[str]) -> Fix:
    """Move the SQLite file from its claim to one of these classes of disks; `volume` is kept with what is on it.

    A database that a hub has open is neither copied nor written over: the hub is stopped, another pod mounts the claim.
    """
    stop, start = (hub.kubectl(f"scale deployment/{hub.ref.name} --replicas={n}") for n in (0, 1))
    gone = hub.kubectl(f"wait --for=delete pod --selector component=hub,release={hub.release} --timeout=2m")
    mounted = (gone, hub.kubectl(_copier(claim)), hub.kubectl(f"wait --for=condition=Ready pod/{_COPIER} --timeout=5m"))
    saved = (stop, *mounted, hub.kubectl(f"exec {_COPIER} -- cat {_FILE} > jupyterhub.sqlite"))
    left = hub.kubectl(f"delete pod {_COPIER}")
    text = "Move the database to a disk that one node mounts"
    if not disks or not hub.helm_upgrade:
        text += " (hub.db.pvc.storageClassName), or to PostgreSQL (hub.db.type: postgres). Save the file first."
        return Fix(text, commands=(*saved, left, start), caution=f"{_AWAY}.")
    return Fix(
        f"{text} (StorageClass {disks[0]} gives such), as shown, or to PostgreSQL (hub.db.type: postgres), which "
        "begins empty. A claim keeps its class: stop the hub, save the file, make the claim anew, and put the file "
        "back.",
        values={"hub": {"db": {"pvc": {"storageClassName": disks[0]}}}},
        commands=(
            *(retain((volume,)) if volume else ()),
            *saved,
            left,
            hub.kubectl(f"delete persistentvolumeclaim {claim}"),
            hub.helm_upgrade,
            stop,
            *mounted,
            hub.kubectl(f"exec -i {_COPIER} -- sh -c 'cat > {_FILE}' < jupyterhub.sqlite"),
            left,
            start,
        ),
        caution=f"{_AWAY}. See that jupyterhub.sqlite is not empty before the claim is deleted.",
    )


def _copier(claim: str) -> str:
    """A pod that mounts the claim as the hub's user, and that the strictest Pod Security level takes."""
    name = {"name": _COPIER}
    allowed = {"allowPrivilegeEscalation": False, "capabilities": {"drop": ["ALL"]}}
    container = name | {"image": "busybox:1.37", "command": ["sleep", "3600"], "securityContext": allowed}
    spec = {
        "securityContext": {
            **dict.fromkeys(("runAsUser", "runAsGroup", "fsGroup"), 1000),
            "runAsNonRoot": True,
            "seccompProfile": {"type": "RuntimeDefault"},
        },
        "containers": [container | {"volumeMounts": [{"name": "db", "mountPath": "/db"}]}],
        "volumes": [{"name": "db", "persistentVolumeClaim": {"claimName": claim}}],
    }
    return f"run {_COPIER} --image=busybox:1.37 --restart=Never --overrides='{json.dumps({'spec': spec})}'"
