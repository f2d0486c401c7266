"""Why an image cannot be pulled: what kubelets, runtimes and registries say, as data."""

from __future__ import annotations

import re
from dataclasses import dataclass

from jhubdoctor_checks.facts.image import FailedPull


@dataclass(frozen=True)
class Cause:
    """One class of failure.

    Attributes:
        word: its stable name, a part of fingerprints.
        says: the end of "IMAGE cannot be pulled: ...".
        pattern: what the texts have in common; empty where the reason alone tells.
        reason: the reason of the container's status that tells it.
        fix: what to do, `{host}`, `{image}` and `{nodes}` filled in.
    """

    word: str
    says: str
    pattern: str = ""
    reason: str = ""
    fix: str = ""


# The first that matches wins. Texts are of containerd 1.4 to 2.1, dockershim (kubelet up to 1.23), CRI-O, Go's net and
# crypto/x509 packages, the OCI distribution specification's error codes and the large registries. They are matched by
# their smallest stable part: events cut them ("connection reset by p"), and every layer wraps them anew.
CAUSES: tuple[Cause, ...] = (
    Cause(
        "never",
        "its pull policy is Never and the node does not have it",
        reason="ErrImageNeverPull",
        pattern=r"not present with pull policy of Never",
        fix="Set the pull policy to IfNotPresent, or put the image on {nodes}.",
    ),
    Cause(
        "invalid-name",
        "this is not the name of an image",
        reason="InvalidImageName",
        pattern=r"invalid reference format|couldn't parse image|failed to apply default image tag",
        fix="Write the name without its tag, and the tag as text in quotes (an unquoted 3.10 becomes 3.1).",
    ),
    Cause(
        "signature",
        "its signature does not pass the policy of the node",
        reason="SignatureValidationFailed",
        fix="Sign the image as the nodes' policy asks, or use one that is signed.",
    ),
    Cause(
        "kubelet-limit",
        "the kubelet's own limit of pulls per second is reached",
        pattern=r"pull QPS exceeded",
        fix="This passes by itself. Raise registryPullQPS of the kubelet where many images start at once.",
    ),
    Cause(
        "rate-limit",
        "{host} has had too many pulls from these nodes",
        pattern=r"toomanyrequests|too many requests|\b429\b|pull rate limit|rate exceeded",
        fix="Sign in to {host} with a pull secret, or use a registry or mirror without this limit.",
    ),
    Cause(
        "disk-full",
        "the disk of the node is full",
        pattern=r"no space left on device|disk quota exceeded",
        fix="Free the disk of {nodes}, or use nodes with a larger disk.",
    ),
    Cause(
        "dns",
        "{nodes} cannot resolve the name {host}",
        pattern=r"no such host|server misbehaving|temporary failure in name resolution|\blookup [^ ]+ on [^ ]+: ",
        fix="Repair name resolution on {nodes} themselves: pods' DNS plays no part in pulls.",
    ),
    Cause(
        "certificate",
        "no trusted TLS connection to {host} can be made",
        pattern=r"x509:|certificate (?:signed by|has expired|is not valid)|HTTP response to HTTPS client"
        r"|tls: (?!.*timeout)",
        fix="Install the registry's CA for the container runtime of {nodes} (containerd: /etc/containerd/certs.d), or"
        " correct the certificate of {host}.",
    ),
    Cause(
        "connection-reset",
        "the connection to {host} is cut (connection reset)",
        pattern=r"connection reset|broken pipe|\bEOF\b|use of closed network connection",
        fix="Let {nodes} reach {host}: look for a firewall, proxy or filter between them; or copy the image to a"
        " registry that they do reach.",
    ),
    Cause(
        "timeout",
        "{host} does not answer in time",
        pattern=r"i/o timeout|TLS handshake timeout|deadline ?exceeded|client\.timeout|request canceled"
        r"|connection timed out|context canceled",
        fix="Let {nodes} reach {host} on port 443 (firewall, NAT, proxy), or copy the image to a registry that they do"
        " reach.",
    ),
    Cause(
        "unreachable",
        "{nodes} cannot connect to {host}",
        pattern=r"connection refused|no route to host|network is unreachable|proxyconnect",
        reason="RegistryUnavailable",
        fix="Let {nodes} reach {host} on port 443 (firewall, route, proxy), or copy the image to a registry that they"
        " do reach.",
    ),
    Cause(
        "registry-error",
        "{host} answers with an error of its own",
        pattern=r"unexpected (?:HTTP )?status[^:]*: 5\d\d|\b50[0234] (?:internal|bad gateway|service|gateway)"
        r"|received unexpected HTTP status",
        fix="Wait for {host} to recover (its status page tells), or copy the image to another registry.",
    ),
    Cause(
        "wrong-architecture",
        "it is not made for the processor of the node",
        pattern=r"no match for platform|no matching manifest for|does not match the specified platform"
        r"|cannot be used on this platform|no image found in .*index for",
        fix="Use an image that is built for this architecture too, or keep these pods on nodes of the other one.",
    ),
    Cause(
        "refused",
        "{host} refuses it: it is private, or there is no such repository",
        pattern=r"unauthorized|authentication required|authorization failed|\b401\b|\b403\b|forbidden|access denied"
        r"|access to the resource is denied|denied:|no basic auth credentials|failed to fetch (?:anonymous|oauth) token"
        r"|insufficient_scope|permission.{0,40} denied",
        fix="Correct the name, or give the nodes a pull secret for {host}.",
    ),
    Cause(
        "not-found",
        "there is no such image or tag",
        pattern=r"manifest unknown|not found|name[ _]unknown|does not exist|\b404\b",
        fix="Correct the name and tag; a tag that looks like a number must stand in quotes.",
    ),
    Cause(
        "unpack",
        "it was fetched and cannot be unpacked",
        pattern=r"failed to (?:register|extract) layer|failed to unpack|error processing tar|failed commit on ref",
        reason="ImageInspectError",
        fix="Look at the container runtime of {nodes}: its storage may be damaged."
        " Draining and replacing a node is quickest.",
    ),
)
UNKNOWN = Cause("unknown", "the kubelet gives a reason that is not known here", fix="See what the kubelet says below.")
PASSING = frozenset({"kubelet-limit"})

