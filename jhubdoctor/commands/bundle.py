"""`collect` and `diff`: what a run read, kept in a file, and what changed between two."""

from __future__ import annotations

import sys
from pathlib import Path

import click

from jhubdoctor.commands import options
from jhubdoctor.commands.connect import Progress, live
from jhubdoctor.commands.deliver import color_wanted, write_bytes
from jhubdoctor.engine.declare import Check
from jhubdoctor.engine.registry import Registry, load
from jhubdoctor.model.errors import DoctorError, UsageError
from jhubdoctor.model.hub import Scope
from jhubdoctor.privacy.text import clean
from jhubdoctor.report.difference import Side, compare, render_json, render_text, side
from jhubdoctor.report.json_v1 import as_dict
from jhubdoctor.sources import bundle
from jhubdoctor.sources.kept import Collected
from jhubdoctor.sources.reads import ReadState
from jhubdoctor.visits.kept import from_file, gather, without_users
from jhubdoctor.visits.visit import Visit, describe_search


@click.command()
@options.connection
@options.scope
@options.selection
@options.privacy
@click.option("-o", "--output", "path", metavar="FILE", help="Where to write; jhubdoctor-TIME.tar.gz otherwise.")
def collect(
    *,
    kubeconfig: str | None,
    context_name: str | None,
    timeout: float,
    concurrency: int,
    namespace: str | None,
    all_namespaces: bool,
    release: str | None,
    select: tuple[str, ...],
    ignore: tuple[str, ...],
    redact_users: bool,
    path: str | None,
) -> None:
    """Write what the checks read to a file, without secrets.

    `jhubdoctor run --from FILE` finds in it what a run would find now. How it is made:
    https://jhubdoctor.readthedocs.io/en/latest/bundles/
    """
    registry = load()
    checks = registry.select(select, ignore)
    connect = live(kubeconfig, context_name, timeout, concurrency)
    visit = Visit(registry, checks, connect, Scope(namespace, all_namespaces, release), concurrency)
    progress = Progress()
    try:
        report, kept = gather(visit, progress=progress)
    finally:
        progress.clear()
    if redact_users:
        kept = without_users(kept)
    body = bundle.dumps(kept)
    place = path or f"jhubdoctor-{kept.taken_at:%Y%m%d-%H%M%S}.tar.gz"
    if place == "-":
        sys.stdout.buffer.write(body)
        sys.stdout.flush()
    else:
        write_bytes(place, body)
    _tell(place, kept, len(body))
    if not report.hubs:
        raise DoctorError(
            f"No hub was found in {describe_search(kept.scope)}; the file was written all the same.",
            "Name its namespace with -n, or look everywhere with -A.",
        )


def _tell(place: str, kept: Collected, size: int) -> None:
    missing = sum(a.state is not ReadState.OK for a in kept.answers.values())
    name = "The bundle" if place == "-" else place
    options.say(
        f"{name} holds {len(kept.answers)} answers ({-(-size // 1024)} KiB), {missing} of them only say why not."
    )
    if kept.users:
        options.say("Names of users are pseudonyms. Look through it before you share it; a name may hide in a text.")
    else:
        options.say("It names users and pods. Look through it before you share it, or use --redact-users.")


@click.command()
@click.argument("a", metavar="A")
@click.argument("b", metavar="B")
@options.selection
@click.option(
    "-o",
    "--output",
    "form",
    type=click.Choice(["text", "json"]),
    default="text",
    show_default=True,
    help="How to tell.",
)
@click.option(
    "--fail-on",
    type=click.Choice(["error", "warning", "info", "never"]),
    default="error",
    show_default=True,
    help="Exit 1 where something of this severity and above is new.",
)
@click.option("--accept-unknown", is_flag=True, help="Do not exit 3 when something cannot be compared.")
@click.option("--color/--no-color", default=None, help="Colours; on a terminal by default, see NO_COLOR.")
def diff(
    a: str,
    b: str,
    select: tuple[str, ...],
    ignore: tuple[str, ...],
    form: str,
    fail_on: str,
    accept_unknown: bool,
    color: bool | None,
) -> None:
    """Say what changed between two bundles or JSON reports.

    A is the earlier one. Findings are the same where their fingerprints are.
    """
    registry = load()
    checks = registry.select(select, ignore)
    difference = compare(_side(a, registry, checks), _side(b, registry, checks))
    text = render_json(difference) if form == "json" else render_text(difference, color=color_wanted(color))
    sys.stdout.write(text)
    sys.stdout.flush()
    sys.exit(difference.exit_code(fail_on, accept_unknown=accept_unknown))


def _side(path: str, registry: Registry, checks: list[Check]) -> Side:
    """A report, or the report of a bundle.

    Raises:
        UsageError: where there is no such file.
        DoctorError: where it is neither.
    """
    place = clean(Path(path).name or path, 200)
    try:
        with Path(path).open("rb") as stream:
            head = stream.read(4096).lstrip()
            text = head + stream.read() if head[:1] == b"{" and b'"jhubdoctor-report-v' in head else b""
    except OSError as e:
        raise UsageError(
            f"{path} cannot be read: {e.strerror or type(e).__name__}.", "Name a bundle or a report."
        ) from e
    if text:
        return side(place, text.decode(errors="replace"))
    visit = from_file(Visit(registry, checks, lambda: bundle.open_reader(path)), path)
    report, _ = visit.look()
    return Side(place, as_dict(report))
