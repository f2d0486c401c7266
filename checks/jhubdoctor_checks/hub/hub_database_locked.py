"""A database that the hub cannot write."""

from collections.abc import Iterator
from dataclasses import replace
from datetime import datetime

from jhubdoctor.api import Evidence, Finding, Hub, HubLog, Pod, Rung, Severity, check, clean, times
from jhubdoctor_checks.hub._logged import HOUR, lately, line_of, pods_of
from jhubdoctor_checks.hub._writes import wrote_again
from jhubdoctor_checks.texts.jupyterhub import DATABASE

# A connection that broke once was mended at once.
_OFTEN = 3


@check(severity=Severity.ERROR, stops=Rung.UP)
def hub_database_locked(hub: Hub, now: datetime, hub_log: HubLog, hub_pods: list[Pod]) -> Iterator[Finding]:
    """The hub cannot read or write its database: locked, read-only, damaged, full, or out of reach."""
    for kind in DATABASE:
        found = list(lately(hub_log, kind.compiled, now))
        if not found or (kind.word == "connection" and len(found) < _OFTEN):
            continue
        last, m = found[-1]
        recent = last.at is None or now - last.at <= HOUR
        over = wrote_again(hub_log, [e for e, _ in found])
        if over and not recent:
            continue
        # after a restart it may be well again
        fresh = recent and not over and (not last.previous or not hub_pods or not hub_pods[0].ready)
        yield Finding(
            on=(hub.ref,),
            says=f"the hub has trouble with its database: {kind.says}",
            evidence=(Evidence("hub log", f"{clean(line_of(last, m), 200)} ({times(len(found))})", last.at),),
            fix=replace(
                kind.fix,
                values=kind.fix.values if hub.z2jh else {},
                commands=(
                    # setting it restarts the hub as well
                    (hub.helm_upgrade if hub.z2jh else hub.kubectl(f"rollout restart deployment/{hub.ref.name}"),)
                    if kind.fix.values
                    else (
                        hub.kubectl("get pods --selector component=hub -o wide"),
                        hub.kubectl("get pvc --selector component=hub"),
                    )
                ),
            ),
            severity=Severity.ERROR if fresh else Severity.WARNING,
            cause=kind.word,
            affects=(*pods_of(hub_pods), hub.service_ref),
        )
