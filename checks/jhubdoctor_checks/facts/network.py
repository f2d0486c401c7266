"""Facts about the ways into the hub: certificates, the ACME client, the cluster's DNS and API endpoints."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime

from jhubdoctor.api import (
    Deployment,
    EndpointSlice,
    Gateway,
    HTTPRoute,
    Hub,
    Ingress,
    IngressClass,
    Look,
    NotApplicable,
    Pod,
    Ref,
    Secret,
    Service,
    fact,
)
from jhubdoctor_checks.facts.routes import leading_to

FORMER_CLASS = "kubernetes.io/ingress.class"
"""The annotation that named the class of an Ingress before it had a field for it."""
ACME_SECRET = "proxy-public-tls-acme"  # noqa: S105  - the name of an object
ACME_KEY = "acme.json"


@dataclass(frozen=True)
class ServedCertificate:
    """A Secret with a certificate, and what serves it.

    Attributes:
        name: of the Secret.
        by: the Ingress or the Deployment that serves it.
        since: when that was made.
        hosts: for which hosts, empty where that is not said.
        key: of the Secret, that holds the certificate.
        private: of the Secret, that holds its key; empty where both are in one.
        secret: the Secret, its credentials taken out; None where there is none of this name.
        renewed: whether something in the cluster renews it (Traefik, cert-manager).
    """

    name: str
    by: Ref
    since: datetime
    hosts: tuple[str, ...] = ()
    key: str = "tls.crt"
    private: str = "tls.key"
    secret: Secret | None = None
    renewed: bool = False

    @property
    def ref(self) -> Ref:
        """A reference to the Secret, also where it is missing."""
        return Ref("Secret", self.name, self.by.namespace, "v1", stable=f"Secret/{self.name}")


@fact()
def public_services(services: list[Service]) -> list[Service]:
    """The Services that users come in by: one, unless a release is being renamed."""
    return [s for s in services if s.component == "proxy-public"]


@fact()
def hub_ingresses(ingresses: list[Ingress], public_services: list[Service]) -> list[Ingress]:
    """The Ingresses that send to this hub."""
    found = {i.name: i for s in public_services for i in leading_to(s, ingresses) if isinstance(i, Ingress)}
    return [found[name] for name in sorted(found)]


@fact("ingressclasses")
def hub_ingress_classes(look: Look, hub_ingresses: list[Ingress]) -> list[IngressClass]:
    """All IngressClasses, where an Ingress leads to the hub."""
    if not hub_ingresses:
        raise NotApplicable("no Ingress leads to the hub")
    found: list[IngressClass] = look.list("ingressclasses")
    return found


@fact()
def hub_routes(http_routes: list[HTTPRoute], public_services: list[Service]) -> list[HTTPRoute]:
    """The HTTPRoutes that send to this hub."""
    found = {r.name: r for s in public_services for r in leading_to(s, http_routes) if isinstance(r, HTTPRoute)}
    return [found[name] for name in sorted(found)]


@fact("gateways")
def hub_gateways(look: Look, hub_routes: list[HTTPRoute]) -> list[Gateway]:
    """The Gateways that the HTTPRoutes that send to this hub name, and that there are."""
    named = sorted({(p.namespace or r.namespace, p.name) for r in hub_routes for p in r.spec.parent_refs})
    found = [look.get("gateways", name, namespace) for namespace, name in named]
    return [g for g in found if g is not None]


@fact()
def autohttps(deployments: list[Deployment]) -> Deployment:
    """The Deployment that gets certificates by ACME. Not applicable where TLS ends elsewhere."""
    for d in deployments:
        if d.component == "autohttps":
            return d
    raise NotApplicable("the hub has no autohttps (proxy.https.type is not letsencrypt)")


def acme_secret_name(autohttps: Deployment) -> str:
    """The Secret that its sidecar keeps acme.json in: the argument before the key."""
    for c in (*autohttps.spec.template.spec.containers, *autohttps.spec.template.spec.init_containers):
        if ACME_KEY in c.args[1:]:
            return c.args[c.args.index(ACME_KEY, 1) - 1]
    return ACME_SECRET


@fact("secrets")
def certificates(
    look: Look, hub: Hub, hub_ingresses: list[Ingress], deployments: list[Deployment]
) -> list[ServedCertificate]:
    """The certificates that users of the hub get to see, each with what serves it."""

    def get(name: str) -> Secret | None:
        found: Secret | None = look.get("secrets", name, hub.namespace)
        return found

    found: list[ServedCertificate] = []
    for i in hub_ingresses:
        issued = any(k.startswith("cert-manager.io/") for k in i.annotations)
        for tls in i.spec.tls:
            if tls.secret_name:
                secret = get(tls.secret_name)
                renewed = issued or _managed(secret)
                found.append(
                    ServedCertificate(
                        tls.secret_name, i.ref, i.created, tuple(tls.hosts), secret=secret, renewed=renewed
                    )
                )
    for d in deployments:
        if d.component == "proxy":
            key, private = _files(d)
            for name in (v.secret.secret_name for v in d.spec.template.spec.volumes if v.secret):
                secret = get(name)
                found.append(ServedCertificate(name, d.ref, d.created, (), key, private, secret, _managed(secret)))
        elif d.component == "autohttps":
            name = acme_secret_name(d)
            found.append(ServedCertificate(name, d.ref, d.created, (), ACME_KEY, "", get(name), renewed=True))
    return found


def _managed(secret: Secret | None) -> bool:
    marks = (*secret.annotations, *secret.labels) if secret is not None else ()
    return any(m.startswith(("cert-manager.io/", "controller.cert-manager.io/")) for m in marks)


def _files(proxy: Deployment) -> tuple[str, str]:
    """The names of certificate and key, from the proxy's command line."""
    found = {"--ssl-cert": "tls.crt", "--ssl-key": "tls.key"}
    for c in proxy.spec.template.spec.containers:
        for argument in (*c.command, *c.args):
            option, _, path = argument.partition("=")
            if option in found and path:
                found[option] = path.rpartition("/")[2]
    return found["--ssl-cert"], found["--ssl-key"]


