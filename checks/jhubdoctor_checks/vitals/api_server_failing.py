"""An API server that is not well by its own word, or that answers the hub with errors of its own."""

from collections.abc import Iterator
from datetime import datetime

from jhubdoctor.api import Evidence, Finding, Fix, Hub, HubLog, Ref, Rung, Severity, Spawns, check, clean, times
from jhubdoctor_checks.facts.api import ApiHealth
from jhubdoctor_checks.texts import known, last_words, names_of
from jhubdoctor_checks.texts.admission import ADMISSION
from jhubdoctor_checks.vitals._api_server_failing import OFTEN, answers, unmade

_SERVER = Ref("APIServer", "kube-apiserver", api_version="")


# Where no pod is named the hub itself suffers, and by a rung all that ails the hub would stand under this.
@check(
    severity=Severity.ERROR,
    at=Rung.SERVED,
    bars=True,
    symptom=True,
    explains=("spawn-rejected", "starts-failing"),
    passes_only_with=("api_health", "hub_log", "spawns"),
)
def api_server_failing(
    hub: Hub, api_health: ApiHealth | None, hub_log: HubLog | None, spawns: Spawns | None, now: datetime
) -> Iterator[Finding]:
    """The API server says that a part of it fails, or answers the hub with errors again and again."""
    parts = {name: h.path for h in (api_health.endpoints if api_health else ()) for name in h.failing}
    failed = answers(hub_log, now) if hub_log is not None else []
    often = len(failed) >= OFTEN
    if not parts and not often:
        return
    row = known(ADMISSION, failed[-1].message) if often else None
    says = [
        f"answered the hub with an error {times(len(failed))} within the hour, and with no success since"
        if often
        else "",
        f"says of itself that {', '.join(parts)} {'fails' if len(parts) == 1 else 'fail'}" if parts else "",
    ]
    look = "kubectl get --raw '/readyz?verbose'"
    yield Finding(
        on=(_SERVER,),
        says=f"the API server {' and '.join(filter(None, says))}",
        evidence=(
            *(Evidence(f"{path}?verbose", f"[-]{name}") for name, path in list(parts.items())[:4]),
            *(Evidence("hub log", f"HTTP {a.code}: {clean(last_words(a.message), 300)}", a.at) for a in failed[-3:]),
        ),
        fix=row.remedy(names_of(hub))
        if row is not None
        else Fix(
            "See which parts of the API server fail, and its log; on a managed cluster tell the provider.",
            commands=(
                look,
                hub.kubectl(f"logs deployment/{hub.ref.name} --container hub --tail 2000 | grep -A 8 '(5'"),
            ),
        ),
        # one that starts, or that another takes over from, says so for some seconds as well
        severity=None if often else Severity.WARNING,
        cause="server",
        affects=unmade(hub, spawns, failed) if often and spawns is not None else (),
        unexplained=row is None,
    )
