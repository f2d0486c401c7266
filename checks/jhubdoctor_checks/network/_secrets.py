"""What to do about the Secrets that certificates for the hub lie in."""

from dataclasses import replace

from jhubdoctor.api import Fix, Hub, clean
from jhubdoctor_checks.facts.issuing import Issue
from jhubdoctor_checks.facts.network import ServedCertificate
from jhubdoctor_checks.texts import Known, known
from jhubdoctor_checks.texts.acme import ISSUING, PROBLEMS


def why(issue: Issue | None) -> Known[None] | None:
    """What is known of the reason why cert-manager has not issued a certificate."""
    return known((*PROBLEMS, *ISSUING), issue.text) if issue is not None else None


def renewed(hub: Hub, c: ServedCertificate, issue: Issue | None = None) -> Fix:
    """Renew a certificate: see what should have done it, or put a new one into its Secret."""
    deploy = f"deploy/{c.by.name}"
    restart = hub.kubectl(f"rollout restart {deploy}")
    caution = "The restart cuts all users off for some seconds; their servers keep running."
    if c.key == "acme.json":
        # no restart to paste: each is an attempt, which a rate limit counts
        return Fix(
            "Traefik should have renewed it: see in its log why it did not, and mend that. After `rateLimited` wait as "
            f"long as the message says. Only then start it again: `{restart}`.",
            commands=(hub.kubectl(f"logs {deploy} --container traefik --tail 100"),),
            caution=caution,
        )
    if c.renewed:
        return _by_cert_manager(hub, issue, "cert-manager should have renewed it: see what holds it up.")
    # the proxy reads its files when it starts; controllers of Ingresses see the change by themselves
    restarts = c.by.kind == "Deployment"
    return Fix(
        "Put a new certificate and its key into the Secret.",
        commands=(_put(hub, c), restart if restarts else ""),
        caution=caution if restarts else "",
    )


def for_its_hosts(hub: Hub, c: ServedCertificate) -> Fix:
    """Renew it for the hosts that it is served for."""
    fix = renewed(hub, c)
    if c.renewed:
        return replace(fix, text="Have cert-manager issue it for this host: its Certificate names others.")
    other = "or correct the host (values ingress.hosts, ingress.tls), which is then the address for all users."
    return replace(fix, text=f"Have a certificate issued for this host, and put it into the Secret, as shown; {other}")


def made(hub: Hub, c: ServedCertificate, issue: Issue | None = None) -> Fix:
    """Make a Secret that is missing, or holds no certificate."""
    if c.renewed:
        return _by_cert_manager(hub, issue, "See why cert-manager has not issued it.")
    if c.secret is not None:
        return Fix("Put the certificate and its key into the Secret.", commands=(_put(hub, c),))
    make = _tls(c) if c.key == "tls.crt" and c.private == "tls.key" else _generic(c)
    return Fix("Make the Secret from the certificate and its key.", commands=(hub.kubectl(f"create secret {make}"),))


def _put(hub: Hub, c: ServedCertificate) -> str:
    """The command that writes a certificate into a Secret that is there, and whose type cannot be changed."""
    make = _tls(c) if c.secret is not None and c.secret.type == "kubernetes.io/tls" else _generic(c)
    return (
        f"{hub.kubectl(f'create secret {make} --dry-run=client --output yaml')} | {hub.kubectl('apply --filename -')}"
    )


def _by_cert_manager(hub: Hub, issue: Issue | None, text: str) -> Fix:
    row = why(issue)
    return Fix(
        row.fix.text if row is not None else text,
        commands=(hub.kubectl("describe certificates,certificaterequests,orders,challenges"),),
    )


def _tls(c: ServedCertificate) -> str:
    return f"tls {clean(c.name, 80)} --cert=fullchain.pem --key=privkey.pem"


def _generic(c: ServedCertificate) -> str:
    return f"generic {clean(c.name, 80)} --from-file={c.key}=fullchain.pem --from-file={c.private}=privkey.pem"
