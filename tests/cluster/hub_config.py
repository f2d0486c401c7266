"""The configuration of the real hub: what z2jh's own makes of the values, as far as starting servers goes."""

import json
import os
from pathlib import Path

settings = json.loads(Path(os.environ["JHUBDOCTOR_TEST_HUB"]).read_text())
values = settings["values"]
user = values["singleuser"]
c = get_config()  # type: ignore[name-defined]  # noqa: F821  - JupyterHub gives it

c.JupyterHub.bind_url = settings["bind_url"]
c.JupyterHub.hub_bind_url = c.JupyterHub.hub_connect_url = settings["hub_url"]
c.JupyterHub.db_url = settings["db_url"]
c.JupyterHub.cleanup_servers = c.JupyterHub.cleanup_proxy = False
c.JupyterHub.last_activity_interval = 60
c.JupyterHub.tornado_settings = {"slow_spawn_timeout": 0}
c.JupyterHub.concurrent_spawn_limit = values["hub"]["concurrentSpawnLimit"]
c.ConfigurableHTTPProxy.api_url = settings["api_url"]
c.ConfigurableHTTPProxy.should_start = False
c.JupyterHub.authenticator_class = "dummy"
c.Authenticator.allow_all = True
c.JupyterHub.services = [{"name": "tests", "api_token": settings["token"]}]
c.JupyterHub.load_roles = [
    {"name": "tests", "services": ["tests"], "scopes": ["admin:users", "admin:servers"]},
]

c.JupyterHub.spawner_class = "kubespawner.KubeSpawner"
c.Spawner.consecutive_failure_limit = values["hub"]["consecutiveFailureLimit"]
c.Spawner.start_timeout = user["startTimeout"]
c.Spawner.http_timeout = 5
c.KubeSpawner.namespace = settings["namespace"]
c.KubeSpawner.port = settings["user_port"]
c.KubeSpawner.image = f"{user['image']['name']}:{user['image']['tag']}"
c.KubeSpawner.common_labels = {
    "app": "jupyterhub",
    "release": settings["release"],
    "app.kubernetes.io/name": "jupyterhub",
    "app.kubernetes.io/instance": settings["release"],
    "app.kubernetes.io/managed-by": "kubespawner",
}
c.KubeSpawner.extra_labels = user["extraLabels"]
c.KubeSpawner.node_selector = user["nodeSelector"]
c.KubeSpawner.tolerations = values["scheduling"]["userPods"]["tolerations"] + user["extraTolerations"]
c.KubeSpawner.mem_guarantee = user["memory"]["guarantee"]
for trait, section, key in (
    ("mem_limit", "memory", "limit"),
    ("cpu_guarantee", "cpu", "guarantee"),
    ("cpu_limit", "cpu", "limit"),
    ("extra_resource_guarantees", "extraResource", "guarantees"),
    ("extra_resource_limits", "extraResource", "limits"),
    ("node_affinity_required", "extraNodeAffinity", "required"),
):
    if user.get(section, {}).get(key) is not None:
        setattr(c.KubeSpawner, trait, user[section][key])
if values["scheduling"]["userPods"].get("nodeAffinity", {}).get("matchNodePurpose") == "require":
    purpose = {"key": "hub.jupyter.org/node-purpose", "operator": "In", "values": ["user"]}
    c.KubeSpawner.node_affinity_required.append({"matchExpressions": [purpose]})
c.KubeSpawner.profile_list = user["profileList"]
c.KubeSpawner.uid = user["uid"]
c.KubeSpawner.fs_gid = user["fsGid"]
if values["scheduling"]["userScheduler"]["enabled"]:
    c.KubeSpawner.scheduler_name = f"{settings['release']}-user-scheduler"
if user["storage"]["type"] == "dynamic":
    c.KubeSpawner.storage_pvc_ensure = True
    c.KubeSpawner.storage_capacity = user["storage"]["capacity"]
    c.KubeSpawner.storage_class = user["storage"]["dynamic"]["storageClass"]
    c.KubeSpawner.storage_access_modes = user["storage"]["dynamic"]["storageAccessModes"]
    c.KubeSpawner.pvc_name_template = "claim-{username}"
    c.KubeSpawner.volumes = [{"name": "home", "persistentVolumeClaim": {"claimName": "claim-{username}"}}]
    c.KubeSpawner.volume_mounts = [{"name": "home", "mountPath": user["storage"]["homeMountPath"]}]
if user["cloudMetadata"]["blockWithIptables"]:
    ip = user["cloudMetadata"]["ip"]
    c.KubeSpawner.init_containers = [
        {
            "name": "block-cloud-metadata",
            "image": f"{user['networkTools']['image']['name']}:{user['networkTools']['image']['tag']}",
            "command": ["iptables", "--append", "OUTPUT", "--destination", ip, "--jump", "DROP"],
            "securityContext": {"privileged": True, "runAsUser": 0, "capabilities": {"add": ["NET_ADMIN"]}},
        }
    ]

# the last word, before code; who may log in is no matter here
for section in ("Spawner", "KubeSpawner"):
    c[section].update(values["hub"].get("config", {}).get(section, {}))
