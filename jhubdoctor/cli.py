"""The entry point of the command line."""

from __future__ import annotations

import sys

from jhubdoctor import __version__
from jhubdoctor.output import standard_output


def main() -> None:
    """The entry point. Exit codes: 0 fine, 1 findings, 2 wrong usage, 3 no verdict."""
    with standard_output():
        if sys.argv[1:] == ["--version"]:
            # answered before anything else is imported
            sys.stdout.write(f"jhubdoctor {__version__}\n")
            return
        from jhubdoctor.commands import group

        group.cli(prog_name="jhubdoctor")
