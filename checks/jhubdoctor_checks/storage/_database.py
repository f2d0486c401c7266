"""Where the hub keeps its database."""

from jhubdoctor import Hub, NotApplicable, Values

DIRECTORY = "/srv/jupyterhub"


def db_type(hub: Hub, values: Values | None) -> str:
    """hub.db.type as it runs: from the values, else from what the chart makes of it; empty where neither tells."""
    if values is not None:
        return str(values.get("hub.db.type", ""))
    return "sqlite-pvc" if claim_at_database(hub) else ""


def overridden(values: Values | None) -> bool:
    """Whether the configuration names another database than hub.db does."""
    return values is not None and (
        values.has("hub.config.JupyterHub.db_url") or "JupyterHub.db_url" in values.traits_in_code
    )


def claim_at_database(hub: Hub) -> str:
    """The claim that the hub's container mounts where the chart keeps the SQLite file; empty where there is none."""
    if hub.deployment is None:
        return ""
    spec = hub.deployment.spec.template.spec
    claims = {v.name: v.persistent_volume_claim.claim_name for v in spec.volumes if v.persistent_volume_claim}
    for c in spec.containers:
        for m in c.volume_mounts:
            if m.mount_path.rstrip("/") == DIRECTORY and m.name in claims:
                return claims[m.name]
    return ""


def sqlite_claim(hub: Hub, values: Values | None) -> str:
    """The claim of the hub's SQLite database. Not applicable where its database is no file on a claim."""
    if not hub.z2jh:
        raise NotApplicable("it was not installed by the z2jh chart")
    if overridden(values):
        raise NotApplicable("JupyterHub.db_url names another database than hub.db")
    kind = db_type(hub, values)
    name = claim_at_database(hub)
    if kind != "sqlite-pvc" or not name:
        raise NotApplicable(f"the hub's database is no SQLite file on a claim (hub.db.type: {kind or 'not set'})")
    return name
