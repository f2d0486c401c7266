"""How a command reaches a cluster, and shows what it is doing."""

from __future__ import annotations

import sys
from collections.abc import Callable

from jhubdoctor.commands import options
from jhubdoctor.sources.reader import Reader


class Progress:
    """One line on standard error that is overwritten, on a terminal alone."""

    def __init__(self, *, on: bool | None = None) -> None:
        self.on = sys.stderr.isatty() if on is None else on

    def __call__(self, text: str) -> None:
        """Show what is being done."""
        if self.on:
            sys.stderr.write(f"\r\x1b[K{text} ...")
            sys.stderr.flush()

    def say(self, text: str) -> None:
        """Say something that stays, on a line of its own."""
        self.clear()
        options.say(text)

    def clear(self) -> None:
        """Take the line away."""
        if self.on:
            sys.stderr.write("\r\x1b[K")
            sys.stderr.flush()


def live(kubeconfig: str | None, context: str | None, timeout: float, concurrency: int) -> Callable[[], Reader]:
    """What connects to a live cluster, anew at each call."""

    def connect() -> Reader:
        from jhubdoctor.sources.live import LiveReader

        reader = LiveReader(kubeconfig, context, timeout=timeout, concurrency=concurrency)
        reader.connect()
        return reader

    return connect
