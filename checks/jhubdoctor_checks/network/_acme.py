"""What Traefik logs when Let's Encrypt gives it no certificate."""

import re
from dataclasses import dataclass

# Traefik 2 (`level=error msg="Unable to obtain ... \"host\": ...`) and 3 (`ERR Unable to obtain ... error="...`),
# traefik/traefik#7239, #10788, jupyterhub/zero-to-jupyterhub-k8s#2818; the problem types are those of RFC 8555, 6.7.
FAILED = re.compile(r"Unable to obtain ACME certificate for domains?(?P<rest>.*)", re.DOTALL)
PROBLEM = re.compile(r"urn:ietf:params:acme:error:(\w+)(?:\s*::\s*(.{1,200}?))?(?:\\n|\\?\"|\n|, url:|$)")


@dataclass(frozen=True)
class Problem:
    """What a problem type of ACME says and asks for."""

    says: str
    fix: str


PROBLEMS = {
    "dns": Problem(
        "the host's name cannot be looked up",
        "Make a DNS record for the host that points to the address of proxy-public.",
    ),
    "connection": Problem(
        "port 80 of the host cannot be reached",
        "Let port 80 of the host reach proxy-public: firewalls, loadBalancerSourceRanges, the host's DNS record.",
    ),
    "unauthorized": Problem(
        "something else answers under the host's name",
        "Point the host's DNS record to proxy-public; another server, or an Ingress in front, answers the challenge.",
    ),
    "rateLimited": Problem(
        "the limit of certificates or failed attempts is used up",
        "Wait as long as the message says, and try with the staging server meanwhile.",
    ),
    "rejectedIdentifier": Problem(
        "no certificate is issued for such a name",
        "Set a public host name: not an IP, not a name of the cluster or the cloud.",
    ),
    "caa": Problem("the domain's CAA record forbids it", "Allow letsencrypt.org in the domain's CAA record."),
    "tls": Problem(
        "port 443 of the host does not answer the challenge", "Let port 443 of the host reach proxy-public."
    ),
    "invalidContact": Problem(
        "the e-mail address is not accepted", "Set proxy.https.letsencrypt.contactEmail to a real one."
    ),
}
PROBLEMS["invalidEmail"] = PROBLEMS["unsupportedContact"] = PROBLEMS["invalidContact"]


@dataclass(frozen=True)
class Failure:
    """A failed attempt.

    Attributes:
        word: the problem type, empty where it is not told.
        detail: what was said.
    """

    word: str
    detail: str

    @property
    def problem(self) -> Problem | None:
        """What it means, where that is known."""
        return PROBLEMS.get(self.word)


def last_failure(lines: list[str]) -> Failure | None:
    """Problem type and text of the last failed attempt; a message may be wrapped over some lines."""
    for i in range(len(lines) - 1, -1, -1):
        found = (
            FAILED.search("\n".join([lines[i], *lines[i + 1 : i + 4]])) if "Unable to obtain ACME" in lines[i] else None
        )
        if found:
            problem = PROBLEM.search(found["rest"])
            return Failure(problem[1], problem[2] or "") if problem else Failure("", found["rest"][:300])
    return None
