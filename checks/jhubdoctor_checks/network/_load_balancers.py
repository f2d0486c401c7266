"""What controllers of load balancers write into events, by cause."""

import re
from dataclasses import dataclass

from jhubdoctor import Event, Events, Service

FAILED = (
    "SyncLoadBalancerFailed",  # the service controller of clouds, Kubernetes 1.16 and later
    "CreatingLoadBalancerFailed",  # the same before 1.16
    "AllocationFailed",  # MetalLB
    "FailedBuildModel",  # AWS Load Balancer Controller
    "FailedDeployModel",
    "LoadBalancerMixedProtocolNotSupported",
)
STARTED = ("EnsuringLoadBalancer", "Type", "UpdatedLoadBalancer")


@dataclass(frozen=True)
class Refusal:
    """Why a controller gives no address: the word for it, the fragment that tells, and what to do."""

    cause: str
    pattern: re.Pattern[str]
    says: str
    fix: str


# First match wins. Sources: kserve/kserve#2179 (AWS), chanzuckerberg/happy#637 (AWS subnets), metallb/metallb#2553 and
# #2891 (MetalLB, also after its change of 2025-12), kubernetes/cloud-provider-gcp (loadBalancerIP).
REFUSALS = (
    Refusal(
        "quota",
        re.compile(r"(?i)toomanyloadbalancers|quota|limit ?exceeded|exceeded.{0,20}limit"),
        "the cloud account's quota for load balancers or addresses is used up",
        "Delete load balancers or addresses that nobody uses, or have the quota raised.",
    ),
    Refusal(
        "subnets",
        re.compile(
            r"(?i)could not find any suitable subnets|unable to resolve at least one subnet|subnet.{0,40}not found"
        ),
        "no subnet is marked for load balancers",
        "Tag the subnets (kubernetes.io/role/elb for public, kubernetes.io/role/internal-elb for internal ones).",
    ),
    Refusal(
        "rights",
        re.compile(
            r"(?i)accessdenied|unauthorizedoperation|authorizationfailed|not authorized to perform"
            r"|permission.{0,20}denied"
        ),
        "the cluster's cloud identity may not create load balancers",
        "Give the cluster's cloud identity the right that the message names.",
    ),
    Refusal(
        "pool-exhausted",
        re.compile(r"(?i)no available ips|\"?<nil>\"?.{0,3} is not allowed in config"),
        "the address pool has no free address for it",
        "Add addresses to the pool, or free one.",
    ),
    Refusal(
        "address-not-usable",
        re.compile(
            r"(?i)is not allowed in config|requested (?:ip|address)|loadbalancerip|user supplied ip|"
            r"ip address.{0,40}(?:not found|does not exist|already|in use)|can't change sharing key"
        ),
        "the address that it asks for cannot be given to it",
        "Ask for an address that exists and is free, or for none (proxy.service.loadBalancerIP).",
    ),
)


def refusal(event: Event) -> Refusal | None:
    """The known cause that an event tells, None for an unknown one."""
    return next((r for r in REFUSALS if r.pattern.search(event.message)), None)


def failures(events: Events | None, service: Service) -> list[Event]:
    """The events that tell of a failure, newest first."""
    return events.about("Service", service.name, *FAILED) if events else []
