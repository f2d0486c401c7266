"""An etcd that takes no writes, because it has reached its limit of space."""

from collections.abc import Iterator
from datetime import datetime

from jhubdoctor.api import Finding, Hub, Pod, PodLog, Ref, Rung, Severity, Spawns, check
from jhubdoctor_checks.policy._refused import refused
from jhubdoctor_checks.texts import last_words, names_of
from jhubdoctor_checks.texts.admission import ETCD_FULL

_ETCD = Ref("APIServer", "kube-apiserver", api_version="")


# every write of everybody is refused, so what runs keeps running and nothing new comes
@check(severity=Severity.ERROR, at=Rung.GIVEN, stops=Rung.ALLOWED, bars=True)
def etcd_full(
    hub: Hub,
    spawns: Spawns,
    user_scheduler_logs: list[PodLog] | None,
    user_scheduler_pods: list[Pod] | None,
    now: datetime,
) -> Iterator[Finding]:
    """The API server's etcd has no space left and takes no writes."""
    users = refused(hub, spawns, now, "etcdserver: mvcc: database space exceeded")
    newest = max((s.at for s in users.spawns if s.at), default=None)
    if newest is None or any(at and at > newest for _, _, at in spawns.succeeded):
        return
    logs = [m.string for log in user_scheduler_logs or [] for m in log.search(ETCD_FULL.compiled)]
    yield Finding(
        on=(_ETCD,),
        says=f"the API server can write nothing: {ETCD_FULL.says}",
        evidence=(
            *users.shown(last_words),
            ("user-scheduler log", ETCD_FULL.excerpt(logs[-1])) if logs else None,
        ),
        fix=ETCD_FULL.remedy(names_of(hub)),
        affects=(*users.pods, *(p.ref for p in user_scheduler_pods or ())),
    )