@fact()
def autohttps_pods(pods: list[Pod]) -> list[Pod]:
    """The pods of autohttps, newest first."""
    return sorted((p for p in pods if p.component == "autohttps"), key=lambda p: p.created, reverse=True)


@fact("pods/log")
def traefik_log(look: Look, autohttps: Deployment, autohttps_pods: list[Pod]) -> list[str]:
    """The lines that Traefik logged in the newest pod of autohttps."""
    for pod in autohttps_pods[:1]:
        if pod.node and pod.container("traefik"):
            return [line for line in look.log(pod, "traefik").splitlines() if line.strip()]
    raise NotApplicable(f"{autohttps.name} has no pod that has started")


@dataclass(frozen=True)
class ClusterDNS:
    """What answers for names in the cluster.

    Attributes:
        addresses: where it is ready to answer.
        pods: those that do it.
        local: where NodeLocal DNSCache answers on each node, empty where it does not run.
    """

    addresses: tuple[str, ...] = ()
    pods: tuple[Pod, ...] = field(default=())
    local: tuple[str, ...] = ()


# k3s: pkg/cloudprovider/servicelb.go. Its pods hold the ports of a LoadBalancer on each node: in kube-system since
# 1.24, before in the namespace of the Service.
LB_SERVICE, LB_NAMESPACE = "svccontroller.k3s.cattle.io/svcname", "svccontroller.k3s.cattle.io/svcnamespace"


@fact("pods")
def service_lb_pods(look: Look, hub: Hub, services: list[Service]) -> list[Pod]:
    """The pods by which k3s serves LoadBalancers, of all Services; none where no Service of this hub waits for one."""
    if not any(s.spec.type == "LoadBalancer" and not s.status.load_balancer.ingress for s in services):
        return []
    found: list[Pod] = look.list("pods", "kube-system", labels=LB_SERVICE)
    return found + [p for p in look.list("pods", hub.namespace) if LB_SERVICE in p.labels]


NODE_LOCAL = "169.254.20.10"
"""Where NodeLocal DNSCache listens (cluster/addons/dns/nodelocaldns); its pods use the network of their nodes."""


@fact("pods", "endpointslices")
def cluster_dns(look: Look) -> ClusterDNS:
    """The DNS of the cluster where it runs as kube-dns or CoreDNS in kube-system, as with most."""
    found: list[Pod] = look.list("pods", "kube-system", labels="k8s-app=kube-dns")
    if found:
        ready = tuple(sorted({p.status.pod_ip for p in found if p.ready and p.status.pod_ip}))
        cached = bool(look.list("pods", "kube-system", labels="k8s-app=node-local-dns"))
        return ClusterDNS(ready, tuple(found), (NODE_LOCAL,) if cached else ())
    slices = look.list("endpointslices", "kube-system", labels="kubernetes.io/service-name=kube-dns")
    if not slices:
        raise NotApplicable("there is no kube-dns in kube-system; another DNS serves this cluster")
    return ClusterDNS(tuple(sorted({a for s in slices for a in ready_addresses(s)})), ())


def ready_addresses(slice_: EndpointSlice) -> list[str]:
    """The addresses of a slice that take traffic; an unset condition counts as ready (the API's rule)."""
    return [a for e in slice_.endpoints if e.conditions.ready is not False for a in e.addresses]


@fact("endpointslices")
def api_slices(look: Look) -> list[EndpointSlice]:
    """Where the API server itself answers: the slices of the Service default/kubernetes."""
    found: list[EndpointSlice] = look.list("endpointslices", "default", labels="kubernetes.io/service-name=kubernetes")
    return found
