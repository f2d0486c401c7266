"""Which value of the chart sets which trait of the hub's software, and what a server that somebody chose sets instead.

Of a trait the last word counts, in this order: the chart's own value, hub.config, code in hub.extraConfig (all three by
the chart's jupyterhub_config.py, 1.0 to 4.4), then the profile that a server is started with, then the choices made of
its options (KubeSpawner's `load_user_options`, 1.0 to 7.0).
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from jhubdoctor.model.values import Values

# `|` before a trait that holds something else than the value: what is said there cannot be said here in the same words.
_TRAITS = """
hub.activeServerLimit JupyterHub.active_server_limit
hub.allowNamedServers JupyterHub.allow_named_servers
hub.baseUrl JupyterHub.base_url
hub.concurrentSpawnLimit JupyterHub.concurrent_spawn_limit
hub.consecutiveFailureLimit Spawner.consecutive_failure_limit
hub.db.type |JupyterHub.db_url
hub.db.url JupyterHub.db_url
hub.namedServerLimitPerUser JupyterHub.named_server_limit_per_user
hub.redirectToServer JupyterHub.redirect_to_server
hub.shutdownOnLogout JupyterHub.shutdown_on_logout
imagePullSecrets |KubeSpawner.image_pull_secrets
scheduling.podPriority.enabled |KubeSpawner.priority_class_name
scheduling.userScheduler.enabled |KubeSpawner.scheduler_name
singleuser.allowPrivilegeEscalation KubeSpawner.allow_privilege_escalation
singleuser.cloudMetadata.blockWithIptables |KubeSpawner.init_containers
singleuser.cmd Spawner.cmd
singleuser.cpu.guarantee KubeSpawner.cpu_guarantee
singleuser.cpu.limit KubeSpawner.cpu_limit
singleuser.defaultUrl Spawner.default_url
singleuser.events KubeSpawner.events_enabled
singleuser.extraContainers KubeSpawner.extra_containers
singleuser.extraEnv KubeSpawner.environment
singleuser.extraLabels KubeSpawner.extra_labels
singleuser.extraNodeAffinity.required KubeSpawner.node_affinity_required
singleuser.extraPodConfig KubeSpawner.extra_pod_config
singleuser.extraResource.guarantees KubeSpawner.extra_resource_guarantees
singleuser.extraResource.limits KubeSpawner.extra_resource_limits
singleuser.extraTolerations KubeSpawner.tolerations
singleuser.fsGid KubeSpawner.fs_gid
singleuser.image.name |KubeSpawner.image
singleuser.image.pullPolicy KubeSpawner.image_pull_policy
singleuser.image.pullSecrets |KubeSpawner.image_pull_secrets
singleuser.image.tag |KubeSpawner.image
singleuser.initContainers KubeSpawner.init_containers
singleuser.lifecycleHooks KubeSpawner.lifecycle_hooks
singleuser.memory.guarantee KubeSpawner.mem_guarantee
singleuser.memory.limit KubeSpawner.mem_limit
singleuser.nodeSelector KubeSpawner.node_selector
singleuser.podNameTemplate KubeSpawner.pod_name_template
singleuser.serviceAccountName KubeSpawner.service_account
singleuser.startTimeout KubeSpawner.start_timeout
singleuser.storage.capacity KubeSpawner.storage_capacity
singleuser.storage.dynamic.pvcNameTemplate KubeSpawner.pvc_name_template
singleuser.storage.dynamic.storageClass KubeSpawner.storage_class
singleuser.storage.extraVolumeMounts |KubeSpawner.volume_mounts
singleuser.storage.extraVolumes |KubeSpawner.volumes
singleuser.storage.static.pvcName |KubeSpawner.volumes
singleuser.storage.type |KubeSpawner.volumes
singleuser.uid KubeSpawner.uid
"""
_SPAWNERS = ("KubeSpawner", "Spawner")


@dataclass(frozen=True, slots=True)
class Trait:
    """A trait that a value sets.

    Attributes:
        owner: the class for which the chart sets it.
        name: the trait's.
        plain: whether it holds just what the value does.
        below: the key of it that is set, where it is a mapping and only that is.
    """

    owner: str
    name: str
    plain: bool = True
    below: tuple[str, ...] = ()

    @property
    def full(self) -> str:
        """As code writes it: `KubeSpawner.mem_limit`."""
        return f"{self.owner}.{self.name}"

    @property
    def of_servers(self) -> bool:
        """Whether a profile can set it."""
        return self.owner in _SPAWNERS

    @property
    def owners(self) -> tuple[str, ...]:
        """The classes at which it wins over the chart: a class that inherits a trait wins over the one it is from."""
        return _SPAWNERS if self.owner == "Spawner" else (self.owner,)


def _trait(text: str) -> Trait:
    owner, name = text.removeprefix("|").split(".")
    return Trait(owner, name, plain=not text.startswith("|"))


_BY_PATH = {path: _trait(text) for path, text in map(str.split, _TRAITS.strip().splitlines())}
TRAITS: Mapping[str, str] = {path: trait.full for path, trait in _BY_PATH.items()}
"""The traits by the values that set them."""
VALUES: Mapping[str, str] = {trait.name: path for path, trait in _BY_PATH.items() if trait.plain}
"""The values by the names of the traits that hold just them."""


def where_set(values: Values, name: str) -> tuple[str, Any]:
    """The path at which a trait of KubeSpawner is set so that it counts, profiles and code aside, and its value.

    What hub.config says of KubeSpawner counts even where it is null; what it says of Spawner, from which that inherits,
    counts where the chart sets nothing.
    """
    own, path, above = f"hub.config.KubeSpawner.{name}", VALUES[name], f"hub.config.Spawner.{name}"
    if values.has(own):
        return own, values.get(own)
    return (above, values.get(above)) if values.get(path) is None and values.has(above) else (path, values.get(path))


def trait_at(place: tuple[str, ...]) -> Trait | None:
    """The trait that is set at a place of the values, None where it is none."""
    if place[:2] == ("hub", "config") and len(place) > 3:
        return Trait(place[2], place[3], below=place[4:])
    for end in range(len(place), 0, -1):
        if found := _BY_PATH.get(".".join(place[:end])):
            return Trait(found.owner, found.name, found.plain, place[end:])
    return None


@dataclass(frozen=True, eq=False)
class Kind:
    """What somebody may start: the default, a profile, a choice of one of a profile's options.

    Attributes:
        name: `default`, `profile "GPU"`, `profile "GPU", choice "large"`.
        sets: what it sets itself, by the names of traits: where (the path of an override), and what.
    """

    name: str
    sets: Mapping[str, tuple[str, Any]] = field(default_factory=dict)


@dataclass(frozen=True)
class Kinds:
    """All that may be started, and what those servers were started as that are there.

    Attributes:
        all: every kind.
        of: the kinds that a pod may be of, by its name; a pod does not say which profile its user chose.
        merges: whether mappings of an override merge with what they override: since KubeSpawner 5, of chart 3.0.
    """

    all: tuple[Kind, ...] = ()
    of: Mapping[str, tuple[Kind, ...]] = field(default_factory=dict)
    merges: bool = True

    def setting(self, trait: Trait, kinds: tuple[Kind, ...]) -> tuple[Kind, ...]:
        """Those of these kinds at which an override counts in the place of what the trait is set to elsewhere."""
        return tuple(k for k in kinds if trait.name in k.sets and self._covers(k.sets[trait.name][1], trait.below))

    def _covers(self, value: Any, below: tuple[str, ...]) -> bool:
        if not (self.merges and below and isinstance(value, Mapping)):
            return True
        return below[0] in value and self._covers(value[below[0]], below[1:])
