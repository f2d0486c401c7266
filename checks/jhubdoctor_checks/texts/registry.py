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
        "short-name",
        r"(?i)short-name|short name mode|unqualified-search",
        "its name has no registry, and the container runtime of {nodes} asks for one",
        Fix("Write the registry before the name (docker.io/, quay.io/)."),
        "CRI-O, containers/image: pkg/shortnames",
    ),
    Known(
        "schema-1",
        r"(?i)schema ?1\b|manifest\.v1\+",
        "it is of the old format schema 1, which the container runtime of {nodes} no longer takes",
        Fix(
            "Build it again, or pull it with an older Docker and push it once more; containerd 2.1 took the format out."
        ),
        "containerd 2.0, 2.1: core/remotes/docker/schema1",
    ),
    Known(
        "runtime-down",
        r"(?:containerd|crio|docker|dockershim|cri-dockerd)\.sock.{0,40}(?:refused|no such file|deadline|reset|EOF)",
        "the container runtime of {nodes} does not answer",
        Fix("Restart the container runtime on {nodes}, and see in its log why it ended."),
        "kubelet 1.20 to 1.36: pkg/kubelet/cri",
    ),
    # Go gives what a proxy answers to CONNECT without its number, and nothing else is told so
    Known(
        "proxy-login",
        r"(?i)proxy authentication required|\b407\b",
        "the HTTP proxy of {nodes} wants a login",
        Fix(
            "Give the container runtime of {nodes} a user and password for the proxy (HTTPS_PROXY of its service), or "
            "let it go to {host} without it (NO_PROXY)."
        ),
        "Go: net/http/transport.go; moby/moby#40507",
    ),
    Known(
        "proxy-unknown",
        r"(?i)proxyconnect tcp: dial tcp: lookup",
        "{nodes} cannot resolve the name of their HTTP proxy",
        Fix("Correct HTTPS_PROXY of the container runtime's service on {nodes}, or the DNS that they use."),
        "Go: net/http/transport.go",
    ),
    Known(
        "proxy-unreachable",
        r"(?i)proxyconnect",
        "{nodes} do not get through to their HTTP proxy",
        Fix("Correct HTTPS_PROXY of the container runtime's service on {nodes}, or see whether that proxy runs."),
        "Go: net/http/transport.go",
    ),
    Known(
        "proxy-refuses",
        r'(?:Head|Get|Post) (?:\\?"?https?://[^\s"\\]+\\?"?|NAME): (?!EOF\b)'
        r"[A-Z][a-z]+(?:[ -][A-Z][a-z]+){0,3}\W*(?:$|\s)",
        "an HTTP proxy between {nodes} and {host} refuses the connection",
        Fix("Have the proxy or firewall let {nodes} through to {host}, or use a registry that it lets through."),
        "Go: net/http/transport.go; moby/moby#40507",
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
        Fix(
            "Sign in to {host} with a pull secret, as shown; or use a mirror without this limit, which renames the "
            "images."
        ),
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
        "read-only",
        r"(?i)read-only file system",
        "the container runtime of {nodes} has its storage on a file system that is read-only",
        Fix(
            "See on {nodes} why (dmesg): the kernel does that to a disk with errors, and some systems do it by design."
        ),
        _RUNTIME,
    ),
    Known(
        "too-many-layers",
        r"(?i)max depth exceeded",
        "it has more layers than the container runtime takes",
        Fix("Build it with fewer layers (127 are the most with overlay), or squash them."),
        "moby/moby: layer/layer_store.go",
    ),
    Known(
        "owner",
        r"(?i)\blchown\b|insufficient UIDs or GIDs",
        "{nodes} cannot give its files to their owners",
        Fix(
            "Rootless runtimes and nested ones have few user numbers: give them more (/etc/subuid), build the image "
            "with small ones, or keep the runtime's storage on a disk that allows chown."
        ),
        "containers/storage: pkg/idtools; containerd: archive/tar_unix.go",
    ),
    Known(
        "dns",
        r"(?i)no such host|server misbehaving|temporary failure in name resolution|\blookup [^ ]+ on [^ ]+: ",
        "{nodes} cannot resolve the name {host}",
        Fix("Repair name resolution on {nodes} themselves: pods' DNS plays no part in pulls."),
        _GO,
    ),
    Known(
        "certificate-authority",
        r"(?i)certificate signed by unknown authority",
        "{nodes} do not know who signed the certificate of {host}",
        Fix(
            "Install the CA that signed it for the container runtime of {nodes} (containerd: /etc/containerd/certs.d). "
            "Of a public registry it is that of a proxy in between."
        ),
        _GO,
    ),
    Known(
        "certificate-time",
        r"(?i)certificate has expired|is not yet valid",
        "the certificate of {host} has expired, or the clock of {nodes} is wrong",
        Fix("Compare the clock of {nodes} with the times in the message; then renew the certificate of {host}."),
        _GO,
    ),
    Known(
        "certificate-host",
        r"(?i)certificate is (?:not )?valid for|doesn't contain any IP SANs|relies on legacy Common Name",
        "the certificate that answers as {host} is for another name",
        Fix(
            "See on {nodes} which address {host} has: a proxy, a filter or a wrong DNS record answers in its place. A "
            "registry of your own needs a certificate with that name."
        ),
        _GO,
    ),
    Known(
        "plain-http",
        r"(?i)HTTP response to HTTPS client",
        "{host} speaks HTTP without TLS",
        Fix("Let {host} speak TLS, or make it a plain HTTP registry for the container runtime of {nodes}."),
        _GO,
    ),
    Known(
        "certificate",
        r"(?i)x509:|\btls: (?!.*timeout)",
        "no TLS connection to {host} can be made ({last})",
        Fix("See what the end of the message says of the certificate or of the protocol."),
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
        r"(?i)connection refused|no route to host|network is unreachable",
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
        "it is not made for the processor, or the system, of the node",
        Fix("Use an image that is built for it too, or keep these pods on nodes of the other kind (a nodeSelector)."),
        _RUNTIME,
    ),
    Known(
        "token-expired",
        r"(?i)(?:token|credentials?)\W.{0,20}\bexpired|expired ?token|\breauthenticate\b",
        "the credentials of the pull secret for {host} have expired",
        Fix(
            "Make the pull secret anew. Some registries' tokens last for hours (ECR: 12): let the nodes' identity or a "
            "credential provider pull, or a CronJob renew the secret."
        ),
        "kubernetes/community#4003; ECR",
    ),
    Known(
        "refused",
        r"(?i)unauthorized|authentication required|authorization failed|\b401\b|access denied"
        r"|access to the resource is denied|denied:|no basic auth credentials|failed to fetch (?:anonymous|oauth) token"
        r"|insufficient_scope|permission.{0,40} denied",
        "{host} refuses it: it is private, or there is no such repository",
        Fix(
            "Give the nodes a pull secret for {host}, as shown; or correct the name: a registry says the same of both."
        ),
        _REGISTRY,
    ),
    Known(
        "forbidden",
        r"(?i)\b403\b|\bforbidden\b",
        "{host} forbids it",
        Fix(
            "See whether the image may be pulled with these credentials and from these addresses: registries and the "
            "firewalls before them answer so for both. Give the nodes a pull secret for {host} where they have none."
        ),
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
        "it was fetched and cannot be unpacked ({last})",
        Fix(
            "See whether the same image can be unpacked on another node: then the storage of {nodes} is the trouble, "
            "else the image."
        ),
        _RUNTIME,
    ),
)
OTHER: Known[None] = Known("unknown", "", "the node says: {last}", Fix("See the whole of what the node says."), "")
