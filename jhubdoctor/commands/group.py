"""The group of all commands, and how errors leave it: one sentence on standard error, the next step, an exit code."""

from __future__ import annotations

import importlib
import sys
from typing import Any, NoReturn

import click

from jhubdoctor import __version__, output
from jhubdoctor.commands import COMMANDS
from jhubdoctor.model.errors import DoctorError, UsageError
from jhubdoctor.model.words import closest
from jhubdoctor.output import NO_VERDICT

WRONG_USAGE = 2


class LazyGroup(click.Group):
    """A group that imports a command when it is called."""

    def list_commands(self, ctx: click.Context) -> list[str]:  # noqa: ARG002  - click's signature
        """All names, in the order in which they are told."""
        return list(COMMANDS)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:  # noqa: ARG002
        """The command of this name."""
        if cmd_name not in COMMANDS:
            return None
        module, _, attribute = COMMANDS[cmd_name][0].partition(":")
        command: click.Command = getattr(importlib.import_module(module), attribute)
        return command

    def resolve_command(
        self, ctx: click.Context, args: list[str]
    ) -> tuple[str | None, click.Command | None, list[str]]:
        """As click does; a mistyped name gets the closest."""
        name = str(args[0])
        if name not in COMMANDS and not name.startswith("-"):
            close = closest(name, COMMANDS, 1, 0.5)
            hint = f"Did you mean {close[0]!r}?" if close else "`jhubdoctor --help` names all."
            raise UsageError(f"There is no command {name!r}.", hint)
        return super().resolve_command(ctx, args)

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:  # noqa: ARG002
        """The list of commands in `--help`."""
        with formatter.section("Commands"):
            formatter.write_dl([(name, text) for name, (_, text) in COMMANDS.items()])

    def invoke(self, ctx: click.Context) -> Any:
        """Run a command; what a user can cause is a sentence, not a traceback."""
        try:
            return super().invoke(ctx)
        except UsageError as e:
            fail(e, WRONG_USAGE)
        except DoctorError as e:
            fail(e, NO_VERDICT)
        except KeyboardInterrupt:
            click.echo("jhubdoctor: interrupted", err=True)
            sys.exit(130)
        except BrokenPipeError:
            # the reader of our output went away (`| head`)
            sys.stderr.close()
            sys.exit(141)
        except OSError as e:
            if not output.lost(e):
                crash(e)
            raise
        except (click.ClickException, click.exceptions.Exit, click.Abort):
            raise
        except Exception as e:  # noqa: BLE001  - a fault of ours; Python would exit with the code that says "findings"
            crash(e)


def fail(error: DoctorError, code: int) -> None:
    """Say what went wrong and what to do next, on standard error, and end."""
    from jhubdoctor.privacy.text import clean

    click.echo(f"jhubdoctor: {clean(error.what)}", err=True)
    if error.next_step:
        click.echo(f"  {clean(error.next_step)}", err=True)
    sys.exit(code)


def crash(error: Exception) -> NoReturn:
    """Say that it is our fault, with a text to report it: places and versions, and nothing that was read."""
    from jhubdoctor.engine import bug

    text = bug.prepared(["jhubdoctor stopped:", *(f"  {place}" for place in bug.trace(error))])
    click.echo(f"jhubdoctor: a fault of its own stopped it ({bug.where(error)}).", err=True)
    click.echo(f"  Please report it at {bug.ISSUES} with this text:\n", err=True)
    click.echo("".join(f"    {line}".rstrip() + "\n" for line in text.splitlines()), err=True, nl=False)
    sys.exit(NO_VERDICT)


@click.group(cls=LazyGroup, context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 100})
@click.version_option(__version__, message="jhubdoctor %(version)s")
def cli() -> None:
    """The doctor for JupyterHub on Kubernetes: names the root cause, shows the evidence, prints the fix.

    It only ever reads. Exit codes: 0 nothing at or above --fail-on, 1 findings, 2 wrong usage, 3 no verdict.
    """
