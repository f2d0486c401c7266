"""`run` and `demo`."""

from __future__ import annotations

import sys
from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime
from functools import partial

import click

from jhubdoctor.commands import options
from jhubdoctor.commands.connect import Progress, live
from jhubdoctor.commands.deliver import (
    FLEET_FORMATS,
    Style,
    color_wanted,
    deliver,
    deliver_fleet,
    exit_code,
    plugin_line,
    write_file,
)
from jhubdoctor.engine.registry import load
from jhubdoctor.engine.result import Report
from jhubdoctor.model.errors import UsageError
from jhubdoctor.model.finding import Severity
from jhubdoctor.model.hub import Scope
from jhubdoctor.report import changes, patch
from jhubdoctor.sources.reader import Reader
from jhubdoctor.visits import baseline, config
from jhubdoctor.visits.fleet import Fleet
from jhubdoctor.visits.fleet import visit as visit_all
from jhubdoctor.visits.repeat import Change, until_settled
from jhubdoctor.visits.repeat import watch as watch_cluster
from jhubdoctor.visits.visit import Visit


@click.command()
@options.access
@options.clusters
@options.scope
@options.selection
@options.settings
@options.again
@options.kept
@options.output
@options.least
@options.patch
def run(
    *,
    kubeconfig: str | None,
    timeout: float,
    concurrency: int,
    context_names: tuple[str, ...],
    all_contexts: bool,
    parallel: int,
    namespace: str | None,
    all_namespaces: bool,
    release: str | None,
    select: tuple[str, ...],
    ignore: tuple[str, ...],
    config_path: str | None,
    baseline_path: str | None,
    wait: float | None,
    watch: bool,
    interval: float | None,
    from_path: str | None,
    redact_users: bool,
    outputs: tuple[str, ...],
    fail_on: str,
    accept_unknown: bool,
    verbose: bool,
    color: bool | None,
    min_severity: str | None,
    patch_path: str | None,
) -> None:
    """Look at the cluster and say what is wrong.

    Without -n and -A it looks in the namespace of the context, and in all others if there is no hub there.
    """
    wanted = options.parse_outputs(outputs)
    style = _style(color, min_severity, verbose=verbose)
    many = all_contexts or len(set(context_names)) > 1
    _sane(wanted, watch=watch, wait=wait, many=many)
    if patch_path is not None and (watch or many):
        raise UsageError("--patch is of one cluster at one time.", "Leave --watch and other contexts out.")
    with plugin_line(wanted):
        registry = load()
        visit = Visit(
            registry=registry,
            checks=registry.select(select, ignore),
            connect=live(kubeconfig, context_names[0] if context_names else None, timeout, concurrency),
            scope=Scope(namespace, all_namespaces, release),
            concurrency=concurrency,
            fail_on=fail_on,
            accept_unknown=accept_unknown,
            suppressions=config.load(config_path),
            earlier=baseline.load(baseline_path) if baseline_path else None,
        )
        if from_path is not None:
            from jhubdoctor.visits.kept import from_file

            elsewhere = kubeconfig or context_names or all_contexts or watch or wait is not None
            if elsewhere:
                raise UsageError("--from looks at a file, not at a cluster.", "Leave the options of clusters out.")
            visit = from_file(visit, from_path)
        private = _private(redact_users)
        if all_contexts or len(set(context_names)) > 1:
            names = _contexts(kubeconfig, context_names, all_contexts=all_contexts)
            visits = {n: private(replace(visit, connect=live(kubeconfig, n, timeout, concurrency))) for n in names}
            looks = {n: partial(_look, v, wait, interval) for n, v in visits.items()}
            progress = Progress()
            left = set(names)

            def done(context: str) -> None:
                left.discard(context)
                progress(f"{len(names) - len(left)} of {len(names)} clusters")

            fleet = Fleet(visit_all(looks, parallel=parallel, done=done), hubs_expected=not all_contexts)
            progress.clear()
            deliver_fleet(fleet, wanted, style)
            sys.exit(fleet.exit_code)
        visit = private(visit)
        if watch:
            _watch(visit, wanted, style, interval=30.0 if interval is None else interval)
            return
        report = _look(visit, wait, interval, Progress())
        deliver(report, wanted, style)
        if patch_path is not None:
            for path, text in patch.files(report.least(style.least), patch_path).items():
                write_file(path, text)
    sys.exit(exit_code(report, wanted))


def _private(redact_users: bool) -> Callable[[Visit], Visit]:
    """What a visit becomes where the names of users are not to be told."""
    if not redact_users:
        return lambda visit: visit
    from jhubdoctor.visits.kept import anonymous

    return anonymous


