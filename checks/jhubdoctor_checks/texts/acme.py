"""What Let's Encrypt, and other authorities that speak ACME, say where they give no certificate."""

from jhubdoctor.api import Fix
from jhubdoctor_checks.texts import Known

_RFC = "RFC 8555, 6.7; traefik/traefik#7239, #10788, jupyterhub/zero-to-jupyterhub-k8s#2818"
PROBLEMS: tuple[Known[None], ...] = (
    Known(
        "dns",
        r"acme:error:dns\b",
        "the host's name cannot be looked up",
        Fix("Make a DNS record for the host that points to the address of proxy-public."),
        _RFC,
    ),
    Known(
        "connection",
        r"acme:error:connection\b",
        "port 80 of the host cannot be reached",
        Fix("Let port 80 of the host reach proxy-public: firewalls, loadBalancerSourceRanges, the host's DNS record."),
        _RFC,
    ),
    Known(
        "unauthorized",
        r"acme:error:unauthorized\b",
        "something else answers under the host's name",
        Fix(
            "Point the host's DNS record to proxy-public; another server, or an Ingress in front, answers the "
            "challenge."
        ),
        _RFC,
    ),
    Known(
        "rateLimited",
        r"acme:error:rateLimited\b",
        "the limit of certificates or failed attempts is used up",
        Fix(
            "Wait as long as the message says (an hour for failed attempts, up to a week for certificates), and start "
            "autohttps again only then: until then each attempt is refused, and failed ones count. Where certificates "
            "were used up, see who deletes the Secret that keeps them (proxy-public-tls-acme, an uninstall does)."
        ),
        _RFC,
    ),
    Known(
        "serverInternal",
        r"acme:error:serverInternal\b",
        "the authority fails itself",
        Fix("Wait until it is back: https://letsencrypt.status.io tells."),
        _RFC,
    ),
    Known(
        "rejectedIdentifier",
        r"acme:error:rejectedIdentifier\b",
        "no certificate is issued for such a name",
        Fix("Set a public host name: not an IP, not a name of the cluster or the cloud."),
        _RFC,
    ),
    Known(
        "caa",
        r"acme:error:caa\b",
        "the domain's CAA record forbids it",
        Fix("Allow letsencrypt.org in the domain's CAA record."),
        _RFC,
    ),
    Known(
        "tls",
        r"acme:error:tls\b",
        "port 443 of the host does not answer the challenge",
        Fix("Let port 443 of the host reach proxy-public."),
        _RFC,
    ),
    Known(
        "invalidContact",
        r"acme:error:(?:invalidContact|invalidEmail|unsupportedContact)\b",
        "the e-mail address is not accepted",
        Fix("Set proxy.https.letsencrypt.contactEmail to a real one."),
        _RFC,
    ),
)

PASSING = frozenset({"rateLimited"})
"""Where another attempt makes it worse."""

_CERT_MANAGER = "cert-manager: pkg/issuer/acme/http/http.go; cert-manager/cert-manager#3309, #4600, #5752, #7757"
# What cert-manager says of a challenge that it tries itself before the authority does, and of its issuers.
ISSUING: tuple[Known[None], ...] = (
    Known(
        "challenge-answered-by-another",
        r"wrong status code '\d+', expected",
        "something else than cert-manager's solver answers the challenge",
        Fix(
            "Set the class of the hub's Ingress in the issuer (solvers[].http01.ingress), so that the same controller "
            "serves the Ingress that cert-manager makes for the challenge, and let no login or redirect stand before "
            "/.well-known/acme-challenge/."
        ),
        _CERT_MANAGER,
    ),
    Known(
        "challenge-unreachable",
        r"failed to perform self check GET request.*(?:connection refused|timeout|deadline exceeded|no route to host)",
        "port 80 of the host is not reached from the cluster",
        Fix(
            "Let port 80 of the host reach the controller of the Ingress, also from inside the cluster: check the DNS "
            "record, firewalls, and whether the load balancer sends traffic back to where it came from."
        ),
        _CERT_MANAGER,
    ),
    Known(
        "challenge-name",
        r"failed to perform self check GET request.*no such host",
        "the host's name cannot be looked up",
        Fix("Make a DNS record for the host that points to the controller of the Ingress."),
        _CERT_MANAGER,
    ),
    Known(
        "issuer-missing",
        r"(?i)Referenced \S+ not found|(?:cluster)?issuers?\.cert-manager\.io \S+ not found",
        "the issuer that it names does not exist",
        Fix("Create the Issuer or ClusterIssuer, or name one that exists in the annotation of the Ingress."),
        "cert-manager: pkg/controller/certificaterequests/sync.go",
    ),
)
