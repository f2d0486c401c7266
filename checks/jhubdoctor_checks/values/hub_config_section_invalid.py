"""Sections of hub.config that configure nothing."""

from collections.abc import Iterator

from jhubdoctor.api import Finding, Fix, Hub, Pod, Severity, Values, check
from jhubdoctor_checks.problems import FATAL_SINCE, sections


# a setting that is not taken is no reason for restarts, which a rung would take as well
@check(severity=Severity.WARNING, explains=("hub-crash-loop",))
def hub_config_section_invalid(hub: Hub, values: Values, hub_pods: list[Pod]) -> Iterator[Finding]:
    """A section of hub.config is not named after a class, so it configures nothing."""
    wrong = sections(values)
    if not wrong:
        return
    # files/hub/jupyterhub_config.py: since 4.3 "FATAL: Invalid hub.config section name", before it was ignored
    fatal = hub.at_least(FATAL_SINCE)
    paths = sorted(p.path for p in wrong)
    names = ", ".join(p.removeprefix("hub.config.") for p in paths[:3])
    yield Finding(
        on=(hub.ref,),
        says=f"hub.config has sections that are no classes ({names}), "
        + ("with which the hub ends at once" if fatal else "which have no effect"),
        evidence=tuple(("values", p) for p in paths[:6]),
        fix=Fix(wrong[0].fix, commands=(hub.helm_upgrade,)),
        severity=Severity.ERROR if fatal else None,
        affects=tuple(p.ref for p in hub_pods),
    )
