"""Values that code in hub.extraConfig sets again."""

from collections.abc import Iterator

from jhubdoctor.api import Finding, Fix, Hub, Severity, Values, check, some

# Traits that the chart sets from a value (files/hub/jupyterhub_config.py of 4.4), and which value that is.
SET_BY = {
    "KubeSpawner.cpu_guarantee": "singleuser.cpu.guarantee",
    "KubeSpawner.cpu_limit": "singleuser.cpu.limit",
    "KubeSpawner.image": "singleuser.image.name",
    "KubeSpawner.mem_guarantee": "singleuser.memory.guarantee",
    "KubeSpawner.mem_limit": "singleuser.memory.limit",
    "KubeSpawner.node_selector": "singleuser.nodeSelector",
    "KubeSpawner.profile_list": "singleuser.profileList",
    "KubeSpawner.scheduler_name": "scheduling.userScheduler.enabled",
    "KubeSpawner.start_timeout": "singleuser.startTimeout",
    "KubeSpawner.storage_capacity": "singleuser.storage.capacity",
    "KubeSpawner.storage_class": "singleuser.storage.dynamic.storageClass",
    "KubeSpawner.uid": "singleuser.uid",
    "JupyterHub.base_url": "hub.baseUrl",
    "JupyterHub.concurrent_spawn_limit": "hub.concurrentSpawnLimit",
    "JupyterHub.db_url": "hub.db.type",
    "Spawner.cmd": "singleuser.cmd",
    "Spawner.default_url": "singleuser.defaultUrl",
    "Spawner.start_timeout": "singleuser.startTimeout",
}


@check(severity=Severity.INFO)
def values_overridden_by_code(hub: Hub, values: Values) -> Iterator[Finding]:
    """Code in hub.extraConfig overrides values, which then do not say what runs."""
    doubled = {
        t: path
        for t, path in sorted(SET_BY.items())
        if t in values.traits_in_code and values.get(path) not in ("", None, {}, [])
    }
    if not doubled:
        return
    yield Finding(
        on=(hub.ref,),
        says=f"code in hub.extraConfig overrides {some(doubled.values())}: "
        "what the values say of these is not what runs",
        evidence=tuple(
            ("values", f"hub.extraConfig sets c.{t}; {path} is set too") for t, path in list(doubled.items())[:6]
        ),
        fix=Fix(
            "Set each in one place: in the values where they can say it, in code where they cannot.",
            commands=(hub.helm_upgrade,),
        ),
    )
