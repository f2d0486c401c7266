"""Reads from a live cluster: raw bytes from the API server, decoded into the structs of `jhubdoctor.model.kube`.

Decoding a big namespace with the models of the kubernetes package takes most of a minute.
"""

from __future__ import annotations

import random
import re
import sys
import threading
import time
import zlib
from collections.abc import Callable, Collection, Iterator, Mapping
from concurrent.futures import Future, ThreadPoolExecutor
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from functools import partial
from typing import Any, cast
from urllib.parse import urlencode

import urllib3

from jhubdoctor import __version__
from jhubdoctor.model.errors import DoctorError, NotNowError
from jhubdoctor.model.kube.meta import Object, PartialObject
from jhubdoctor.privacy.logs import log_end, masked
from jhubdoctor.privacy.objects import sanitize
from jhubdoctor.privacy.text import brief, clean
from jhubdoctor.sources import bounds
from jhubdoctor.sources.bounds import Allowance, TooMuch, plausible
from jhubdoctor.sources.decode import NotJSON, decode_item, decode_page
from jhubdoctor.sources.http import (
    TRIES,
    NoAnswer,
    Reply,
    bounded,
    failure,
    logged,
    reason,
    retry_after,
    status_message,
)
from jhubdoctor.sources.kubeconfig import end_plugins, load, pool
from jhubdoctor.sources.reader import Reader
from jhubdoctor.sources.reads import READS, Answer, Query, ReadState
from jhubdoctor.sources.shapes import GONE, no_log, path_answer
from jhubdoctor.sources.table import NARROWER, SLICES, UNTABLED, Table, read_table
from jhubdoctor.sources.together import Together

PAGE = 500
SAMPLE = 250
EVENT_PAGES = 4
EXAMINED = 50
SICK_PAGES = 4
REQUEST_TIMEOUT = 15.0
CONNECT_TIMEOUT = 5.0
CHUNK = 2**18
LOG_SECONDS = 24 * 3600
LOG_KEEP = 4 * 2**20
LOG_READ = 64 * 2**20
MOST_PAGES = 1000
BACKOFF = 0.25
# What a request may take beyond its limit, to end by itself and say why.
GRACE = 0.25
_HEADER = re.compile(r"[\t\x20-\x7e\xa0-\xff]*")
_TABLE = "application/json;as=Table;g=meta.k8s.io;v=v1,application/json"
FEWER = 10
"""So many times fewer objects are asked for where a page of them is too large."""
ROWS = {"limit": "5000"}
UNENDING = "its pages do not end"
UNVERIFIED = "The kubeconfig turns TLS verification off: what was read may come from another server."
_METADATA = "application/json;as=PartialObjectMetadataList;g=meta.k8s.io;v=v1,application/json"


Body = bytes | bytearray


