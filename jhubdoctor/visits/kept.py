"""Visits to what was read before: to a file, and without the names of users."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

from jhubdoctor.engine.result import Report
from jhubdoctor.sources import bundle, pseudonyms
from jhubdoctor.sources.kept import Collected, KeptReader, Recorder
from jhubdoctor.sources.reader import Reader
from jhubdoctor.visits.visit import Visit


def gather(visit: Visit, *, progress: Callable[[str], None] = lambda _: None) -> tuple[Report, Collected]:
    """A visit with all that it read; the report also where there is no hub."""
    recorders: list[Recorder] = []

    def connect() -> Reader:
        recorders.append(Recorder(visit.connect()))
        return recorders[0]

    report, facts = replace(visit, connect=connect).look(progress=progress)
    return report, recorders[0].collected(facts.scope)


def without_users(kept: Collected) -> Collected:
    """The same with pseudonyms instead of users."""
    secret, lasting = pseudonyms.key()
    return pseudonyms.replaced(kept, secret, lasting=lasting)


def from_file(visit: Visit, path: str) -> Visit:
    """The visit, made to a file. Where nothing was said of where to look, it looks where the run that was kept did."""
    reader = bundle.open_reader(path)
    changed = replace(visit, connect=lambda: reader)
    if isinstance(reader, KeptReader) and not (visit.scope.namespace or visit.scope.all_namespaces):
        kept = reader.scope
        scope = replace(
            visit.scope,
            namespace=kept.namespace,
            all_namespaces=kept.all_namespaces,
            release=visit.scope.release or kept.release,
        )
        changed = replace(changed, scope=scope)
    return changed


def anonymous(visit: Visit) -> Visit:
    """The visit, made to what another visit read, after the names of users were replaced: no text can pass it by."""
    return replace(visit, connect=lambda: without_users(gather(visit)[1]).reader())
