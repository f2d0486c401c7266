"""The doctor as a service: it looks every few minutes, and tells Prometheus and people what it saw last.

What a check found stays until that check looks again: an alert must not go away because the API server does. And what
is not fresh is said to be so: each check's status is that of the last run, `jhubdoctor_check_looked_timestamp_seconds`
says of when its findings are, and a report that is not of the last run begins with a notice.
"""

from __future__ import annotations

import json
import threading
import time
import traceback
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from typing import Protocol

from prometheus_client import CollectorRegistry, GCCollector, PlatformCollector, ProcessCollector
from prometheus_client.exposition import choose_encoder
from prometheus_client.metrics_core import CounterMetricFamily, GaugeMetricFamily, Metric

from jhubdoctor import __version__
from jhubdoctor.engine.result import CheckStatus, Report
from jhubdoctor.model.errors import DoctorError, NoHubError
from jhubdoctor.privacy.text import clean
from jhubdoctor.report import html, json_v1, prometheus
from jhubdoctor.report.parts import counted
from jhubdoctor.report.prometheus import Family, Tally
from jhubdoctor.sources.reader import Reader
from jhubdoctor.visits.memory import Place, sight_of

OUTCOMES = ("complete", "incomplete", "failed")


class VisitCall(Protocol):
    """A visit that says which reader it uses, so that it can be cancelled."""

    def __call__(self, *, started: Callable[[Reader], None]) -> Report:
        """Look."""
        ...


@dataclass(frozen=True)
class Page:
    """A document, ready to be sent."""

    body: bytes
    kind: str
    code: int = 200


