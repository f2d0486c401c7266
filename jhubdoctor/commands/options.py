"""Options that several commands share, spelled as kubectl spells them."""

from __future__ import annotations

import re
from collections.abc import Callable
from pathlib import Path
from typing import Any, TypeVar

import click

from jhubdoctor.commands import complete
from jhubdoctor.model.errors import UsageError
from jhubdoctor.model.words import closest
from jhubdoctor.report import FORMATS

F = TypeVar("F", bound=Callable[..., Any])


def _all(function: F, options: list[Callable[[F], F]]) -> F:
    for option in reversed(options):
        function = option(function)
    return function


def selection(function: F) -> F:
    """--select, --ignore."""
    return _all(
        function,
        [
            click.option(
                "--select",
                multiple=True,
                metavar="ID|AREA",
                shell_complete=complete.selections,
                help="Only these checks or areas (comma, or repeat).",
            ),
            click.option(
                "--ignore",
                multiple=True,
                metavar="ID|AREA",
                shell_complete=complete.selections,
                help="Not these checks or areas.",
            ),
        ],
    )


SHORTEST = 0.1
"""Seconds between two looks at least."""
_UNITS = {"ms": 0.001, "s": 1.0, "m": 60.0, "h": 3600.0, "d": 86400.0}


def duration(text: str) -> float:
    """A span of time in seconds, from how Go and kubectl write it: 30s, 10m, 1h30m; a number alone is seconds."""
    if re.fullmatch(r"\d+(\.\d+)?", text):
        return float(text)
    parts = re.findall(r"(\d+(?:\.\d+)?)(ms|s|m|h|d)", text)
    if not parts or "".join(n + u for n, u in parts) != text:
        raise click.BadParameter(f"{text!r} is no span of time. Write it as 30s, 10m or 1h30m.")
    return sum(float(n) * _UNITS[u] for n, u in parts)


def interval(text: str) -> float:
    """A span of time that lets the API server rest."""
    seconds = duration(text)
    if seconds < SHORTEST:
        raise click.BadParameter(f"{text!r} is too short.")
    return seconds


def clusters(function: F) -> F:
    """--context (repeatable), --all-contexts, --parallel."""
    return _all(
        function,
        [
            click.option(
                "--context",
                "context_names",
                multiple=True,
                metavar="NAME",
                shell_complete=complete.contexts,
                help="The kubeconfig context. Repeatable.",
            ),
            click.option("--all-contexts", is_flag=True, help="Look at the clusters of all contexts."),
            click.option(
                "--parallel",
                type=click.IntRange(1, 64),
                default=4,
                show_default=True,
                help="Clusters side by side at most.",
            ),
        ],
    )


def again(function: F) -> F:
    """--wait, --watch, --interval."""
    return _all(
        function,
        [
            click.option(
                "--wait",
                type=duration,
                metavar="TIME",
                help="Look until all is well, or for so long (10m): after helm upgrade.",
            ),
            click.option("--watch", is_flag=True, help="Look again and again, and print what changes."),
            click.option(
                "--interval",
                type=interval,
                metavar="TIME",
                help="Between two looks of --wait (5s) and --watch (30s).",
            ),
        ],
    )


def configuration(function: F) -> F:
    """--config."""
    return click.option(
        "--config",
        "config_path",
        metavar="PATH",
        help="The configuration; jhubdoctor.toml or pyproject.toml of this folder otherwise.",
    )(function)


def settings(function: F) -> F:
    """--config, --baseline."""
    baseline = click.option(
        "--baseline", "baseline_path", metavar="PATH", help="A JSON report: only what is new fails."
    )
    return configuration(baseline(function))


def privacy(function: F) -> F:
    """--redact-users."""
    return click.option("--redact-users", is_flag=True, help="Write stable pseudonyms instead of the names of users.")(
        function
    )


def kept(function: F) -> F:
    """--from, --redact-users."""
    return click.option(
        "--from",
        "from_path",
        metavar="PATH",
        help="Not a cluster, but a bundle of collect, a dump of kubectl, or a support bundle.",
    )(privacy(function))


def say(text: str) -> None:
    """Tell people something, on standard error."""
    from jhubdoctor.privacy.text import clean

    click.echo(f"jhubdoctor: {clean(text)}", err=True)


