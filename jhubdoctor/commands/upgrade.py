"""`upgrade`."""

from __future__ import annotations

import sys

import click

from jhubdoctor.commands import options
from jhubdoctor.commands.connect import Progress, live
from jhubdoctor.commands.deliver import color_wanted, write_file
from jhubdoctor.engine.registry import load
from jhubdoctor.model.errors import DoctorError, UsageError
from jhubdoctor.model.hub import Scope
from jhubdoctor.upgrade.judge import (
    FACTS,
    Preflight,
    UpgradeResult,
    given_files,
    judged,
    known_chart,
    preflight,
    target_of,
)
from jhubdoctor.upgrade.plan import Given, Target
from jhubdoctor.visits.kept import from_file
from jhubdoctor.visits.visit import Visit, require_hub


@click.command()
@click.option("--to-kubernetes", metavar="VERSION", help="The Kubernetes to go to, as 1.37.")
@click.option("--to-chart", metavar="VERSION", help="The release of the chart to go to, as 4.4.0.")
@click.option(
    "-f",
    "--values",
    "files",
    multiple=True,
    metavar="PATH",
    help="Values to judge instead of those of the release. Repeatable, as with helm.",
)
@click.option("--from-chart", metavar="VERSION", help="The release that the values of -f are in use with today.")
@click.option("--offline", is_flag=True, help="Judge the files alone, even if there is a cluster.")
@click.option("--from", "from_path", metavar="PATH", help="Not a cluster, but a bundle of collect, or a dump.")
@options.connection
@options.scope
@options.output
def upgrade(
    *,
    to_kubernetes: str | None,
    to_chart: str | None,
    from_chart: str | None,
    files: tuple[str, ...],
    offline: bool,
    from_path: str | None,
    kubeconfig: str | None,
    context_name: str | None,
    timeout: float,
    concurrency: int,
    namespace: str | None,
    all_namespaces: bool,
    release: str | None,
    outputs: tuple[str, ...],
    fail_on: str,
    accept_unknown: bool,
    verbose: bool,
    color: bool | None,
) -> None:
    """Say what breaks if the cluster or the chart is upgraded.

    It also says in which order to go. What the hub uses today is judged against the target, and its values against what
    the chart to go to accepts. With -f and --to-chart no cluster is needed.
    """
    wanted = options.parse_outputs(outputs)
    if any(name not in {"text", "json"} for name, _ in wanted):
        raise UsageError("An upgrade is told as text or json.", "Choose one of them with -o.")
    pack = preflight()
    target = target_of(to_kubernetes, to_chart, pack)
    if files and not target.chart:
        raise UsageError("Values are judged for a release of the chart.", "Name it with --to-chart.")
    start = known_chart(from_chart, pack)
    if (offline or start) and not files:
        raise UsageError("Without a cluster there is nothing to judge.", "Give the values with -f.")
    # of a cluster is known what it has
    offline = offline or bool(start)
    if from_path is not None and (kubeconfig or context_name or offline):
        raise UsageError("--from looks at a file, not at a cluster.", "Leave the options of clusters out.")
    given = given_files(files, chart=start) if files else ()
    registry = load()
    asked = bool(kubeconfig or context_name or namespace or all_namespaces or release or from_path is not None)
    outcome = None
    if not offline:
        try:
            visit = Visit(
                registry=registry,
                checks=[c for c in registry.select() if c.id in pack.CHECKS],
                connect=live(kubeconfig, context_name, timeout, concurrency),
                scope=Scope(namespace, all_namespaces, release, kubernetes=target.kubernetes, chart=target.chart),
                concurrency=concurrency,
                fail_on=fail_on,
                accept_unknown=accept_unknown,
            )
            outcome = _with_cluster(pack, target, files, visit if from_path is None else from_file(visit, from_path))
        except DoctorError as e:
            if not given or asked or isinstance(e, UsageError):
                raise
            reason = f"No cluster was looked at: {e.what}"
            outcome = _without_cluster(pack, target, given, reason, fail_on)
    if outcome is None:
        outcome = _without_cluster(pack, target, given, "", fail_on)
    _deliver(outcome, wanted, color=color, verbose=verbose)
    sys.exit(outcome.exit_code)


def _with_cluster(pack: Preflight, target: Target, files: tuple[str, ...], visit: Visit) -> UpgradeResult:
    """What it takes for a live cluster, or for one that was kept in a file."""
    progress = Progress()
    try:
        report, facts = visit.look(facts=FACTS, progress=progress)
    finally:
        progress.clear()
    require_hub(report, facts)
    return judged(pack, target, files, report, facts)


def _without_cluster(
    pack: Preflight, target: Target, given: tuple[Given, ...], reason: str, fail_on: str
) -> UpgradeResult:
    plans = tuple(pack.plan(g, None, None, target) for g in given)
    return UpgradeResult(target, plans, None, load().knows, (reason,) if reason else (), fail_on)


def _deliver(
    outcome: UpgradeResult, outputs: list[tuple[str, str | None]], *, color: bool | None, verbose: bool
) -> None:
    import shutil

    from jhubdoctor.report.upgrade import render_json, render_text

    for name, path in outputs:
        to_screen = path in {None, "-"}
        if name == "json":
            text = render_json(outcome)
        else:
            columns = shutil.get_terminal_size((80, 24)).columns if to_screen and sys.stdout.isatty() else 80
            wanted = color_wanted(color) if to_screen else False
            text = render_text(outcome, width=min(columns, 140), color=wanted, verbose=verbose)
        if to_screen:
            sys.stdout.write(text)
            sys.stdout.flush()
        else:
            write_file(str(path), text)
