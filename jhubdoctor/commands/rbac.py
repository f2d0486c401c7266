"""`rbac`: the roles that the selected checks need, and no more."""

from __future__ import annotations

import sys
from datetime import datetime
from functools import partial
from typing import Any

import click

from jhubdoctor.commands import options
from jhubdoctor.engine.declare import Check
from jhubdoctor.engine.registry import Registry, load
from jhubdoctor.engine.result import CheckStatus
from jhubdoctor.model.hub import Scope
from jhubdoctor.sources.reader import Reader
from jhubdoctor.sources.reads import READS, Answer, Query, ReadState, rules
from jhubdoctor.visits.visit import Visit

NAME = "jhubdoctor"
# A Role can grant these of the namespace that it is in: the API server takes a namespace's name for where it lies.
_ITS_OWN = ("namespaces",)
# What an Ingress and an HTTPRoute are served by lies outside, and so do users who have namespaces of their own.
_BEYOND = """
kind: Service
metadata: {name: proxy-public}
spec: {type: ClusterIP}
status: null
---
kind: Ingress
metadata: {name: jupyterhub, labels: {component: ingress}}
spec: {rules: [{http: {paths: [{path: /, backend: {service: {name: proxy-public, port: {name: http}}}}]}}]}
---
kind: HTTPRoute
metadata: {name: jupyterhub, labels: {component: httproute}}
spec: {parentRefs: [{name: public, namespace: gateways}], rules: [{backendRefs: [{name: proxy-public, port: 80}]}]}
---
kind: Values
values: {hub: {config: {KubeSpawner: {enable_user_namespaces: true}}}}
"""


def manifests(
    registry: Registry, checks: list[Check], *, namespace: str | None, subjects: list[dict[str, str]]
) -> tuple[list[dict[str, Any]], list[str]]:
    """The RBAC objects, and the ids of the checks that stay unknown with them.

    Without a namespace: one ClusterRole for everything. With one: a Role there, and nothing for the whole cluster.
    """
    needed = registry.reads(checks)
    if namespace is None:
        return [
            _role("ClusterRole", None, rules(needed)),
            _binding("ClusterRole", None, subjects),
        ], []
    inside = [r for r in needed if READS[r].namespaced or r in _ITS_OWN]
    required = registry.reads(checks, required=True, optional=True)
    beyond = [r for r in required if r not in inside and not _open_to_all(r)]
    lost = {i for r in beyond for i in required[r]}
    lost |= _unsure_inside(registry, checks)
    # a list of them would be of all
    own = [{**READS[r].rule(), "verbs": ["get"]} for r in inside if r in _ITS_OWN]
    granted = own + rules(r for r in inside if r not in _ITS_OWN)
    return [_role("Role", namespace, granted), _binding("Role", namespace, subjects)], sorted(lost)


def _unsure_inside(registry: Registry, checks: list[Check]) -> set[str]:
    """The checks that are unknown for the example hub to whoever may only look into its namespace.

    What a check needs of other namespaces, or one of two sources, its declaration does not tell. Some look there only
    for a hub that has an Ingress, say.
    """
    from jhubdoctor.testing import Example

    unsure: set[str] = set()
    for example in ("", _BEYOND):
        whole = Example(example).reader()
        inside = Visit(registry, checks, partial(_Inside, whole, whole.namespace), Scope(whole.namespace))
        report, _ = inside.look()
        unsure |= {r.check.id for r in report.results if r.status is CheckStatus.UNKNOWN}
    return unsure


class _Inside(Reader):
    """What a Role in one namespace lets through of another reader."""

    def __init__(self, inner: Reader, namespace: str) -> None:
        self._inner = inner
        self._namespace = namespace

    def now(self) -> datetime:
        """As the inner one says."""
        return self._inner.now()

    def answer(self, query: Query) -> Answer:
        """Only of the namespace, and what is open to all."""
        own = query.read in _ITS_OWN and query.name == self._namespace
        if query.namespace == self._namespace or own or _open_to_all(query.read):
            return self._inner.answer(query)
        return Answer(ReadState.FORBIDDEN, [], detail="HTTP 403")


