"""What Traefik logs when Let's Encrypt gives it no certificate."""

import re
from dataclasses import dataclass

from jhubdoctor_checks.texts import Known, known
from jhubdoctor_checks.texts.acme import PROBLEMS

# Traefik 2 (`level=error msg="Unable to obtain ... \"host\": ...`) and 3 (`ERR Unable to obtain ... error="...`),
# traefik/traefik#7239, #10788, jupyterhub/zero-to-jupyterhub-k8s#2818; the problem types are those of RFC 8555, 6.7.
FAILED = r"(?s)Unable to obtain ACME certificate for domains?(?P<rest>.*)"
PROBLEM = r"urn:ietf:params:acme:error:(\w+)(?:\s*::\s*(.+?))?(?:\\n|\\?\"|\n|, url:|$)"


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
    def problem(self) -> Known[None] | None:
        """What it means, where that is known."""
        return known(PROBLEMS, f"acme:error:{self.word}")


def last_failure(lines: list[str]) -> Failure | None:
    """Problem type and text of the last failed attempt; a message may be wrapped over some lines."""
    for i in range(len(lines) - 1, -1, -1):
        found = (
            re.search(FAILED, "\n".join([lines[i], *lines[i + 1 : i + 4]]))
            if "Unable to obtain ACME" in lines[i]
            else None
        )
        if found:
            problem = re.search(PROBLEM, found["rest"])
            return Failure(problem[1], problem[2] or "") if problem else Failure("", found["rest"])
    return None
