"""Visits to what was read before: to a file, and without the names of users."""

from __future__ import annotations

from dataclasses import replace

from jhubdoctor.engine.declare import Check
from jhubdoctor.engine.registry import Registry
from jhubdoctor.engine.run import run
from jhubdoctor.model.hub import Scope
from jhubdoctor.sources import bundle, pseudonyms
from jhubdoctor.sources.kept import Collected, KeptReader, Recorder
from jhubdoctor.sources.reader import Reader
from jhubdoctor.visits.visit import Visit


def gather(registry: Registry, checks: list[Check], reader: Reader, scope: Scope, concurrency: int) -> Collected:
    """All that these checks read, and what came of it."""
    recorder = Recorder(reader)
    run(registry, checks, recorder, scope, concurrency=concurrency)
    return recorder.collected(scope)


def without_users(kept: Collected) -> Collected:
    """The same with pseudonyms instead of users."""
    secret, lasting = pseudonyms.key()
    return pseudonyms.replaced(kept, secret, lasting=lasting)


def from_file(visit: Visit, path: str) -> Visit:
    """The visit, made to a file. Where nothing was said of where to look, it looks where the run that was kept did."""
    reader = bundle.open_reader(path)
    changed = replace(visit, connect=lambda: reader)
    if isinstance(reader, KeptReader) and not (visit.namespace or visit.all_namespaces):
        scope = reader.scope
        changed = replace(
            changed,
            namespace=scope.namespace,
            all_namespaces=scope.all_namespaces,
            release=visit.release or scope.release,
        )
    return changed


def anonymous(visit: Visit) -> Visit:
    """The visit, made to what another visit read, after the names of users were replaced: no text can pass it by."""

    def connect() -> Reader:
        reader = visit.connect()
        scope = Scope(visit.namespace, visit.all_namespaces, visit.release, reader.namespace)
        try:
            kept = gather(visit.registry, visit.checks, reader, scope, visit.concurrency)
        finally:
            reader.close()
        return without_users(kept).reader()

    return replace(visit, connect=connect)
