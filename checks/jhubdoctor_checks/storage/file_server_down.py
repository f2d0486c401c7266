"""File servers of the cluster that do not answer, and what lies on them."""

from collections.abc import Iterator
from datetime import datetime

from jhubdoctor.api import Evidence, Finding, Fix, Hub, Rung, Severity, Spawns, check, count
from jhubdoctor_checks.facts.file_servers import FileServer


@check(severity=Severity.ERROR, at=Rung.UP, stops=Rung.MOUNTED, complete=("silent_file_servers",))
def file_server_down(
    hub: Hub, silent_file_servers: list[FileServer], spawns: Spawns | None, now: datetime
) -> Iterator[Finding]:
    """The file server in the cluster that volumes lie on does not run."""
    failed = [s.pod for s in spawns.unresolved(now, hours=1) if s.pod] if spawns is not None else []
    for s in silent_file_servers:
        name = f"{s.ref.namespace}/{s.ref.name}"
        why = f"{s.down.place} {s.down.says}" if s.down else "nothing is ready behind it"
        there = {p.name for p in s.pods}
        gone = [hub.pod_ref(n) for n in sorted(set(failed) - there)] if s.homes else []
        hubs = any(p.component == "hub" for p in s.pods)
        yield Finding(
            on=(s.ref, *((s.down.workload.ref, *s.down.pods) if s.down else ())),
            says=f"the file server {name} does not run, so nothing on its volumes can be read: {why}"
            if s.exists
            else f"volumes name the file server {name}, and there is no such Service",
            evidence=(
                *s.evidence,
                *(s.down.evidence if s.down else ()),
                Evidence("persistentvolume", f"server {s.server}: {_on_it(s)}"),
            ),
            fix=_fix(s),
            cause=s.down.word if s.down else "no-pods" if s.exists else "no-service",
            affects=(*(p.ref for p in s.pods), *s.claims, *gone, *((hub.ref,) if hubs else ())),
        )


def _on_it(server: FileServer) -> str:
    claims = count(len(server.claims), "claim") if server.claims else ""
    pods = f"{count(len(server.pods), 'pod')} of this hub" if server.pods else ""
    return " and ".join(filter(None, (claims, pods))) or "the hub's Deployment"


def _fix(server: FileServer) -> Fix:
    kubectl = f"kubectl --namespace {server.ref.namespace}"
    caution = "Servers that are running go on by themselves once it answers; delete no claim and no volume of it."
    if server.down is None:
        text = "Install the server again, under the same name or address." if not server.exists else ""
        return Fix(
            text or "See what should be behind the Service, and start it.",
            commands=(f"{kubectl} get services,endpointslices,pods -o wide",),
            caution=caution,
        )
    w = server.down.workload
    if server.down.word == "scaled-to-zero":
        start = f"{kubectl} scale {w.KIND.lower()} {w.name} --replicas 1"
        return Fix("Start it again, if nobody stopped it on purpose.", commands=(start,), caution=caution)
    return Fix("Correct what keeps its pod from running.", commands=server.down.look_closer(), caution=caution)
