"""Let's Encrypt gives no certificate."""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta

from jhubdoctor import Deployment, Finding, Fix, Hub, Pod, Severity, Values, check, clean
from jhubdoctor_checks.facts.network import ServedCertificate
from jhubdoctor_checks.network._certificates import all_of

PATIENCE = timedelta(minutes=10)
# Traefik 2 (`level=error msg="Unable to obtain ... \"host\": ...`) and 3 (`ERR Unable to obtain ... error="...`),
# traefik/traefik#7239, #10788, jupyterhub/zero-to-jupyterhub-k8s#2818; the problem types are those of RFC 8555, 6.7.
FAILED = re.compile(r"Unable to obtain ACME certificate for domains?(?P<rest>.*)", re.DOTALL)
PROBLEM = re.compile(r"urn:ietf:params:acme:error:(\w+)(?:\s*::\s*(.{1,200}?))?(?:\\n|\\?\"|\n|, url:|$)")


@dataclass(frozen=True)
class Problem:
    """What a problem type of ACME says and asks for."""

    says: str
    fix: str


PROBLEMS = {
    "dns": Problem(
        "the host's name cannot be looked up",
        "Make a DNS record for the host that points to the address of proxy-public.",
    ),
    "connection": Problem(
        "port 80 of the host cannot be reached",
        "Let port 80 of the host reach proxy-public: firewalls, loadBalancerSourceRanges, the host's DNS record.",
    ),
    "unauthorized": Problem(
        "something else answers under the host's name",
        "Point the host's DNS record to proxy-public; another server, or an Ingress in front, answers the challenge.",
    ),
    "rateLimited": Problem(
        "the limit of certificates or failed attempts is used up",
        "Wait as long as the message says, and try with the staging server meanwhile.",
    ),
    "rejectedIdentifier": Problem(
        "no certificate is issued for such a name",
        "Set a public host name: not an IP, not a name of the cluster or the cloud.",
    ),
    "caa": Problem("the domain's CAA record forbids it", "Allow letsencrypt.org in the domain's CAA record."),
    "tls": Problem(
        "port 443 of the host does not answer the challenge", "Let port 443 of the host reach proxy-public."
    ),
    "invalidContact": Problem(
        "the e-mail address is not accepted", "Set proxy.https.letsencrypt.contactEmail to a real one."
    ),
}
PROBLEMS["invalidEmail"] = PROBLEMS["unsupportedContact"] = PROBLEMS["invalidContact"]
STAGING = "https://acme-staging-v02.api.letsencrypt.org/directory"


@check(severity=Severity.ERROR)
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
    last = _last_failure(traefik_log)
    waited = min((now - p.created for p in autohttps_pods), default=timedelta(0))
    if last is None and (held or waited < PATIENCE):
        return
    word, detail = last or ("", "")
    known = PROBLEMS.get(word)
    hosts = ", ".join(clean(str(h), 80) for h in (values.items("proxy.https.hosts") if values else [])[:3])
    name = clean(kept.name, 80) if kept is not None else ""
    evidence = [("secret", f"{name}: {'holds no certificate that lasts' if held else 'holds no certificate'}")]
    if last is not None:
        evidence.append(("traefik log", f"acme:error:{word or '?'}: {clean(detail, 250)}"))
    else:
        minutes = int(waited.total_seconds() // 60)
        evidence.append(("pod", f"autohttps runs for {minutes} minutes, and its log tells of no attempt that failed"))
    if hosts:
        evidence.append(("values", f"proxy.https.hosts: {hosts}"))
    limited = word == "rateLimited"
    yield Finding(
        on=(autohttps.ref,),
        says="Let's Encrypt gives no certificate"
        + (f" for {hosts}" if hosts else "")
        + (f": {known.says}" if known else ""),
        evidence=tuple(evidence),
        fix=Fix(
            (known.fix if known else "Read Traefik's log.") + " Then start autohttps again.",
            values={"proxy": {"https": {"letsencrypt": {"acmeServer": STAGING}}}} if limited else {},
            commands=(
                hub.kubectl(f"logs deploy/{autohttps.name} --container traefik --tail 100"),
                hub.kubectl(f"rollout restart deploy/{autohttps.name}"),
            ),
            caution="The restart cuts all users off for some seconds."
            + (" Certificates of the staging server are not trusted by browsers." if limited else ""),
        ),
        severity=Severity.WARNING if last is None else None,
        cause=word,
        affects=tuple(p.ref for p in autohttps_pods),
    )


def _last_failure(lines: list[str]) -> tuple[str, str] | None:
    """Problem type and text of the last failed attempt; a message may be wrapped over some lines."""
    for i in range(len(lines) - 1, -1, -1):
        found = (
            FAILED.search("\n".join([lines[i], *lines[i + 1 : i + 4]])) if "Unable to obtain ACME" in lines[i] else None
        )
        if found:
            problem = PROBLEM.search(found["rest"])
            return (problem[1], problem[2] or "") if problem else ("", found["rest"][:300])
    return None
