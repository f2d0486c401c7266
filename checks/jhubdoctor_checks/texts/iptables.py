"""What iptables says in the init container block-cloud-metadata. It names its kind: `(legacy)` or `(nf_tables)`."""

from jhubdoctor.api import Fix
from jhubdoctor_checks.texts import Known

_OFF = (
    "The chart's NetworkPolicy blocks the cloud's metadata server too, where the cluster enforces it: leave the init "
    "container out."
)
# The first that matches wins; what is said follows "... fails: ".
BLOCKS: tuple[Known[None], ...] = (
    Known(
        "not-permitted",
        r"iptables.*(?:Permission denied|Operation not permitted)",
        "it may not change iptables on this node, or in its sandbox",
        Fix(_OFF),
        "iptables 1.8, legacy and nf_tables; gVisor, GKE Autopilot",
    ),
    Known(
        "no-legacy-tables",
        r"can't initialize iptables table [^:]*: (?:Table does not exist|.*insmod)",
        "the node's kernel has not loaded the tables of iptables",
        Fix(f"Load the modules ip_tables and iptable_filter on the nodes. {_OFF}"),
        "jupyterhub/zero-to-jupyterhub-k8s#3355",
    ),
    Known(
        "no-nftables",
        r"\(nf_tables\).*(?:RULE_APPEND failed|Could not fetch rule set)",
        "its iptables speaks nftables, and the node's kernel does not take its rules",
        Fix(f"Load the kernel's modules for nftables on the nodes. {_OFF}"),
        "jupyterhub/zero-to-jupyterhub-k8s#3368",
    ),
)