def _open_to_all(read: str) -> bool:
    """Whether every signed-in client may read it anyway (system:discovery, system:public-info-viewer)."""
    return bool(READS[read].paths) and read != "metrics"


def _role(kind: str, namespace: str | None, found: list[dict[str, list[str]]]) -> dict[str, Any]:
    meta: dict[str, str] = {"name": NAME} | ({"namespace": namespace} if namespace else {})
    return {"apiVersion": "rbac.authorization.k8s.io/v1", "kind": kind, "metadata": meta, "rules": found}


def _binding(kind: str, namespace: str | None, subjects: list[dict[str, str]]) -> dict[str, Any]:
    meta: dict[str, str] = {"name": NAME} | ({"namespace": namespace} if namespace else {})
    return {
        "apiVersion": "rbac.authorization.k8s.io/v1",
        "kind": f"{kind}Binding",
        "metadata": meta,
        "roleRef": {"apiGroup": "rbac.authorization.k8s.io", "kind": kind, "name": NAME},
        "subjects": subjects,
    }


def _account(name: str, namespace: str, *, makes_namespace: bool) -> list[dict[str, Any]]:
    """The service account, and the namespace of its own that it has where nothing else was said."""
    own = [{"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": namespace}}] if makes_namespace else []
    return [*own, {"apiVersion": "v1", "kind": "ServiceAccount", "metadata": {"name": name, "namespace": namespace}}]


@click.command()
@options.selection
@click.option("-n", "--namespace", metavar="NAME", help="Only a Role in this namespace, nothing for the whole cluster.")
@click.option(
    "--service-account", metavar="NAME", help="Bind this account, which exists.  [default: jhubdoctor, which is made]"
)
@click.option(
    "--service-account-namespace", metavar="NAME", help="Where that account is; the namespace, or jhubdoctor."
)
@click.option("--user", "users", multiple=True, metavar="NAME", help="Bind this user, and make no account. Repeatable.")
@click.option("--group", "groups", multiple=True, metavar="NAME", help="Bind this group, likewise.")
def rbac(
    select: tuple[str, ...],
    ignore: tuple[str, ...],
    namespace: str | None,
    service_account: str | None,
    service_account_namespace: str | None,
    users: tuple[str, ...],
    groups: tuple[str, ...],
) -> None:
    """Print the roles that the checks need, bound to an account, as YAML.

    Pipe it into `kubectl apply -f -`. All verbs are get and list.
    """
    import yaml

    registry = load()
    checks = registry.select(select, ignore)
    place = service_account_namespace or namespace or NAME
    people = [(kind, name) for kind, names in (("User", users), ("Group", groups)) for name in names]
    subjects = [{"kind": kind, "name": name, "apiGroup": "rbac.authorization.k8s.io"} for kind, name in people]
    made: list[dict[str, Any]] = []
    if service_account or not subjects:
        subjects.append({"kind": "ServiceAccount", "name": service_account or NAME, "namespace": place})
    if not service_account and not people:
        made = _account(NAME, place, makes_namespace=not (service_account_namespace or namespace))
    found, lost = manifests(registry, checks, namespace=namespace, subjects=subjects)
    sys.stdout.write(f"# What jhubdoctor reads for {len(checks)} checks. Verbs are get and list alone.\n")
    if service_account:
        sys.stdout.write(f"# The ServiceAccount {service_account} in namespace {place} must exist.\n")
    if lost:
        sys.stdout.write("# These checks need something from outside the namespace, and are unknown without it:\n")
        for i in lost:
            sys.stdout.write(f"#   {i}\n")
    sys.stdout.write(yaml.safe_dump_all([*made, *found], sort_keys=False, default_flow_style=False))
