"""Sections of hub.config that configure nothing."""

from collections.abc import Iterator

from jhubdoctor.api import Finding, Fix, Hub, Pod, Severity, Values, check, clean

# keys of hub itself that are often put one level too deep
MISPLACED = {"loadRoles", "services", "extraConfig", "extraEnv", "db", "networkPolicy", "existingSecret"}


# a setting that is not taken is no reason for restarts, which a rung would take as well
@check(severity=Severity.WARNING, explains=("hub-crash-loop",))
def hub_config_section_invalid(hub: Hub, values: Values, hub_pods: list[Pod]) -> Iterator[Finding]:
    """A section of hub.config is not named after a class, so it configures nothing."""
    wrong = sorted(s for s in values.mapping("hub.config") if not s[:1].isupper())
    if not wrong:
        return
    # files/hub/jupyterhub_config.py: since 4.3 "FATAL: Invalid hub.config section name", before it was ignored
    fatal = hub.at_least("4.3.0")
    names = ", ".join(clean(s, 60) for s in wrong[:3])
    moved = [s for s in wrong if s in MISPLACED]
    yield Finding(
        on=(hub.ref,),
        says=f"hub.config has sections that are no classes ({names}), "
        + ("with which the hub ends at once" if fatal else "which have no effect"),
        evidence=tuple(("values", f"hub.config.{clean(s, 60)}") for s in wrong[:6]),
        fix=Fix(
            f"Move it one level up: hub.{moved[0]}."
            if moved
            else "Name the class that it configures (JupyterHub, KubeSpawner, an authenticator).",
            commands=(hub.helm_upgrade,),
        ),
        severity=Severity.ERROR if fatal else None,
        affects=tuple(p.ref for p in hub_pods),
    )