def _sane(outputs: list[tuple[str, str | None]], *, watch: bool, wait: float | None, many: bool) -> None:
    """Refuse what makes no sense together.

    Raises:
        UsageError: with what to do instead.
    """
    to_screen = [name for name, path in outputs if path in {None, "-"}]
    if watch and wait is not None:
        raise UsageError("--watch and --wait exclude each other.", "Choose one of them.")
    if watch and many:
        raise UsageError("--watch looks at one cluster.", "Start one for each context.")
    if watch and not set(to_screen) <= {"text", "ndjson"}:
        raise UsageError(f"--watch cannot print {to_screen[0]}.", "Use -o text or -o ndjson, and files for the rest.")
    for name, path in outputs if many else ():
        if name not in FLEET_FORMATS and "{context}" not in (path or ""):
            raise UsageError(
                f"-o {name} is of one cluster.", f"Write a file for each context: -o {name}=REPORT-{{context}}."
            )


def _contexts(kubeconfig: str | None, names: tuple[str, ...], *, all_contexts: bool) -> list[str]:
    """The contexts to look at, in the order in which they were named.

    Raises:
        UsageError: where both were asked for, or a context does not exist.
    """
    from jhubdoctor.sources.kubeconfig import contexts

    if all_contexts and names:
        raise UsageError("--context and --all-contexts exclude each other.", "Choose one of them.")
    known = contexts(kubeconfig)
    if missing := [n for n in names if n not in known]:
        raise UsageError(f"The kubeconfig has no context {missing[0]!r}.", f"There are {', '.join(known) or 'none'}.")
    return list(dict.fromkeys(names)) or known


def _look(visit: Visit, wait: float | None, interval: float | None, progress: Progress | None = None) -> Report:
    """One look, or as many as it takes."""
    alone = progress is not None
    progress = progress or Progress(on=False)
    try:
        if wait is None:
            return visit(progress=progress, tell=progress.say if alone else lambda _: None)
        return until_settled(
            lambda checks=None: visit(checks, progress=progress),
            patience=wait,
            interval=5.0 if interval is None else interval,
            tell=Teller(progress) if alone else lambda _: None,
        )
    finally:
        progress.clear()


def _style(color: bool | None, min_severity: str | None, *, verbose: bool) -> Style:
    return Style(color, verbose, Severity(min_severity) if min_severity else None)


def _watch(visit: Visit, outputs: list[tuple[str, str | None]], style: Style, *, interval: float) -> None:
    """Print the first report, then what changes; write files anew after each look."""
    to_screen = next((name for name, path in outputs if path in {None, "-"}), None)
    files = [output for output in outputs if output[1] not in {None, "-"}]
    first = True

    def seen(report: Report | None, changed: list[Change]) -> None:
        nonlocal first
        at = report.started_at if report is not None else datetime.now(UTC)
        if report is not None:
            deliver(report, files, style)
        if to_screen == "text" and first and report is not None:
            deliver(report, [("text", None)], style)
        elif to_screen == "text":
            sys.stdout.writelines(changes.line(c, at, color=color_wanted(style.color)) for c in changed)
        elif to_screen == "ndjson":
            context = report.context if report is not None else ""
            sys.stdout.writelines(changes.event(c, at, context) for c in changed)
        first = first and report is None
        sys.stdout.flush()

    watch_cluster(lambda checks=None: visit(checks), interval=interval, seen=seen)


class Teller:
    """What a wait waits for: in the line of progress on a terminal, else a line each time that it changes."""

    def __init__(self, progress: Progress) -> None:
        self.progress = progress
        self.last = ""

    def __call__(self, text: str) -> None:
        """Tell."""
        if self.progress.on:
            self.progress(text)
        elif text != self.last:
            options.say(text)
        self.last = text


@click.command()
@options.selection
@options.output
@options.least
def demo(
    select: tuple[str, ...],
    ignore: tuple[str, ...],
    outputs: tuple[str, ...],
    fail_on: str,
    accept_unknown: bool,
    verbose: bool,
    color: bool | None,
    min_severity: str | None,
) -> None:
    """Run on an example hub with several faults; no cluster needed.

    The hub is a file of this package. Everything but the reading is what `run` does.
    """
    wanted = options.parse_outputs(outputs)
    registry = load()
    report = Visit(
        registry, registry.select(select, ignore), demo_reader, fail_on=fail_on, accept_unknown=accept_unknown
    )()
    deliver(report, wanted, _style(color, min_severity, verbose=verbose))
    sys.exit(exit_code(report, wanted))


def demo_reader() -> Reader:
    """The example hub."""
    from importlib import resources

    from jhubdoctor.testing import Example

    reader = Example(resources.files("jhubdoctor.example").joinpath("demo.yaml").read_text(encoding="utf-8")).reader()
    reader.context = "demo"
    return reader
