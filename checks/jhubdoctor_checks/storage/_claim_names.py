"""How hubs of one release after the other have named the claims of servers."""

from collections.abc import Iterable
from dataclasses import dataclass

from jhubdoctor.api import Hub, PersistentVolumeClaim, Values, expanded
from jhubdoctor_checks.storage._claims import STORAGE, server_of, user_of

Key = tuple[str, str]
"""A user and the name of a server, which is empty for the user's own."""

CHARTS = "claim-{username}{servername}"
# What named claims one after the other: charts before 0.10, charts before 4, KubeSpawner's own default, KubeSpawner 7.
SINCE = (
    ("claim-{username}-{servername}", "escape"),
    (CHARTS, "escape"),
    ("claim-{username}--{servername}", "escape"),
    ("claim-{user_server}", "safe"),
)


@dataclass(frozen=True)
class Naming:
    """How a hub names claims, as far as its values say.

    Attributes:
        template: of the names.
        scheme: how names of users become slugs, `safe` or `escape`.
        remembers: whether the hub goes by the name that it has in its database, whatever it would make today.
    """

    template: str
    scheme: str
    remembers: bool = False

    def name(self, key: Key) -> str | None:
        """The name of a server's claim; None where only the hub knows it."""
        return expanded(self.template, *key, self.scheme)


@dataclass(frozen=True)
class Pair:
    """Two claims for the home of one server."""

    key: Key
    former: PersistentVolumeClaim
    newer: PersistentVolumeClaim


def naming(hub: Hub, values: Values) -> Naming:
    """How the hub names claims today: KubeSpawner 7 came with chart 4."""
    seven = hub.at_least("4.0.0") is not False
    own = values.get("hub.config.KubeSpawner.pvc_name_template")
    template = own or values.get("singleuser.storage.dynamic.pvcNameTemplate")
    scheme = values.get("hub.config.KubeSpawner.slug_scheme", "safe") if seven else "escape"
    remembers = seven and values.get("hub.config.KubeSpawner.remember_pvc_name") is not False
    return Naming(str(template or (SINCE[-1][0] if seven else CHARTS)), str(scheme), remembers)


def homes(claims: Iterable[PersistentVolumeClaim], hub: Hub) -> dict[Key, list[PersistentVolumeClaim]]:
    """The claims of each server, the oldest first."""
    found: dict[Key, list[PersistentVolumeClaim]] = {}
    for c in sorted(claims, key=lambda c: (c.created, c.name)):
        if c.component == STORAGE and hub.owns(c) and user_of(c) and c.metadata.deletion_timestamp is None:
            found.setdefault((user_of(c), server_of(c)), []).append(c)
    return found


def pair_of(key: Key, claims: list[PersistentVolumeClaim], now: Naming) -> Pair | None:
    """The newest claim of a server and the one before it, where each has the name that a release after the other made.

    Other names are somebody's own: two claims with them need not be one home.
    """
    for family in (SINCE, ((now.template, "escape"), (now.template, "safe"))):
        names = [expanded(template, *key, scheme) for template, scheme in family]
        found = [c for c in claims if c.name in names]
        if len(found) < 2:
            continue
        former, newer = found[-2:]
        if names.index(former.name) < names.index(newer.name) and former.created < newer.created:
            return Pair(key, former, newer) if former.status.phase == "Bound" else None
    return None
