"""`rbac`: the roles that the selected checks need, and no more."""

from __future__ import annotations

import sys
from datetime import datetime
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


def manifests(
    registry: Registry, checks: list[Check], *, namespace: str | None, account: str, account_namespace: str
) -> tuple[list[dict[str, Any]], list[str]]:
    """The RBAC objects, and the ids of the checks that stay unknown with them.

    Without a namespace: one ClusterRole for everything. With one: a Role there, and nothing for the whole cluster.
    """
    needed = registry.reads(checks)
    subject = {"kind": "ServiceAccount", "name": account, "namespace": account_namespace}
    if namespace is None:
        return [
            _role("ClusterRole", None, rules(needed)),
            _binding("ClusterRole", None, subject),
        ], []
    inside = [r for r in needed if READS[r].namespaced]
    required = registry.reads(checks, required=True, optional=True)
    beyond = [r for r in required if not READS[r].namespaced and not _open_to_all(r)]
    lost = {i for r in beyond for i in required[r]}
    lost |= _unsure_inside(registry, checks)
    return [_role("Role", namespace, rules(inside)), _binding("Role", namespace, subject)], sorted(lost)


def _unsure_inside(registry: Registry, checks: list[Check]) -> set[str]:
    """The checks that are unknown for the example hub to whoever may only look into its namespace.

    What a check needs of other namespaces, or one of two sources, its declaration does not tell.
    """
    from jhubdoctor.testing import Example

    reader = Example(()).reader()
    inside = Visit(registry, checks, lambda: _Inside(reader, reader.namespace), Scope(reader.namespace))
    report, _ = inside.look()
    return {r.check.id for r in report.results if r.status is CheckStatus.UNKNOWN}


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
        if query.namespace == self._namespace or _open_to_all(query.read):
            return self._inner.answer(query)
        return Answer(ReadState.FORBIDDEN, [], detail="HTTP 403")


def _open_to_all(read: str) -> bool:
    """Whether every signed-in client may read it anyway (system:discovery, system:public-info-viewer)."""
    return bool(READS[read].paths) and read != "metrics"


def _role(kind: str, namespace: str | None, found: list[dict[str, list[str]]]) -> dict[str, Any]:
    meta: dict[str, str] = {"name": NAME} | ({"namespace": namespace} if namespace else {})
    return {"apiVersion": "rbac.authorization.k8s.io/v1", "kind": kind, "metadata": meta, "rules": found}


def _binding(kind: str, namespace: str | None, subject: dict[str, str]) -> dict[str, Any]:
    meta: dict[str, str] = {"name": NAME} | ({"namespace": namespace} if namespace else {})
    return {
        "apiVersion": "rbac.authorization.k8s.io/v1",
        "kind": f"{kind}Binding",
        "metadata": meta,
        "roleRef": {"apiGroup": "rbac.authorization.k8s.io", "kind": kind, "name": NAME},
        "subjects": [subject],
    }


@click.command()
@options.selection
@click.option("-n", "--namespace", metavar="NAME", help="Only a Role in this namespace, nothing for the whole cluster.")
@click.option("--service-account", default=NAME, show_default=True, metavar="NAME", help="Whom to bind.")
@click.option(
    "--service-account-namespace", metavar="NAME", help="Where that account is; the namespace, or jhubdoctor."
)
def rbac(
    select: tuple[str, ...],
    ignore: tuple[str, ...],
    namespace: str | None,
    service_account: str,
    service_account_namespace: str | None,
) -> None:
    """Print the roles that the checks need, as YAML.

    Pipe it into `kubectl apply -f -`. All verbs are get and list.
    """
    import yaml

    registry = load()
    checks = registry.select(select, ignore)
    found, lost = manifests(
        registry,
        checks,
        namespace=namespace,
        account=service_account,
        account_namespace=service_account_namespace or namespace or NAME,
    )
    sys.stdout.write(f"# What jhubdoctor reads for {len(checks)} checks. Verbs are get and list alone.\n")
    if lost:
        sys.stdout.write("# These checks need something from outside the namespace, and are unknown without it:\n")
        for i in lost:
            sys.stdout.write(f"#   {i}\n")
    sys.stdout.write(yaml.safe_dump_all(found, sort_keys=False, default_flow_style=False))