def connection(function: F) -> F:
    """--kubeconfig, --context, --timeout, --concurrency."""
    context = click.option(
        "--context",
        "context_name",
        metavar="NAME",
        shell_complete=complete.contexts,
        help="The kubeconfig context.",
    )
    return context(access(function))


def access(function: F) -> F:
    """--kubeconfig, --timeout, --concurrency."""
    return _all(
        function,
        [
            click.option(
                "--kubeconfig", metavar="PATH", help="The kubeconfig; KUBECONFIG and ~/.kube/config otherwise."
            ),
            click.option(
                "--timeout",
                type=click.FloatRange(min=1),
                default=60.0,
                show_default=True,
                metavar="SECONDS",
                help="For the whole run; what is not read by then is unknown.",
            ),
            click.option(
                "--concurrency",
                type=click.IntRange(1, 64),
                default=8,
                show_default=True,
                help="Requests in flight at most.",
            ),
        ],
    )


def scope(function: F) -> F:
    """-n, -A, --release."""
    return _all(
        function,
        [
            click.option(
                "-n",
                "--namespace",
                metavar="NAME",
                shell_complete=complete.namespaces,
                help="Look in this namespace alone.",
            ),
            click.option("-A", "--all-namespaces", is_flag=True, help="Look for hubs in all namespaces."),
            click.option("--release", metavar="NAME", help="Only the hub of this Helm release."),
        ],
    )


def output(function: F) -> F:
    """-o, --fail-on, --accept-unknown, --verbose, --color."""
    return _all(
        function,
        [
            click.option(
                "-o",
                "--output",
                "outputs",
                multiple=True,
                metavar="FORMAT[=PATH]",
                shell_complete=complete.formats,
                help=f"{', '.join(FORMATS)}; to standard output, or to a file. Repeatable.",
            ),
            click.option(
                "--fail-on",
                type=click.Choice(["error", "warning", "info", "never"]),
                default="error",
                show_default=True,
                help="Exit 1 for findings of this severity and above.",
            ),
            click.option("--accept-unknown", is_flag=True, help="Do not exit 3 when a check could not look."),
            click.option("-v", "--verbose", is_flag=True, help="Also show checks that are fine, and what was read."),
            click.option("--color/--no-color", default=None, help="Colours; on a terminal by default, see NO_COLOR."),
        ],
    )


def least(function: F) -> F:
    """--min-severity."""
    # what is found is imported by commands that look, not by `explain`
    from jhubdoctor.model.finding import Severity

    return click.option(
        "--min-severity",
        type=click.Choice([s.value for s in Severity]),
        help="Show findings of this severity and above, in all formats; info shows advice in full.",
    )(function)


def patch(function: F) -> F:
    """--patch."""
    return click.option(
        "--patch",
        "patch_path",
        metavar="FILE",
        help="Also write the values of all fixes to FILE, in one, for `helm upgrade --values`; of several hubs each to "
        "its own file beside it.",
    )(function)


def parse_outputs(outputs: tuple[str, ...]) -> list[tuple[str, str | None]]:
    """`json`, `json=report.json` as (format, path).

    Raises:
        UsageError: for an unknown format, or two documents on standard output or in one file.
    """
    found: list[tuple[str, str | None]] = []
    taken: dict[Path, str] = {}
    for entry in outputs or ("text",):
        name, _, path = entry.partition("=")
        if name not in FORMATS:
            close = closest(name, FORMATS)
            meant = f"Did you mean {close[0]!r}? " if close else ""
            raise UsageError(f"There is no format {name!r}.", f"{meant}Choose one of {', '.join(FORMATS)}.")
        if "=" in entry and not path:
            raise UsageError(f"-o {entry} names no file.", f"Write -o {name}=PATH, or -o {name} for standard output.")
        if path not in {"", "-"}:
            # what is written replaces a link itself, not what it leads to
            place = Path(path).parent.resolve() / Path(path).name
            if other := taken.get(place):
                raise UsageError(f"-o {other} and -o {entry} name one file.", "Give each a file of its own.")
            taken[place] = entry
        found.append((name, path or None))
    if sum(path in {None, "-"} for _, path in found) > 1:
        raise UsageError("Only one report can go to standard output.", "Send the others to files: -o json=report.json.")
    return found
