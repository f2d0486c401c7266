"""What controllers of load balancers write into events."""

from jhubdoctor.api import Fix
from jhubdoctor_checks.texts import Known

# First match wins.
_AWS = "kserve/kserve#2179 (AWS)"
_SUBNETS = "chanzuckerberg/happy#637 (AWS subnets)"
_METALLB = "metallb/metallb#2553 and #2891 (MetalLB, also after its change of 2025-12)"
_GCP = "kubernetes/cloud-provider-gcp (loadBalancerIP); metallb/metallb#2553"
REFUSALS: tuple[Known[None], ...] = (
    Known(
        "quota",
        r"(?i)toomanyloadbalancers|quota|limit ?exceeded|exceeded.{0,20}limit",
        "the cloud account's quota for load balancers or addresses is used up",
        Fix("Delete load balancers or addresses that nobody uses, or have the quota raised."),
        _AWS,
    ),
    Known(
        "subnets",
        r"(?i)could not find any suitable subnets|unable to resolve at least one subnet|subnet.{0,40}not found",
        "no subnet is marked for load balancers",
        Fix("Tag the subnets (kubernetes.io/role/elb for public, kubernetes.io/role/internal-elb for internal ones)."),
        _SUBNETS,
    ),
    Known(
        "rights",
        r"(?i)accessdenied|unauthorizedoperation|authorizationfailed|not authorized to perform"
        r"|permission.{0,20}denied",
        "the cluster's cloud identity may not create load balancers",
        Fix("Give the cluster's cloud identity the right that the message names."),
        _AWS,
    ),
    Known(
        "pool-exhausted",
        r"(?i)no available ips|\"?<nil>\"?.{0,3} is not allowed in config",
        "the address pool has no free address for it",
        Fix("Add addresses to the pool, or free one."),
        _METALLB,
    ),
    Known(
        "ports-taken",
        r"didn't have free ports",
        "the ports that it asks for are taken on the nodes{by}",
        Fix(
            "k3s gives a port of a node to one LoadBalancer. Let users in by the Ingress controller that holds it "
            "(ingress.enabled, proxy.service.type: ClusterIP), or free it (k3s server --disable=traefik)."
        ),
        "k3s-io/k3s#1969, jupyterhub/zero-to-jupyterhub-k8s#2575",
    ),
    Known(
        "address-not-usable",
        r"(?i)is not allowed in config|requested (?:ip|address)|loadbalancerip|user supplied ip|"
        r"ip address.{0,40}(?:not found|does not exist|already|in use)|can't change sharing key",
        "the address that it asks for cannot be given to it",
        Fix("Ask for an address that exists and is free, or for none (proxy.service.loadBalancerIP)."),
        _GCP,
    ),
)
