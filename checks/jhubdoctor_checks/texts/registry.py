"""What kubelets, runtimes and registries say where an image cannot be pulled.

Texts are of containerd 1.4 to 2.1, dockershim (kubelet up to 1.23), CRI-O, Go's net and crypto/x509 packages, the OCI
distribution specification's error codes and the large registries. They are matched by their smallest stable part:
events cut them ("connection reset by p"), and every layer wraps them anew.
"""

from jhubdoctor.api import Fix
from jhubdoctor_checks.texts import Known

_KUBELET = "kubelet 1.20 to 1.36: pkg/kubelet/images"
_RUNTIME = "containerd 1.4 to 2.1, dockershim, CRI-O"
_GO = "Go: net, crypto/x509, crypto/tls"
_REGISTRY = "OCI distribution specification, error codes; Docker Hub, ECR, GCR, ACR"
# After "IMAGE cannot be pulled: ..."; `host` is the registry, `nodes` where. The first that matches wins.
PULLS: tuple[Known[None], ...] = (
    Known(
        "never",
        r"(?i)not present with pull policy of Never",
        "its pull policy is Never and the node does not have it",
        Fix("Set the pull policy to IfNotPresent, or put the image on {nodes}."),
        _KUBELET,
    ),
    Known(
        "invalid-name",
        r"(?i)invalid reference format|couldn't parse image|failed to apply default image tag",
        "this is not the name of an image",
        Fix("Write the name without its tag, and the tag as text in quotes (an unquoted 3.10 becomes 3.1)."),
        _KUBELET,
    ),
    Known(
        "signature",
        r"(?i)SignatureValidationFailed",
        "its signature does not pass the policy of the node",
        Fix("Sign the image as the nodes' policy asks, or use one that is signed."),
        _KUBELET,
    ),
    Known(
        "kubelet-limit",
        r"(?i)pull QPS exceeded",
        "the kubelet's own limit of pulls per second is reached",
        Fix("This passes by itself. Raise registryPullQPS of the kubelet where many images start at once."),
        _KUBELET,
    ),
    Known(
        "rate-limit",
        r"(?i)toomanyrequests|too many requests|\b429\b|pull rate limit|rate exceeded",
        "{host} has had too many pulls from these nodes",
        Fix("Sign in to {host} with a pull secret, or use a registry or mirror without this limit."),
        _REGISTRY,
    ),
    Known(
        "disk-full",
        r"(?i)no space left on device|disk quota exceeded",
        "the disk of the node is full",
        Fix("Free the disk of {nodes}, or use nodes with a larger disk."),
        _RUNTIME,
    ),
    Known(
        "dns",
        r"(?i)no such host|server misbehaving|temporary failure in name resolution|\blookup [^ ]+ on [^ ]+: ",
        "{nodes} cannot resolve the name {host}",
        Fix("Repair name resolution on {nodes} themselves: pods' DNS plays no part in pulls."),
        _GO,
    ),
    Known(
        "certificate",
        r"(?i)x509:|certificate (?:signed by|has expired|is not valid)|HTTP response to HTTPS client"
        r"|tls: (?!.*timeout)",
        "no trusted TLS connection to {host} can be made",
        Fix(
            "Install the registry's CA for the container runtime of {nodes} (containerd: /etc/containerd/certs.d), or"
            " correct the certificate of {host}."
        ),
        _GO,
    ),
    Known(
        "connection-reset",
        r"(?i)connection reset|broken pipe|\bEOF\b|use of closed network connection",
        "the connection to {host} is cut (connection reset)",
        Fix(
            "Let {nodes} reach {host}: look for a firewall, proxy or filter between them; or copy the image to a"
            " registry that they do reach."
        ),
        _GO,
    ),
    Known(
        "timeout",
        r"(?i)i/o timeout|TLS handshake timeout|deadline ?exceeded|client\.timeout|request canceled"
        r"|connection timed out|context canceled",
        "{host} does not answer in time",
        Fix(
            "Let {nodes} reach {host} on port 443 (firewall, NAT, proxy), or copy the image to a registry that they do"
            " reach."
        ),
        _GO,
    ),
    Known(
        "unreachable",
        r"(?i)connection refused|no route to host|network is unreachable|proxyconnect",
        "{nodes} cannot connect to {host}",
        Fix(
            "Let {nodes} reach {host} on port 443 (firewall, route, proxy), or copy the image to a registry that they"
            " do reach."
        ),
        _GO,
    ),
    Known(
        "registry-error",
        r"(?i)unexpected (?:HTTP )?status[^:]*: 5\d\d|\b50[0234] (?:internal|bad gateway|service|gateway)"
        r"|received unexpected HTTP status",
        "{host} answers with an error of its own",
        Fix("Wait for {host} to recover (its status page tells), or copy the image to another registry."),
        _REGISTRY,
    ),
    Known(
        "wrong-architecture",
        r"(?i)no match for platform|no matching manifest for|does not match the specified platform"
        r"|cannot be used on this platform|no image found in .*index for",
        "it is not made for the processor of the node",
        Fix("Use an image that is built for this architecture too, or keep these pods on nodes of the other one."),
        _RUNTIME,
    ),
    Known(
        "refused",
        r"(?i)unauthorized|authentication required|authorization failed|\b401\b|\b403\b|forbidden|access denied"
        r"|access to the resource is denied|denied:|no basic auth credentials|failed to fetch (?:anonymous|oauth) token"
        r"|insufficient_scope|permission.{0,40} denied",
        "{host} refuses it: it is private, or there is no such repository",
        Fix("Correct the name, or give the nodes a pull secret for {host}."),
        _REGISTRY,
    ),
    Known(
        "not-found",
        r"(?i)manifest unknown|not found|name[ _]unknown|does not exist|\b404\b",
        "there is no such image or tag",
        Fix("Correct the name and tag; a tag that looks like a number must stand in quotes."),
        _REGISTRY,
    ),
    Known(
        "unpack",
        r"(?i)failed to (?:register|extract) layer|failed to unpack|error processing tar|failed commit on ref",
        "it was fetched and cannot be unpacked",
        Fix(
            "Look at the container runtime of {nodes}: its storage may be damaged."
            " Draining and replacing a node is quickest."
        ),
        _RUNTIME,
    ),
)
OTHER: Known[None] = Known(
    "unknown", "", "the kubelet gives a reason that is not known here", Fix("See what the kubelet says below."), ""
)