_MATCHERS = tuple((c, re.compile(c.pattern, re.IGNORECASE) if c.pattern else None) for c in CAUSES)
_QUOTED_NAME = re.compile(r'\\?"[^"\s]*[/:][^"\s]*\\?"')
_FROZEN = re.compile(r"^(?:k8s\.gcr\.io|gcr\.io/google[_-]containers)/")


def cause_of(pull: FailedPull) -> Cause:
    """The class of a failed pull. Names and addresses are taken out first: a tag may be called `unauthorized-429`."""
    text = _QUOTED_NAME.sub("NAME", pull.text)
    for part in filter(None, (pull.image, pull.image.rpartition(":")[0], host(pull.image))):
        text = re.sub(rf"(?<![\w.-]){re.escape(part)}(?![\w-])", "NAME", text)
    for cause, _ in _MATCHERS:
        if cause.reason == pull.reason and cause.reason != "ImageInspectError":
            return cause
    for cause, matcher in _MATCHERS:
        if matcher is not None and matcher.search(text):
            return cause
    return next((c for c in CAUSES if c.reason == pull.reason), UNKNOWN)


def host(image: str) -> str:
    """The registry of an image: the first part of its name where that is a host, else Docker Hub.

    Source: https://pkg.go.dev/github.com/distribution/reference (splitDockerDomain).
    """
    first, slash, _ = image.partition("/")
    if slash and ("." in first or ":" in first or first == "localhost"):
        return first
    return "docker.io"


def frozen(image: str) -> bool:
    """Whether it is of a registry that gets no new images: k8s.gcr.io since 2023-04-03, and its former name.

    Source: https://kubernetes.io/blog/2023/02/06/k8s-gcr-io-freeze-announcement/.
    """
    return bool(_FROZEN.match(image))


_WRAPPED = re.compile(
    r".*(?:failed to (?:pull and unpack image|resolve reference|pull image)) \\?\"[^\"]*\": ", re.IGNORECASE
)


def essence(text: str, limit: int = 260) -> str:
    """The end of what the kubelet says, without the layers that repeat the image's name."""
    short = _WRAPPED.sub("", text).strip() or text
    return short if len(short) <= limit else "…" + short[-limit:]
