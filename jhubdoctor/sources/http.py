"""Answers over HTTP, and in words why there is none."""

from __future__ import annotations

import logging
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from queue import Empty, SimpleQueue
from typing import Any, TypeVar, cast

import msgspec
import urllib3

from jhubdoctor.privacy.logs import message
from jhubdoctor.sources.reads import Answer, ReadState

T = TypeVar("T")
TRIES = 3
POLL = 0.1
"""Seconds until a wait learns that nobody waits for it any more."""


class _Status(msgspec.Struct):
    message: str = ""


class Reply:
    """An HTTP answer: status, body or what was made of it, and what the headers say of retrying."""

    __slots__ = ("body", "cut", "found", "retry_after", "status")

    def __init__(
        self, status: int, body: bytes, retry_after: float | None, *, found: Any = None, cut: bool = False
    ) -> None:
        self.status = status
        self.body = body
        self.found = found
        self.retry_after = retry_after
        self.cut = cut
        """Whether the end is missing."""


class NoAnswer(Exception):  # noqa: N818  - becomes an Answer
    """No HTTP answer: why."""

    def __init__(self, detail: str, *, retry: bool) -> None:
        super().__init__(detail)
        self.retry = retry


def bounded(function: Callable[[], T], seconds: float, stop: threading.Event | None = None) -> T:
    """The result of a function; a TimeoutError where it takes longer, or where `stop` is set before.

    What it is still doing is left to a daemon.
    """
    box: SimpleQueue[tuple[T | None, BaseException | None]] = SimpleQueue()

    def work() -> None:
        try:
            box.put((function(), None))
        except BaseException as e:  # noqa: BLE001  - it is raised again in the caller's thread
            box.put((None, e))

    threading.Thread(target=work, name="request", daemon=True).start()
    until = time.monotonic() + max(seconds, 0)
    while True:
        left = until - time.monotonic()
        try:
            value, error = box.get(timeout=max(min(left, POLL), 0) if stop else max(left, 0))
            break
        except Empty:
            if stop is None or stop.is_set() or left <= POLL:
                raise TimeoutError from None
    if error is not None:
        raise error
    return cast("T", value)


@contextmanager
def logged() -> Iterator[list[str]]:
    """What the kubernetes package logs, kept from standard error: it logs why a credential plugin failed."""
    lines: list[str] = []
    handler = logging.Handler(logging.WARNING)
    handler.emit = lambda record: lines.append(record.getMessage())  # type: ignore[method-assign]
    root = logging.getLogger()
    root.addHandler(handler)
    try:
        yield lines
    finally:
        root.removeHandler(handler)


def status_message(body: bytes) -> str:
    """The message of a Status, empty where it is none."""
    try:
        return msgspec.json.decode(body, type=_Status).message
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        return ""


def failure(reply: Reply) -> Answer:
    """An HTTP status that is no answer, as a state."""
    told = message(status_message(reply.body))
    code = f"HTTP {reply.status}"
    detail = f"{code}: {told}" if told else code
    if reply.status in {401, 403}:
        return Answer(ReadState.FORBIDDEN, [], detail=detail)
    if reply.status in {404, 406, 405, 410}:
        return Answer(ReadState.ABSENT, [], detail=detail)
    if reply.status == 429 or reply.status >= 500:
        return Answer(ReadState.TIMEOUT, [], detail=f"{detail} (after {TRIES} tries)")
    if 300 <= reply.status < 400:
        return Answer(ReadState.MALFORMED, [], detail=f"{code}: it sends us elsewhere (a proxy's login page?)")
    return Answer(ReadState.MALFORMED, [], detail=detail)


def reason(error: Exception, waited: float) -> tuple[str, bool]:
    """What went wrong with a connection after so many seconds, in words, and whether another try makes sense."""
    text = str(error)
    # a refused connection and an unknown name are timeouts too, by their classes
    failed = isinstance(error, urllib3.exceptions.NewConnectionError)
    if isinstance(error, urllib3.exceptions.ConnectTimeoutError) and not failed:
        return f"no connection within {waited:.0f} s", False
    if isinstance(error, (urllib3.exceptions.ReadTimeoutError, TimeoutError)):
        return f"no answer within {waited:.0f} s", False
    if isinstance(error, urllib3.exceptions.SSLError) or "SSL" in type(error).__name__:
        return _tls_reason(text), "EOF" in text
    for signs, reason, retry in _BROKEN:
        if any(sign in text or sign in type(error).__name__ for sign in signs):
            return reason, retry
    return f"the connection failed ({type(error).__name__})", True


def _tls_reason(text: str) -> str:
    if "certificate has expired" in text:
        return "its certificate has expired"
    if "ostname mismatch" in text or "IP address mismatch" in text or "doesn't match" in text:
        return "its certificate is for another name"
    if "CERTIFICATE_VERIFY_FAILED" in text:
        return "its certificate is not signed by the authority that the kubeconfig names"
    if "certificate" in text.lower() and "alert" in text.lower():
        return "it refused the client certificate (expired, or of another cluster)"
    if "EOF" in text:
        return "it closed the connection in the TLS handshake (it may have refused the client certificate)"
    return "the TLS handshake failed"


_BROKEN = (
    (("Name or service not known", "getaddrinfo", "NameResolution"), "its name cannot be resolved", False),
    (("refused",), "the connection was refused", True),
    (("No route to host", "unreachable"), "there is no route to it", False),
    (("IncompleteRead", "reset", "RemoteDisconnected"), "the connection was reset", True),
    (("DecodeError",), "its compressed answer was broken", True),
)


def retry_after(header: str | None) -> float | None:
    """Retry-After: seconds, or a date. At most half a minute, for a run has little more."""
    if not header:
        return None
    try:
        seconds = float(header)
    except ValueError:
        try:
            seconds = (parsedate_to_datetime(header) - datetime.now(UTC)).total_seconds()
        except (ValueError, TypeError, OverflowError):
            return None
    return min(max(seconds, 0.0), 30.0) if seconds == seconds else None  # noqa: PLR0124  - not a number
