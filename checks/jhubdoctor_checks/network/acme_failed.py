"""Let's Encrypt gives no certificate."""

from collections.abc import Iterator
from datetime import datetime, timedelta

from jhubdoctor.api import Deployment, Finding, Fix, Hub, Pod, Rung, Severity, Values, check, clean, excerpt
from jhubdoctor_checks.facts.network import ServedCertificate
from jhubdoctor_checks.network._acme_failed import Failure, last_failure
from jhubdoctor_checks.network._certificates import all_of
from jhubdoctor_checks.texts import Known
from jhubdoctor_checks.texts.acme import PASSING

PATIENCE = timedelta(minutes=10)


@check(severity=Severity.ERROR, at=Rung.REACHED, symptom=True)
def acme_failed(
    hub: Hub,
    autohttps: Deployment,
    autohttps_pods: list[Pod],
    certificates: list[ServedCertificate],
    traefik_log: list[str],
    values: Values | None,
    now: datetime,
) -> Iterator[Finding]:
    """The autohttps pod gets no certificate for the hub's host."""
    kept = next((c for c in certificates if c.by == autohttps.ref), None)
    held = all_of(kept.secret.data.get(kept.key, "")) if kept is not None and kept.secret is not None else []
    if any(c.not_after > now + timedelta(days=7) for c in held):
        # a failed renewal has weeks left; tls-certificate-expiring tells when they are over
        return
    last = last_failure(traefik_log)
    waited = min((now - p.created for p in autohttps_pods), default=timedelta(0))
    if last is None and (held or waited < PATIENCE):
        return
    problem = last.problem if last is not None else None
    hosts = ", ".join(clean(str(h), 80) for h in (values.items("proxy.https.hosts") if values else [])[:3])
    name = clean(kept.name, 80) if kept is not None else ""
    yield Finding(
        on=(autohttps.ref,),
        says=f"Let's Encrypt gives no certificate{f' for {hosts}' if hosts else ''}"
        + (f": {problem.says}" if problem else ""),
        evidence=(
            ("secret", f"{name}: {'holds no certificate that lasts' if held else 'holds no certificate'}"),
            _seen(last, waited),
            ("values", f"proxy.https.hosts: {hosts}") if hosts else None,
        ),
        fix=_fix(hub, autohttps, problem),
        severity=Severity.WARNING if last is None else None,
        cause=last.word if last is not None else "",
        affects=tuple(p.ref for p in autohttps_pods),
    )


def _seen(last: Failure | None, waited: timedelta) -> tuple[str, str]:
    if last is not None:
        return "traefik log", f"acme:error:{last.word or '?'}: {excerpt(last.detail, limit=400)}"
    minutes = int(waited.total_seconds() // 60)
    return "pod", f"autohttps runs for {minutes} minutes, and its log tells of no attempt that failed"


def _fix(hub: Hub, autohttps: Deployment, problem: Known[None] | None) -> Fix:
    look = hub.kubectl(f"logs deploy/{autohttps.name} --container traefik --tail 100")
    if problem is not None and problem.word in PASSING:
        return Fix(problem.fix.text, commands=(look,))
    return Fix(
        (problem.fix.text if problem else "Mend what Traefik's log names.") + " Then start autohttps again.",
        commands=(look, hub.kubectl(f"rollout restart deploy/{autohttps.name}")),
        caution="The restart cuts all users off for some seconds, and is an attempt that counts.",
    )
