"""Why a node cannot set up the network of a pod."""

import re

from jhubdoctor_checks._known import Known, known, table

# Fragments of network plugins (amazon-vpc-cni, Calico, Cilium, host-local, azure-cni) and of container runtimes.
SANDBOXES = table(
    (
        "addresses",
        (
            r"(?i)failed to assign an IP|no (?:more |available |free )?IPs? (?:addresses )?(?:available|left|addresses)"
            r"|no available IP|failed to allocate for range|InsufficientCidrBlocks|insufficient IP|IP pool .*exhausted"
        ),
        "there is no free IP address left on the node",
        "Give the nodes more addresses (larger subnets or pod ranges), or run fewer pods on each.",
    ),
    (
        "not-ready",
        r"(?i)plugin not initialized|network is not ready|no networks found|NetworkPluginNotReady",
        "the network plugin of the node does not run",
        "See the network plugin's pod on that node (in kube-system, mostly).",
    ),
    (
        "runtime-class",
        r"(?i)no runtime for|RuntimeHandler|runtime handler",
        "the node does not have the pod's runtime",
        "Correct the runtime class, or let users only on nodes that have it.",
    ),
)
OTHER = Known(
    "other",
    re.compile(""),
    "the node cannot set up the pod's network",
    "See what the event says, and the network plugin's log.",
)


def sandbox_of(message: str) -> Known:
    """The kind of a failure."""
    return known(SANDBOXES, message) or OTHER
