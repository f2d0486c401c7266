"""What a shell may complete: check ids, areas, formats, contexts and namespaces."""

from __future__ import annotations

import click

from jhubdoctor.engine import notes
from jhubdoctor.model.errors import DoctorError
from jhubdoctor.report import FORMATS

PATIENCE = 2.0
"""Seconds that a person waits for the cluster after the tab key."""


def checks(ctx: click.Context, param: click.Parameter, incomplete: str) -> list[str]:  # noqa: ARG001  - click's
    """Ids, without importing a check."""
    return [i for i in notes.files() if i.startswith(incomplete)]


def selections(ctx: click.Context, param: click.Parameter, incomplete: str) -> list[str]:  # noqa: ARG001
    """Ids and areas; of several with commas the last."""
    before, comma, last = incomplete.rpartition(",")
    files = notes.files()
    words = sorted({path.parent.name for path, _ in files.values()} | set(files))
    return [f"{before}{comma}{w}" for w in words if w.startswith(last)]


def formats(ctx: click.Context, param: click.Parameter, incomplete: str) -> list[str]:  # noqa: ARG001
    """Formats of the report."""
    return [f for f in FORMATS if f.startswith(incomplete)]


def contexts(ctx: click.Context, param: click.Parameter, incomplete: str) -> list[str]:  # noqa: ARG001
    """Contexts of the kubeconfig."""
    from jhubdoctor.sources import kubeconfig

    try:
        return [c for c in kubeconfig.contexts(ctx.params.get("kubeconfig")) if c.startswith(incomplete)]
    except DoctorError:
        return []


def namespaces(ctx: click.Context, param: click.Parameter, incomplete: str) -> list[str]:  # noqa: ARG001
    """Namespaces that have a Deployment of a hub; nothing where the cluster does not answer soon."""
    from jhubdoctor.sources.live import LiveReader
    from jhubdoctor.sources.reads import Query

    named = ctx.params.get("context_name") or next(iter(ctx.params.get("context_names") or ()), None)
    try:
        reader = LiveReader(ctx.params.get("kubeconfig"), named, timeout=PATIENCE)
        found = reader.answer(Query("deployments", labels="component=hub")).items
    except DoctorError:
        return []
    return sorted({d.namespace for d in found if d.namespace.startswith(incomplete)})
