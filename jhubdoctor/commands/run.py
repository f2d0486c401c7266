"""`run` and `demo`."""

from __future__ import annotations

import sys

import click

from jhubdoctor.commands import options
from jhubdoctor.commands.deliver import deliver
from jhubdoctor.errors import DoctorError
from jhubdoctor.facts.hub import Scope, describe_search
from jhubdoctor.reader import Reader
from jhubdoctor.registry import load
from jhubdoctor.run import Report, Status
from jhubdoctor.run import run as run_checks


class Progress:
    """One line on standard error that is overwritten, on a terminal alone."""

    def __init__(self) -> None:
        self.on = sys.stderr.isatty()

    def __call__(self, text: str) -> None:
        """Show what is being done."""
        if self.on:
            sys.stderr.write(f"\r\x1b[K{text} ...")
            sys.stderr.flush()

    def clear(self) -> None:
        """Take the line away."""
        if self.on:
            sys.stderr.write("\r\x1b[K")
            sys.stderr.flush()


@click.command()
@options.connection
@options.scope
@options.selection
@options.output
def run(
    kubeconfig: str | None,
    context_name: str | None,
    timeout: float,
    concurrency: int,
    namespace: str | None,
    all_namespaces: bool,
    release: str | None,
    select: tuple[str, ...],
    ignore: tuple[str, ...],
    outputs: tuple[str, ...],
    fail_on: str,
    accept_unknown: bool,
    verbose: bool,
    color: bool | None,
) -> None:
    """Look at the cluster and say what is wrong.

    Without -n and -A it looks in the namespace of the context, and in all others if there is no hub there.
    """
    wanted = options.parse_outputs(outputs)
    registry = load()
    checks = registry.select(select, ignore)
    from jhubdoctor.live import LiveReader

    progress = Progress()
    reader = LiveReader(kubeconfig, context_name, timeout=timeout, concurrency=concurrency)
    progress("connecting")
    try:
        reader.connect()
        where = Scope(namespace, all_namespaces, release, reader.namespace)
        report = run_checks(registry, checks, reader, where, concurrency=concurrency, progress=progress)
    finally:
        progress.clear()
    if not reader.verified:
        report.notices.append("The kubeconfig turns TLS verification off: what was read may come from another server.")
    report.fail_on, report.accept_unknown = fail_on, accept_unknown
    _require_hub(report, where)
    if (
        report.hubs
        and not namespace
        and not all_namespaces
        and all(h.namespace != reader.namespace for h in report.hubs)
    ):
        click.echo(f"jhubdoctor: no hub in namespace {reader.namespace}; looked in all namespaces.", err=True)
    deliver(report, wanted, color=color, verbose=verbose)
    sys.exit(report.exit_code)


def _require_hub(report: Report, where: Scope) -> None:
    """No hub is no verdict; but where the search itself failed, the report says why.

    Raises:
        DoctorError: where the search succeeded and found none.
    """
    searched = not any(r.status in {Status.UNKNOWN, Status.BROKEN} and r.hub is None for r in report.results)
    if not report.hubs and searched:
        of_release = f" of the release {where.release}" if where.release else ""
        raise DoctorError(
            f"No hub{of_release} was found in {describe_search(where)}.",
            "Name its namespace with -n, or look everywhere with -A; `kubectl get deployments -A` shows what runs.",
        )


@click.command()
@options.selection
@options.output
def demo(
    select: tuple[str, ...],
    ignore: tuple[str, ...],
    outputs: tuple[str, ...],
    fail_on: str,
    accept_unknown: bool,
    verbose: bool,
    color: bool | None,
) -> None:
    """Run on an example hub with several faults; no cluster needed.

    The hub is a file of this package. Everything but the reading is what `run` does.
    """
    wanted = options.parse_outputs(outputs)
    registry = load()
    reader = demo_reader()
    report = run_checks(registry, registry.select(select, ignore), reader, Scope(default_namespace=reader.namespace))
    report.fail_on, report.accept_unknown = fail_on, accept_unknown
    deliver(report, wanted, color=color, verbose=verbose)
    sys.exit(report.exit_code)


def demo_reader() -> Reader:
    """The example hub."""
    from importlib import resources

    from jhubdoctor.testing import Example

    reader = Example(resources.files("jhubdoctor.example").joinpath("demo.yaml").read_text(encoding="utf-8")).reader()
    reader.context = "demo"
    return reader