class LiveReader(Reader):
    """A cluster, through a kubeconfig or the service account of the pod we run in.

    Args:
        kubeconfig: a path (or several, joined as in KUBECONFIG); None for KUBECONFIG, ~/.kube/config, in-cluster.
        context: a context's name; None for the current one.
        timeout: seconds for the whole run; what is not read by then is out of time.
        concurrency: the most requests in flight.

    Raises:
        DoctorError: where the configuration cannot be used.
    """

    source = "live"

    def __init__(
        self,
        kubeconfig: str | None = None,
        context: str | None = None,
        *,
        timeout: float = 60.0,
        concurrency: int = 8,
    ) -> None:
        self._deadline = time.monotonic() + timeout
        self._configuration, self.context, self.namespace = _credentials(kubeconfig, context, timeout)
        if _attended():
            # somebody may have signed in at a prompt: that took their time, not the cluster's
            self._deadline = time.monotonic() + timeout
        self._configuration.connection_pool_maxsize = self._concurrency = concurrency
        self._slots = threading.BoundedSemaphore(concurrency)
        self._pool = pool(self._configuration)
        self._host = str(self._configuration.host).rstrip("/")
        # somebody may have written a password into the address
        self._shown = brief(self._host)
        self._allowance = Allowance()
        self._lock = threading.Lock()
        self._stop = threading.Event()
        self._signing = threading.Lock()
        self._now: datetime | None = None
        self._first: Reply | None = None
        self._together = Together(self._ask, self._list)
        self.requests = 0
        self.bytes_read = 0
        self.verified = bool(self._configuration.verify_ssl)
        self.notices = () if self.verified else (UNVERIFIED,)

    # --- what facts ask for ------------------------------------------------------------------------------------------

    def connect(self) -> None:
        """Ask for /version, to fail early and clearly.

        Raises:
            DoctorError: when the cluster cannot be reached or the credentials are refused.
        """
        try:
            reply = self._first = self._patiently("/version")
        except NoAnswer as e:
            raise NotNowError(
                f"The cluster at {self._shown} cannot be reached: {e}.",
                "Check the context (kubectl config current-context) and the network, then try again.",
            ) from e
        if reply.status == 401:
            raise DoctorError(
                f"The cluster at {self._shown} refused the credentials (HTTP 401).",
                "They may have expired: sign in again as your provider says, then try `kubectl auth whoami`.",
            )

    def close(self) -> None:
        """Close the connections."""
        self._pool.clear()

    def cancel(self) -> None:
        """Ask for nothing more, and wait for nothing that is under way."""
        self._deadline = time.monotonic()
        self._stop.set()

    def now(self) -> datetime:
        """The cluster's clock, from the Date header of its first answer: a laptop's clock may be wrong."""
        with self._lock:
            if self._now is None:
                self._now = datetime.now(UTC)
            return self._now

    def answer(self, query: Query) -> Answer:
        """What the server says."""
        return self._together.answer(query)

    def expect(self, hubs: Mapping[str, Collection[str]]) -> None:
        """Say of which namespaces the same will be asked, and which releases lie there."""
        self._together.expect(hubs)

    def _ask(self, query: Query) -> Answer:
        return {"list": self._list, "object": self._object, "path": self._path, "log": self._log}[query.asks](query)

    def _list(self, query: Query, most: int | None = None) -> Answer:
        """All pages, or so many at most; a token that expired midway (410) starts the list again once."""
        read = READS[query.read]
        fetch = self._survey if query.survey else partial(self._pages, most=most)
        for version in read.versions:
            answer = fetch(query, read.path(version, query.namespace))
            if answer.state is not ReadState.ABSENT:
                return answer
        return answer

    def _object(self, query: Query) -> Answer:
        """One object."""
        read = READS[query.read]
        for version in read.versions:
            answer = self._one(read.type, read.path(version, query.namespace, query.name))
            if answer.state is not ReadState.ABSENT:
                return answer
        return answer

    def _path(self, query: Query) -> Answer:
        """The text of a path. A health endpoint that answers 500 with its list of items has answered."""
        known = self._first if query.name == "/version" else None  # asked already, by connect()
        # of what is megabytes what is kept is ASCII
        large = bool(READS[query.read].keep)

        def told(body: Body) -> Answer:
            if not large:
                plausible(body)
            return path_answer(query, body.decode("latin-1" if large else "utf-8", errors="replace"))

        try:
            reply = known or self._patiently(
                query.name, "application/json, */*", most=bounds.METRICS if large else bounds.TEXT, read=told
            )
            if reply.status == 200:
                return cast("Answer", reply.found) or told(reply.body)
            return told(reply.body) if _is_health(reply.body) else failure(reply)
        except (NoAnswer, TooMuch) as e:
            return Answer(ReadState.TIMEOUT, [], detail=str(e))

    def _log(self, query: Query) -> Answer:
        """The last day's last lines of a container, at most 4 MiB of them."""
        pod, container, *previous = query.name.split("/")
        parameters: dict[str, str] = {
            "container": container,
            "tailLines": str(query.lines),
            "sinceSeconds": str(LOG_SECONDS),
            "timestamps": "true",
        }
        if previous:
            # the run before may have ended long ago: its end is what matters, whenever that was
            del parameters["sinceSeconds"]
            parameters["previous"] = "true"
        path = READS["pods/log"].path("v1", query.namespace, pod) + "?" + urlencode(parameters)

        def told(body: Body) -> tuple[str, str]:
            text = body.decode(errors="replace")
            why = no_log(text)
            return why, "" if why else log_end(text, query.lines)

        try:
            reply = self._patiently(path, "*/*", keep_end=True, read=lambda b: self._allowance.kept(partial(told, b)))
        except (NoAnswer, TooMuch) as e:
            return Answer(ReadState.TIMEOUT, [], detail=str(e))
        if reply.status == 400 and b'"Status"' in reply.body[:4000]:
            # "container ... is waiting to start", "previous terminated container ... not found"
            return Answer(ReadState.OK, [])
        if reply.status == 404 and b'"Status"' in reply.body[:4000] and b"not found" in reply.body[:4000]:
            return Answer(ReadState.OK, [])
        if reply.status != 200:
            return failure(reply)
        why, text = reply.found
        if why:
            # what a container logs now is of use without what it logged before it was restarted
            state, text = (ReadState.TRUNCATED, "\n") if previous and why == GONE else (ReadState.MALFORMED, "")
            return Answer(state, [], text, why)
        if reply.cut:
            return Answer(ReadState.TRUNCATED, [], text, "its end was not reached: it is too long, or came too slowly")
        return Answer(ReadState.OK, [], text)

    # --- lists and objects -------------------------------------------------------------------------------------------

    def _pages(
        self,
        query: Query,
        path: str,
        most: int | None = None,
        size: int = PAGE,
        more: Callable[[], None] = lambda: None,
    ) -> Answer:
        """All pages of a list, or the first few; `surveyed` is set where there are more.

        `more` is called as soon as it is known that the first page is not all. A page may be empty although others
        follow, where all of its objects are filtered out: the token alone says whether that was all.
        """
        pages = asked = 0
        items: list[Any] = []
        left_out = 0
        token = ""
        restarted = False
        parameters: dict[str, str] = {"limit": str(size)}
        if query.labels:
            parameters["labelSelector"] = query.labels
        if query.fields:
            parameters["fieldSelector"] = query.fields
        accept = _METADATA if query.metadata_only else "application/json"
        kind = PartialObject if query.metadata_only else READS[query.read].type
        decoded = self._decoder(kind)
        while True:
            extra = {"continue": token} if token else {}
            try:
                reply = self._patiently(f"{path}?{urlencode({**parameters, **extra})}", accept, read=decoded)
            except (NoAnswer, NotJSON, TooMuch) as e:
                if isinstance(e, TooMuch) and (size := size // FEWER) and not self._allowance.spent:
                    # objects may be large: fewer of them at a time
                    parameters["limit"] = str(size)
                    continue
                state = ReadState.TIMEOUT if isinstance(e, NoAnswer) else ReadState.MALFORMED
                return Answer(ReadState.TRUNCATED if items else state, items, detail=str(e), left_out=left_out)
            if reply.status == 410 and token and not restarted:
                items, left_out, token, restarted, pages = [], 0, "", True, 0
                continue
            if reply.status != 200:
                failed = failure(reply)
                # what had a first page is served, whatever its later pages say
                if items or (token and failed.state is ReadState.ABSENT):
                    return Answer(ReadState.TRUNCATED, items, detail=failed.detail, left_out=left_out)
                return failed
            found, bad, following = reply.found
            items += found
            left_out += bad
            pages += bool(found or bad)
            asked += 1
            if following and (following == token or asked >= MOST_PAGES):
                return Answer(ReadState.TRUNCATED, items, detail=UNENDING, left_out=left_out)
            token = following
            if token and asked == 1:
                more()
            if not token or pages == most:
                state = ReadState.MALFORMED if left_out else ReadState.OK
                detail = f"{left_out} object(s) could not be understood and were left out" if left_out else ""
                return Answer(state, items, detail=detail, left_out=left_out, surveyed=len(items) if token else 0)

    def _survey(self, query: Query, path: str) -> Answer:
        """A kind of which there may be very many: all of them where they fit a page or few, else those not well.

        What the others are is told by the server's own Table of all, which is a hundredth of the size.
        """
        pool = ThreadPoolExecutor(self._concurrency)
        try:
            return self._surveyed(query, path, pool)
        finally:
            # what is under way and not wanted any more may end by itself
            pool.shutdown(wait=False, cancel_futures=True)

    def _surveyed(self, query: Query, path: str, pool: ThreadPoolExecutor) -> Answer:
        # an event is a tenth of a pod, and those of an ordinary life tell where the time of a spawn went
        most, size = (EVENT_PAGES, PAGE) if query.read == "events" else (1, SAMPLE)
        parts = partial(self._slice, query, path)
        counting: list[Future[Table | Answer]] = []
        slices: list[Future[Answer]] = []

        def more() -> None:
            """Ask for the rest of a survey while further pages come."""
            if query.read not in UNTABLED:
                counting.append(pool.submit(self._table, query, path))
            slices.extend(pool.submit(parts, fields) for fields in SLICES.get(query.read, ()))

        first = self._pages(query, path, most, size, more)
        if not first.surveyed or first.state is not ReadState.OK:
            return first
        known = {(i.namespace, i.name): i for i in first.items}
        brought = [s.result() for s in slices]
        table = counting[0].result() if counting else None
        if isinstance(table, Answer):
            # a server or proxy that makes no Tables has sent the list itself, or nothing of use
            return (
                table if table.state is ReadState.OK else Answer(ReadState.TRUNCATED, first.items, detail=table.detail)
            )
        if query.read in NARROWER and any(part.surveyed for part in brought):
            brought = list(pool.map(parts, NARROWER[query.read]))
        known |= {(i.namespace, i.name): i for part in brought for i in part.items}
        count, unwell = (table.count, table.unwell) if table else (0, ())
        # a Table does not say of which namespace an object is: where it may be any, one that is known may be another's
        several = READS[query.read].namespaced and query.namespace is None
        there_already = {name for _, name in known}
        names = [n for n in dict.fromkeys(unwell) if several or n not in there_already][:EXAMINED]
        brought += pool.map(parts, [f"metadata.name={n}" for n in names])
        known |= {(i.namespace, i.name): i for part in brought for i in part.items}
        if failed := next((part for part in brought if part.state is not ReadState.OK), None):
            return Answer(ReadState.TRUNCATED, list(known.values()), detail=failed.detail)
        if table and count < len(first.items):
            return Answer(ReadState.TRUNCATED, list(known.values()), detail="its Table does not name all of them")
        seen = {name for _, name in known}
        unseen = [n for n in unwell if n not in seen]
        there = max(count, len(known))
        detail = f"{there} surveyed, {len(known)} examined" if count else f"{len(known)} examined"
        detail += f", {len(unseen)} that are not well left out" if unseen else ""
        return Answer(
            ReadState.TRUNCATED if unseen else ReadState.OK, list(known.values()), detail=detail, surveyed=there
        )

    def _slice(self, query: Query, path: str, fields: str) -> Answer:
        """The objects of a field selector, a few pages at most."""
        return self._pages(Query(query.read, query.namespace, "", query.labels, fields), path, most=SICK_PAGES)

    def _table(self, query: Query, path: str) -> Table | Answer:
        """The server's Table of all objects; an Answer where it sent something else."""
        selector = {"labelSelector": query.labels} if query.labels else {}
        # of its memory the server gives all at once, unless something between makes pages of it
        known, whole = Table(0, ()), {"resourceVersion": "0"}
        decoded = self._decoder(READS[query.read].type)

        def told(body: Body) -> Any:
            plausible(body)
            table = self._allowance.kept(lambda: read_table(query.read, body))
            return decoded(body) if table is None else table

        for _ in range(MOST_PAGES):
            place = {**ROWS, "continue": known.following} if known.following else whole
            parameters = urlencode({**selector, "includeObject": "None", **place})
            try:
                reply = self._patiently(f"{path}?{parameters}", _TABLE, read=told)
            except TooMuch as e:
                if whole != ROWS and not self._allowance.spent:
                    whole = ROWS
                    continue
                return Answer(ReadState.TRUNCATED, [], detail=str(e))
            except (NoAnswer, NotJSON) as e:
                return Answer(ReadState.TRUNCATED, [], detail=str(e))
            if reply.status != 200:
                return failure(reply)
            table = reply.found
            if not isinstance(table, Table):
                found, left_out, following = table
                if following:
                    return self._pages(query, path)
                return Answer(ReadState.MALFORMED if left_out else ReadState.OK, found, left_out=left_out)
            if table.following == known.following != "":
                break
            known = known.and_then(table)
            if not known.following:
                return known
        return Answer(ReadState.TRUNCATED, [], detail=UNENDING)

    def _decoder(self, kind: type[Object]) -> Callable[[Body], tuple[list[Any], int, str]]:
        """What makes structs of a page, within what the run may keep."""

        def decoded(body: Body) -> tuple[list[Any], int, str]:
            plausible(body)
            return self._allowance.kept(lambda: decode_page(kind, body))

        return decoded

    def _one(self, kind: type[Object], path: str) -> Answer:
        def told(body: Body) -> Any:
            plausible(body)
            return self._allowance.kept(lambda: decode_item(kind, body))

        try:
            reply = self._patiently(path, most=bounds.TEXT, read=told)
        except NoAnswer as e:
            return Answer(ReadState.TIMEOUT, [], detail=str(e))
        except (NotJSON, TooMuch) as e:
            return Answer(ReadState.MALFORMED, [], detail=str(e))
        if reply.status == 404:
            # an object that is not there has its name in the message; a kind that is not served has not
            status = status_message(reply.body)
            if '" not found' in status:
                return Answer(ReadState.OK, [])
        if reply.status != 200:
            return failure(reply)
        item = reply.found
        if not item.metadata.name:
            return Answer(ReadState.MALFORMED, [], detail="the object has no name")
        sanitize(item)
        return Answer(ReadState.OK, [item])

    # --- requests ----------------------------------------------------------------------------------------------------

    def _patiently(
        self,
        path: str,
        accept: str = "application/json",
        *,
        keep_end: bool = False,
        most: int = bounds.BODY,
        read: Callable[[Body], Any] | None = None,
    ) -> Reply:
        """A request, tried again after 429, 5xx and broken connections, as long as the run's time allows."""
        for attempt in range(1, TRIES + 1):
            wait = BACKOFF * 2 ** (attempt - 1) * random.uniform(0.8, 1.2)  # noqa: S311
            try:
                reply = self._request(path, accept, keep_end=keep_end, most=most, read=read)
            except NoAnswer as e:
                if attempt == TRIES or not e.retry:
                    raise
            else:
                if _is_health(reply.body) or (reply.status != 429 and reply.status < 500):
                    return reply
                if attempt == TRIES:
                    return reply
                if reply.retry_after is not None:
                    wait = reply.retry_after
            if time.monotonic() + wait >= self._deadline:
                raise NoAnswer("out of time", retry=False)
            self._stop.wait(wait)
        raise AssertionError("unreachable")

    def _request(self, path: str, accept: str = "application/json", **how: Any) -> Reply:
        if not self._slots.acquire(timeout=max(self._deadline - time.monotonic(), 0)):
            raise NoAnswer("out of time", retry=False)
        try:
            left = self._deadline - time.monotonic()
            if left <= 0:
                raise NoAnswer("out of time", retry=False)
            limit = min(REQUEST_TIMEOUT, left)
            start = time.monotonic()
            with self._lock:
                self.requests += 1
            try:
                reply = bounded(lambda: self._exchange(path, accept, limit, **how), limit + GRACE, self._stop)
            except (urllib3.exceptions.HTTPError, OSError) as e:
                detail, retry = reason(e, time.monotonic() - start)
                raise NoAnswer(detail, retry=retry) from e
        finally:
            self._slots.release()
        return reply

    def _exchange(
        self,
        path: str,
        accept: str,
        limit: float,
        *,
        keep_end: bool = False,
        most: int = bounds.BODY,
        read: Callable[[Body], Any] | None = None,
    ) -> Reply:
        """One request and what is made of its answer: both within the time, one after the other where it is large.

        Sockets have their timeouts, but a slow server can stay below each of them.
        """
        until = time.monotonic() + limit
        # compressed, as kubectl asks too: through 20 Mbit/s less than half the time, and no longer on the same machine
        known = {"Accept": accept, "Accept-Encoding": "gzip", "User-Agent": f"jhubdoctor/{__version__}"}
        headers = {**known, **self._authentication()}
        response = self._pool.request(
            "GET",
            self._host + path,
            headers=headers,
            timeout=urllib3.Timeout(connect=min(CONNECT_TIMEOUT, limit), read=limit),
            retries=False,
            redirect=False,
            preload_content=False,
            decode_content=False,
        )
        with self._allowance.alone(until) as alone:
            fine = response.status == 200
            body, cut = self._body(response, until, alone, most=most if fine else bounds.REFUSAL, keep_end=keep_end)
            self._clock(response.headers.get("Date"))
            found = read(body) if fine and read else None
        wait = retry_after(response.headers.get("Retry-After"))
        return Reply(response.status, b"" if fine and read else bytes(body), wait, found=found, cut=cut)

    def _authentication(self) -> dict[str, str]:
        """The Authorization header, refreshed by the configuration's own hook where the credential expires."""
        with self._signing, logged():
            settings = self._configuration.auth_settings()
        # files end in a line break, and so do the tokens that are read from them
        found = {
            s["key"]: str(s["value"]).strip() for s in settings.values() if s.get("in") == "header" and s.get("value")
        }
        if not all(_HEADER.fullmatch(value) for value in found.values()):
            raise NoAnswer("its credentials hold a character that no HTTP header may", retry=False)
        return found

    def _body(
        self, response: Any, until: float, alone: Callable[[], None], *, most: int, keep_end: bool
    ) -> tuple[Body, bool]:
        """The body, and whether its end is missing. Of a log the last part is kept; of the rest only a whole counts."""
        body, total, whole = bytearray(), 0, True
        for chunk in self._chunks(response):
            self._allowance.count(len(chunk))
            total += len(chunk)
            body += chunk
            if keep_end and len(body) > 2 * LOG_KEEP:
                del body[: len(body) - LOG_KEEP]
                whole = False
            if len(body) > bounds.BESIDE:
                alone()
            if time.monotonic() > until or total > (LOG_READ if keep_end else most):
                response.close()
                if keep_end:
                    return _end(body, whole=whole), True
                if time.monotonic() > until:
                    raise NoAnswer("the answer was too slow", retry=False)
                raise TooMuch("the answer is larger than any that an API server gives")
        response.release_conn()
        return _end(body, whole=whole) if keep_end else body, False

    def _chunks(self, response: Any) -> Iterator[bytes]:
        """The body in parts of bounded size, decompressed: a few bytes of a hostile answer may be very many."""
        packed = response.headers.get("Content-Encoding", "") == "gzip"
        decoder = zlib.decompressobj(wbits=16 + zlib.MAX_WBITS)
        # what has come, without waiting for more; `stream` would read what stands between chunks whatever its length
        read = getattr(response, "read1", response.read)
        while chunk := read(CHUNK, decode_content=False):
            with self._lock:
                self.bytes_read += len(chunk)
            if not packed:
                yield chunk
                continue
            rest = chunk
            while rest:
                try:
                    yield decoder.decompress(rest, CHUNK)
                except zlib.error as e:
                    raise urllib3.exceptions.DecodeError("not gzip") from e
                rest = decoder.unconsumed_tail
        if packed and not decoder.eof:
            raise urllib3.exceptions.DecodeError("its end is missing")

    def _clock(self, date: str | None) -> None:
        with self._lock:
            if self._now is None:
                try:
                    self._now = parsedate_to_datetime(date or "").astimezone(UTC)
                except (ValueError, TypeError, OverflowError):
                    self._now = datetime.now(UTC)


def _end(body: bytearray, *, whole: bool) -> bytearray:
    """The end of a log, from the start of a line on: half a line may have lost the key of its secret."""
    if whole and len(body) <= LOG_KEEP:
        return body
    end = body[-LOG_KEEP:]
    start = end.find(b"\n") + 1
    return end[start:] if start else bytearray()


def _is_health(body: Body) -> bool:
    """Whether it is what a health endpoint lists, which it does also where it fails."""
    return body[:64].lstrip()[:3] in {b"[+]", b"[-]"}


def _attended() -> bool:
    """Whether somebody may be asked: plugins prompt on a terminal."""
    return sys.stdin is not None and sys.stdin.isatty() and sys.stdout.isatty()


def _credentials(kubeconfig: str | None, context: str | None, timeout: float) -> tuple[Any, str, str]:
    """What `kubeconfig.load` gives, within the time of the run where nobody is there to answer a plugin's prompt.

    Raises:
        DoctorError: where the configuration cannot be used.
    """
    try:
        with logged() as messages:
            loaded = load(kubeconfig, context) if _attended() else bounded(lambda: load(kubeconfig, context), timeout)
    except TimeoutError as e:
        end_plugins()
        raise DoctorError(
            f"The credentials of the kubeconfig were not there within {timeout:.0f} s.",
            "Run its credential plugin by itself: `kubectl auth whoami` shows whether it waits for something.",
        ) from e
    configuration = loaded[0]
    if messages and not configuration.api_key and not configuration.cert_file:
        raise DoctorError(
            f"The credential plugin of the kubeconfig failed: {clean(masked(messages[0]), 300)}.",
            "Sign in again as your provider says, then try `kubectl auth whoami`.",
        )
    return loaded
