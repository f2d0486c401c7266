"""Metrics in Prometheus' text format, for the textfile collector of node_exporter; the exporter serves the same ones.

Names and labels are bounded by the number of checks and hubs: no label holds the name of a pod, a user or a node. There
are no timestamps (the collector refuses a file that has any): when the run was is a metric.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field

from jhubdoctor import __version__
from jhubdoctor.engine.result import CheckStatus, Report, Reported
from jhubdoctor.model.finding import Severity
from jhubdoctor.privacy.text import clean
from jhubdoctor.report.parts import label, stopped
from jhubdoctor.visits.memory import Place


@dataclass(frozen=True)
class Family:
    """One metric: its name, help, and the samples by the values of its labels. All are gauges."""

    name: str
    help: str
    labels: tuple[str, ...] = ()
    samples: list[tuple[tuple[str, ...], float]] = field(default_factory=list)


@dataclass(frozen=True)
class Tally:
    """What a check that could look found for a hub, by severity."""

    found: Mapping[Severity, int]
    roots: Mapping[Severity, int]
    suppressed: Mapping[Severity, int]


_WORSE = (CheckStatus.NOT_APPLICABLE, CheckStatus.OK, CheckStatus.FOUND, CheckStatus.UNKNOWN, CheckStatus.BROKEN)


def render(report: Report) -> str:
    """The metrics of one run."""
    at = report.started_at.timestamp()
    noted = "".join(f"# note: {clean(n)}\n" for n in report.notices)
    return noted + exposition(
        [build(report.knows), *last_run(at, at if report.complete else None), *run(report), *findings(tallies(report))]
    )


def tallies(report: Report) -> dict[Place, Tally]:
    """What was found, where it could be looked. A check that could not look has no zero: nobody knows."""
    places = {(r.check.id, label(r)): r.check.severity for r in report.results}
    blind = {(r.check.id, label(r)) for r in report.results if stopped(r)}
    visible, hidden = _by_place(report.findings), _by_place(report.suppressed)
    result = {}
    for place, severity in places.items():
        if place in blind:
            continue
        own = {severity: 0}
        members = visible.get(place, [])
        result[place] = Tally(
            own | Counter(f.severity for f in members),
            own | Counter(f.severity for f in members if f.explained_by is None),
            Counter(f.severity for f in hidden.get(place, [])),
        )
    return result


def _by_place(findings: Iterable[Reported]) -> dict[Place, list[Reported]]:
    places: dict[Place, list[Reported]] = {}
    for f in findings:
        places.setdefault((f.check.id, label(f)), []).append(f)
    return places


def build(knows: Mapping[str, str]) -> Family:
    """Which release this is, and how far its data reaches."""
    values = (__version__, knows.get("kubernetes", ""), knows.get("chart", ""))
    return Family(
        "jhubdoctor_build_info",
        "The release of jhubdoctor, and the newest Kubernetes and chart that its data knows.",
        ("version", "kubernetes", "chart"),
        [(values, 1)],
    )


def last_run(at: float, complete: float | None, *, done: bool | None = None) -> list[Family]:
    """When the last run was, whether every check could look, and when that was last so."""
    families = [
        Family("jhubdoctor_last_run_timestamp_seconds", "When the last run was.", (), [((), at)]),
        Family(
            "jhubdoctor_run_complete",
            "Whether the last run reached the cluster and every check could look.",
            (),
            [((), float(complete is not None if done is None else done))],
        ),
    ]
    if complete is not None:
        families.append(
            Family(
                "jhubdoctor_last_complete_run_timestamp_seconds",
                "When the last run was in which every check could look, 0 for never.",
                (),
                [((), complete)],
            )
        )
    return families


def run(report: Report) -> list[Family]:
    """What the last run that reached the cluster cost, and how each check ended."""
    status = Family(
        "jhubdoctor_check_status",
        "How a check ended in the last run: 1 for its status, 0 for the others.",
        ("check", "hub", "status"),
    )
    seconds: dict[str, float] = {}
    worst: dict[Place, CheckStatus] = {}
    for r in report.results:
        place = (r.check.id, label(r))
        # two Deployments of one release have one label, and a sample that comes twice spoils the whole scrape
        worst[place] = max(worst.get(place, r.status), r.status, key=_WORSE.index)
        seconds[r.check.id] = seconds.get(r.check.id, 0.0) + r.duration
    for place, found_ in worst.items():
        status.samples.extend(((*place, s.value), float(found_ is s)) for s in CheckStatus)
    return [
        Family("jhubdoctor_hubs", "How many hubs were found.", (), [((), len(report.hubs))]),
        Family("jhubdoctor_run_duration_seconds", "How long the last run took.", (), [((), report.duration)]),
        Family("jhubdoctor_run_requests", "Requests of the last run to the API server.", (), [((), report.requests)]),
        Family("jhubdoctor_run_read_bytes", "What the last run read.", (), [((), report.bytes_read)]),
        Family(
            "jhubdoctor_check_duration_seconds",
            "How long a check judged in the last run, over all hubs.",
            ("check",),
            [((c,), s) for c, s in seconds.items()],
        ),
        status,
    ]


def findings(by_place: Mapping[Place, Tally]) -> list[Family]:
    """What the checks found."""
    labels = ("check", "hub", "severity")
    families = {
        "found": Family("jhubdoctor_findings", "Findings, symptoms among them.", labels),
        "roots": Family("jhubdoctor_root_causes", "Findings that no other finding explains.", labels),
        "suppressed": Family("jhubdoctor_findings_suppressed", "Findings that the configuration suppresses.", labels),
    }
    for (check, hub), tally in sorted(by_place.items()):
        for key, family in families.items():
            counts: Mapping[Severity, int] = getattr(tally, key)
            family.samples.extend(((check, hub, s.value), float(counts[s])) for s in Severity if s in counts)
    return list(families.values())


def exposition(families: Iterable[Family]) -> str:
    """The families in the text format."""
    lines = []
    for f in families:
        if not f.samples:
            continue
        lines += [f"# HELP {f.name} {f.help}", f"# TYPE {f.name} gauge"]
        for values, number in f.samples:
            labels = ",".join(f'{k}="{_escaped(v)}"' for k, v in zip(f.labels, values, strict=True))
            lines.append(f"{f.name}{{{labels}}} {_number(number)}" if labels else f"{f.name} {_number(number)}")
    return "\n".join([*lines, ""])


def _escaped(text: str) -> str:
    return text.replace("\\", r"\\").replace('"', r"\"").replace("\n", r"\n")


def _number(value: float) -> str:
    return str(int(value)) if float(value).is_integer() else repr(round(float(value), 6))