class Exporter:
    """The runs, and what there is to tell after each.

    Args:
        look: makes a visit.
        knows: how far the data of the checks reaches.
        interval: seconds from the start of one run to the start of the next.
        patience: seconds without the end of a run, after which something is stuck.
        say: is told in a line what came of each run.
    """

    def __init__(
        self,
        look: VisitCall,
        *,
        knows: Mapping[str, str] | None = None,
        interval: float = 300.0,
        patience: float | None = None,
        say: Callable[[str], None] = lambda _: None,
    ) -> None:
        self._look = look
        self._knows = dict(knows or {})
        self.interval = interval
        self._patience = patience if patience is not None else 3 * interval + 120
        self._say = say
        self._lock = threading.Lock()
        self._one_run = threading.Lock()
        self._reader: Reader | None = None
        self._report: Report | None = None
        self._error = ""
        self._kept: dict[Place, tuple[Tally, float]] = {}
        self._complete_at = 0.0
        self._outcomes: Counter[str] = Counter()
        self._ended = time.monotonic()
        self._pages: dict[str, Page] = {}
        self._families: list[Metric] = []
        self.registry = CollectorRegistry()
        self.registry.register(self)
        for collector in (PlatformCollector, ProcessCollector, GCCollector):
            collector(registry=self.registry)
        self._tell()

    # --- runs --------------------------------------------------------------------------------------------------------

    def run(self) -> None:
        """One run. Whatever comes of it is told, nothing is raised."""
        with self._one_run:
            try:
                report = self._look(started=self._started)
            except NoHubError as e:
                # the cluster was searched: what was known of hubs is no more
                self._kept = {p: kept for p, kept in self._kept.items() if not p[1]}
                self._failed(e.what)
            except DoctorError as e:
                self._failed(e.what)
            except Exception as e:  # noqa: BLE001  - a fault of ours must not end the service
                self._say("".join(traceback.format_exception(e)).rstrip())
                self._failed(f"a fault of jhubdoctor ({type(e).__name__})")
            else:
                self._seen(report)
            finally:
                self._reader = None
            self._ended = time.monotonic()

    def run_until(self, stop: threading.Event) -> None:
        """Run again and again, one at a time, until told to stop."""
        while not stop.is_set():
            start = time.monotonic()
            self.run()
            stop.wait(max(self.interval - (time.monotonic() - start), 0.0))

    def cancel(self) -> None:
        """Let a run that is under way end soon."""
        reader = self._reader
        if reader is not None:
            reader.cancel()

    def _started(self, reader: Reader) -> None:
        self._reader = reader

    def _failed(self, why: str) -> None:
        self._error = clean(why)
        self._outcomes["failed"] += 1
        self._say(f"the run came to nothing: {self._error}")
        self._tell()

    def _seen(self, report: Report) -> None:
        at = report.started_at.timestamp()
        self._report, self._error = report, ""
        self._outcomes["complete" if report.complete else "incomplete"] += 1
        if report.complete:
            self._complete_at = at
        # a check that could not look keeps what it saw last; a hub that is gone takes it along
        sight = sight_of(report)
        kept = {place: seen for place, seen in self._kept.items() if not sight.covers(place)}
        self._kept = kept | {p: (t, at) for p, t in prometheus.tallies(report).items()}
        self._say(f"{counted(report)} in {report.duration:.1f} s")
        self._tell()

    # --- what there is to tell ---------------------------------------------------------------------------------------

    def _tell(self) -> None:
        """Make all documents anew, once a run, so that a request costs nothing and sees one run."""
        pages = {}
        if self._report is not None:
            report = self._report
            if self._error:
                notice = (
                    f"This is the report of {report.started_at:%Y-%m-%d %H:%M UTC}."
                    f" A later run ({datetime.now(UTC):%Y-%m-%d %H:%M UTC}) came to nothing: {self._error}"
                )
                report = replace(report, notices=(*report.notices, notice))
            pages["/report.json"] = Page(json_v1.render(report).encode(), "application/json")
            pages["/report.html"] = Page(html.render(report).encode(errors="replace"), "text/html; charset=utf-8")
        families = [_metric(f) for f in self._all_families()]
        runs = CounterMetricFamily("jhubdoctor_runs", "Runs since the start, by what came of them.", labels=["outcome"])
        for outcome in OUTCOMES:
            runs.add_metric([outcome], self._outcomes[outcome])
        with self._lock:
            self._pages, self._families = pages, [*families, runs]

    def _all_families(self) -> Iterator[Family]:
        report = self._report
        yield prometheus.build(self._knows)
        done = bool(report) and not self._error and report is not None and report.complete
        if report is None:
            # a series that is not there alerts nobody
            yield from (f for f in prometheus.last_run(0, self._complete_at, done=False) if f.samples)
            return
        yield from prometheus.last_run(report.started_at.timestamp(), self._complete_at, done=done)
        for family in prometheus.run(report):
            if family.name == "jhubdoctor_check_status" and self._error:
                # the last run came to nothing: no check could look
                unknown = [
                    ((*labels[:2], labels[2]), float(labels[2] == CheckStatus.UNKNOWN.value))
                    for labels, _ in family.samples
                ]
                yield replace(family, samples=unknown)
            else:
                yield family
        yield Family(
            "jhubdoctor_check_looked_timestamp_seconds",
            "When a check could last look: of then are its findings.",
            ("check", "hub"),
            [(place, at) for place, (_, at) in sorted(self._kept.items())],
        )
        yield from prometheus.findings({place: tally for place, (tally, _) in self._kept.items()})

    def collect(self) -> Iterable[Metric]:
        """The metrics, as prometheus_client asks for them."""
        with self._lock:
            return list(self._families)

    def page(self, path: str, accept: str) -> Page:
        """The document behind a path."""
        if path == "/metrics":
            encode, kind = choose_encoder(accept)
            return Page(encode(self.registry), kind)
        if path == "/healthz":
            return self._health()
        if path == "/":
            return Page(_INDEX, "text/html; charset=utf-8")
        with self._lock:
            page = self._pages.get(path)
        if page is None and path in {"/report.json", "/report.html"}:
            return Page(b"There is no report yet.\n", "text/plain; charset=utf-8", 503)
        return page or Page(b"Not found.\n", "text/plain; charset=utf-8", 404)

    def _health(self) -> Page:
        """Whether the service itself works. A cluster that is away is no reason to start it anew."""
        stuck = time.monotonic() - self._ended > self._patience
        body = {
            "status": "fail" if stuck else "pass",
            "version": __version__,
            "output": "no run has ended for too long" if stuck else self._error,
            "runs": {o: self._outcomes[o] for o in OUTCOMES},
        }
        return Page(json.dumps(body).encode() + b"\n", "application/health+json", 503 if stuck else 200)


_INDEX = b"""<!DOCTYPE html><html lang="en"><meta charset="utf-8"><meta name="viewport" content="width=device-width">
<title>jhubdoctor</title><h1>jhubdoctor</h1><ul><li><a href="report.html">Report</a></li>
<li><a href="report.json">Report as JSON</a></li><li><a href="metrics">Metrics</a></li>
<li><a href="healthz">Health</a></li></ul></html>
"""


def _metric(family: Family) -> Metric:
    metric = GaugeMetricFamily(family.name, family.help, labels=list(family.labels))
    for values, number in family.samples:
        metric.add_metric(list(values), number)
    return metric
