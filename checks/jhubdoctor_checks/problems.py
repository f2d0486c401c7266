"""What is wrong with values, whoever asks: a check of a hub that runs, or a look at an upgrade that is planned."""

from __future__ import annotations

from collections.abc import Iterator

from jhubdoctor.api import Problem, Values, clean
from jhubdoctor_checks.resources import PATHS, all_given, amount, contradictions

_CHART = "jupyterhub_config.py of the chart"
EXTERNAL = ("mysql", "postgres", "other")


def database_url(values: Values) -> Problem | None:
    """A database of one's own without an address: JupyterHub's own default is a file in the container."""
    kind = values.get("hub.db.type")
    if kind not in EXTERNAL or database_address(values):
        return None
    scheme = {"mysql": "mysql+pymysql", "postgres": "postgresql+psycopg2"}.get(str(kind), "DIALECT+DRIVER")
    return Problem(
        "hub.db.url",
        f"hub.db.type is {clean(str(kind), 20)} without hub.db.url: the hub writes SQLite inside its container",
        "Set the address; the password goes into hub.db.password.",
        values={"hub": {"db": {"url": f"{scheme}://USER@HOST/DATABASE", "upgrade": True}}},
        source=_CHART,
    )


def database_address(values: Values) -> bool:
    """Whether an address of a database is set, in the values or in code."""
    in_code = "JupyterHub.db_url" in values.traits_in_code
    return in_code or bool(values.get("hub.db.url") or values.get("hub.config.JupyterHub.db_url"))


def static_claim(values: Values) -> Problem | None:
    """Homes on one claim for all that is not named."""
    if values.get("singleuser.storage.type") != "static" or values.get("singleuser.storage.static.pvcName"):
        return None
    if {"KubeSpawner.volumes", "Spawner.volumes"} & values.traits_in_code:
        return None
    return Problem(
        "singleuser.storage.static.pvcName",
        "singleuser.storage.type is static and static.pvcName is not set, so no server can be started",
        "Name the claim that all users share, as shown; or let each have one of their own (type: dynamic), which "
        "starts empty.",
        values={"singleuser": {"storage": {"static": {"pvcName": "NAME OF THE CLAIM"}}}},
        source=_CHART,
    )


# keys of hub itself that are often put one level too deep
_MISPLACED = {"loadRoles", "services", "extraConfig", "extraEnv", "db", "networkPolicy", "existingSecret"}
FATAL_SINCE = "4.3.0"
"""The first chart whose hub ends at a section that is no class; before, it was ignored."""


def sections(values: Values) -> list[Problem]:
    """Sections of hub.config that are no classes, those first of which it is known where they belong."""
    wrong = sorted(s for s in values.mapping("hub.config") if not s[:1].isupper())
    found = [
        Problem(
            f"hub.config.{clean(s, 60)}",
            f"sections of hub.config are names of classes, and {clean(s, 60)} is none",
            f"Move it one level up: hub.{s}."
            if s in _MISPLACED
            else "Name the class that it configures (JupyterHub, KubeSpawner, an authenticator).",
            source=_CHART,
        )
        for s in wrong
    ]
    return sorted(found, key=lambda p: "one level up" not in p.fix)


def amounts(values: Values) -> Iterator[Problem]:
    """Memory and cpu for users, in profiles too, that KubeSpawner or the API server refuses."""
    for trait, given in all_given(values):
        # of cpu in singleuser the chart's schema tells by its type
        if amount(trait, given.value) is None and not (trait.startswith("cpu") and given.path == PATHS[trait]):
            memory = trait.startswith("mem")
            yield Problem(
                given.path,
                f"{given}, and KubeSpawner takes a number" + (" with K, M, G or T" if memory else " of cores"),
                "Write 1G for what Kubernetes calls 1Gi." if memory else "Write it as a number without quotes.",
                source="ByteSpecification and Float of JupyterHub's and traitlets' own",
            )
    for kind in ("mem", "cpu"):
        pairs = contradictions(values, kind)
        for low in (g for g in pairs if g.path.endswith("guarantee")):
            yield Problem(
                low.path,
                f"{low.path} is above its limit, so such a server cannot start",
                "Raise the limit, or lower the guarantee.",
                source="the API server's validation of pods",
            )
