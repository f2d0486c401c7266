"""What an API server says where a user has no right to what they ask for."""

from __future__ import annotations

import re
from dataclasses import dataclass

# staging/src/k8s.io/apiserver/pkg/endpoints/handlers/responsewriters/errors.go, 1.20 to 1.36. Inside of JSON, and in
# the err="..." of later releases of client-go, the quotes are escaped.
PATTERN = (
    r'User \\?"(?P<account>[^"\\]+)\\?" cannot (?P<verb>\w+) resource \\?"(?P<resource>[\w/.-]+)\\?"'
    r'(?: in API group \\?"(?P<group>[\w.-]*))?'
)


@dataclass(frozen=True)
class Forbidden:
    """A right that was missing.

    Attributes:
        user: as whom it was asked, `system:serviceaccount:NAMESPACE:NAME` of a pod.
        verb: `list`, `create`, ...
        resource: a plural name, with its subresource.
        group: the API group, empty for the core's.
    """

    user: str
    verb: str
    resource: str
    group: str = ""

    @property
    def name(self) -> str:
        """The resource with its group: `csinodes.storage.k8s.io`."""
        return f"{self.resource}.{self.group}" if self.group else self.resource

    @property
    def service_account(self) -> tuple[str, str]:
        """Namespace and name of the service account; both empty where the user is none."""
        head, _, rest = self.user.partition("system:serviceaccount:")
        namespace, _, name = rest.partition(":")
        return (namespace, name) if not head else ("", "")


def forbidden(text: str) -> Forbidden | None:
    """The right that a text says is missing."""
    m = re.search(PATTERN, text)
    return Forbidden(m["account"], m["verb"], m["resource"], m["group"] or "") if m else None
