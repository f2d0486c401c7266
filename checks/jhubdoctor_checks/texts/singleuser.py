"""What a user's server logs that runs and does not answer, or does not reach the hub."""

from __future__ import annotations

from jhubdoctor.api import Fix
from jhubdoctor_checks.texts import Known

_FETCH = "jupyterhub-singleuser of JupyterHub 4.1 to 6.1 over tornado and aiohttp, against a hub that is not there"
_POLICIES = "kubectl --namespace {ns} get networkpolicies"
_SERVER = "Jupyter Server 2, by its own list of addresses"

# The first row that any of its lines matches tells most.
SILENCES: tuple[Known[None], ...] = (
    Known(
        "not-singleuser",
        r"jupyterhub-singleuser\S*: (?:command )?not found|exec: \"?jupyterhub-singleuser"
        r"|No such file or directory: '?jupyterhub-singleuser|No module named '?jupyterhub'?",
        "its image has no jupyterhub-singleuser",
        Fix("Install the hub's version of jupyterhub in the image, or set singleuser.cmd to what starts its server."),
        "sh, Python",
    ),
    Known(
        "plain-server",
        r"App\] https?://[^/\s]+/(?:lab|tree|notebooks)?(?:\?\S*)?$",
        "it is a plain Jupyter server, which answers at / and not at its user's path",
        Fix("Let singleuser.cmd be jupyterhub-singleuser; the image's start script must not start jupyter lab itself."),
        _SERVER,
    ),
    Known(
        "loopback",
        r"App\] https?://(?:127\.0\.0\.1|localhost|\[::1\]):\d+/",
        "it listens on its own loopback address alone",
        Fix(
            "Let it listen on all addresses: something in the image or in singleuser.cmd sets ServerApp.ip (or --ip) "
            "to 127.0.0.1 or localhost."
        ),
        _SERVER,
    ),
    Known(
        "address-family",
        r"Address family not supported|EAFNOSUPPORT|Errno 97\]|Cannot assign requested address",
        "it cannot use an address of the family that it is told to",
        Fix(
            "Where its node has no IPv6, let it listen on 0.0.0.0 (`--ServerApp.ip=0.0.0.0` in singleuser.cmd); where "
            "the cluster has IPv6 alone, on `::`."
        ),
        "Linux: errno 97 and 99",
    ),
    Known(
        "hub-name",
        r"Domain name not found|gaierror|Name or service not known|Temporary failure in name resolution"
        r"|Could not resolve host",
        "it cannot resolve the hub's name",
        Fix(
            "See that the cluster's DNS answers, and that NetworkPolicies let users' servers ask it.",
            commands=("kubectl --namespace kube-system get pods --selector k8s-app=kube-dns", _POLICIES),
        ),
        _FETCH,
    ),
    Known(
        "hub-refused",
        r"(?:Failed to connect to my Hub|notifying Hub of activity).*(?:refused|Errno 111)|ConnectionRefusedError"
        r"|Connection refused",
        "the hub's port refuses it",
        Fix(
            "See that the hub runs, that its Service leads to it, and that no NetworkPolicy refuses the way.",
            commands=("kubectl --namespace {ns} get endpointslices --selector kubernetes.io/service-name={hub}",),
        ),
        _FETCH,
    ),
    Known(
        "hub-path",
        r"ClientResponseError: 404, message|HTTPClientError: HTTP 404|HTTPError: HTTP 404",
        "the hub answers 404 at the address that it was given",
        Fix(
            "hub.baseUrl was changed while it ran, or JUPYTERHUB_API_URL is set by hand: stop it and start it again, "
            "and take the variable out of singleuser.extraEnv."
        ),
        _FETCH,
    ),
    Known(
        "hub-token",
        r"ClientResponseError: 403, message|HTTPClientError: HTTP 403|HTTPError: HTTP 403",
        "the hub does not take its token",
        Fix("The hub does not know this server any more: let its user stop it and start it again."),
        _FETCH,
    ),
    Known(
        "hub-no-way",
        r"Connect call failed|Connection timeout to host|No route to host|Network is unreachable"
        r"|(?:Timeout|timed out) (?:while|during) connecting|HTTP 599",
        "it gets no answer from the hub's address",
        Fix(
            "See that NetworkPolicies and the network plugin let users' servers reach the hub on port 8081: the label "
            "hub.jupyter.org/network-access-hub, and singleuser.networkPolicy.egress.",
            commands=(_POLICIES,),
        ),
        _FETCH,
    ),
    Known(
        "hub-unreachable",
        r"Failed to connect to my Hub at \S+|Failed to notify Hub of activity|Error notifying Hub of activity",
        "it does not reach the hub's API",
        Fix(
            "See that the pod may reach the hub on port 8081: its label hub.jupyter.org/network-access-hub, "
            "NetworkPolicies and DNS.",
            commands=(_POLICIES,),
        ),
        _FETCH,
    ),
    Known(
        "permission",
        r"PermissionError: \[Errno 13\]",
        "it has no permission for a file that it needs",
        Fix("See in its log which file it is, and give that to the server's user."),
        "Python: OSError",
    ),
    Known(
        "disk-full",
        r"No space left on device|Disk quota exceeded",
        "a volume of it is full",
        Fix("Make the volume larger, or have the user delete something."),
        "Python: OSError",
    ),
)
