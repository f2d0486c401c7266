"""What breaks if the cluster, or the chart, is upgraded: the checks' evidence judged against the target, and the plan.

The engine knows neither chart nor API: a pack that can plan has a module `preflight`, with the checks whose evidence
counts (`CHECKS`), the releases that can be a target (`KNOWN_CHARTS`) and the function `plan`.
"""

from __future__ import annotations

import importlib
import importlib.util
import re
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from importlib import metadata
from pathlib import Path
from typing import Any, Protocol, cast

from jhubdoctor.engine.notes import GROUP
from jhubdoctor.engine.outcomes import Facts
from jhubdoctor.engine.result import Report
from jhubdoctor.facts.helm import Release
from jhubdoctor.model.errors import UsageError
from jhubdoctor.model.finding import Severity
from jhubdoctor.model.hub import Hub
from jhubdoctor.model.values import Values, merged
from jhubdoctor.model.words import closest
from jhubdoctor.model.yaml import TEXT_LIMIT, BadValues, load_yaml
from jhubdoctor.privacy.releases import beside, hub_part, outline, part, roots_of
from jhubdoctor.privacy.values import allowed
from jhubdoctor.upgrade.plan import Given, Plan, Target


class Preflight(Protocol):
    """What a pack's module `preflight` has."""

    CHECKS: tuple[str, ...]
    KNOWN_CHARTS: tuple[str, ...]

    def plan(self, given: Given, hub: Hub | None, running: int | None, target: Target) -> Plan:
        """The plan for one hub, or for values alone."""
        ...


@dataclass(frozen=True)
class UpgradeResult:
    """All that there is to say of an upgrade.

    Attributes:
        target: where to.
        plans: one a hub; one for the values alone where no cluster was looked at.
        report: the evidence judged against the target; None where no cluster was looked at.
        knows: how far the data reaches.
        notices: what concerns all of it.
    """

    target: Target
    plans: tuple[Plan, ...]
    report: Report | None = None
    knows: Mapping[str, str] = field(default_factory=dict)
    notices: tuple[str, ...] = ()
    fail_on: str = "error"

    @property
    def severities(self) -> list[Severity]:
        """The severities of everything that breaks."""
        severities = [f.severity for f in self.report.findings] if self.report is not None else []
        return severities + [s for p in self.plans for s in p.severities]

    @property
    def verdict(self) -> str:
        """The worst of it, as in a report."""
        severities = self.severities
        for severity in (Severity.ERROR, Severity.WARNING):
            if severity in severities:
                return severity.value
        if self.report is not None and self.report.verdict == "unknown":
            return "unknown"
        return "info" if severities else "ok"

    @property
    def exit_code(self) -> int:
        """As of a report: 0 fine, 1 something breaks at or above `fail_on`, 3 something could not be judged."""
        if self.fail_on != "never" and any(s.rank <= Severity(self.fail_on).rank for s in self.severities):
            return 1
        return self.report.exit_code if self.report is not None else 0


def preflight() -> Preflight:
    """The pack that can plan.

    Raises:
        UsageError: where none is installed.
    """
    for entry in sorted(metadata.entry_points(group=GROUP), key=lambda e: e.name):
        name = f"{entry.value}.preflight"
        if importlib.util.find_spec(name) is not None:
            return cast("Preflight", importlib.import_module(name))
    raise UsageError("No installed pack of checks can plan an upgrade.", "Reinstall jhubdoctor.")


def target_of(kubernetes: str | None, chart: str | None, pack: Preflight) -> Target:
    """The target that the command line names.

    Raises:
        UsageError: where it names none, or one that is no version, or a chart that is not known.
    """
    minor = None
    if kubernetes is not None:
        parsed = re.fullmatch(r"v?1\.(\d{1,3})(?:\.\d+)?(?:[-+].*)?", kubernetes.strip())
        if parsed is None:
            raise UsageError(f"{kubernetes!r} is no version of Kubernetes.", "Write it as 1.37.")
        minor = int(parsed[1])
    version = known_chart(chart, pack)
    if minor is None and not version:
        raise UsageError("There is nothing to upgrade to.", "Give --to-kubernetes, --to-chart, or both.")
    return Target(minor, version)


def given_files(paths: tuple[str, ...], root: str | None = None, chart: str = "") -> tuple[Given, ...]:
    """Values from files, later ones over earlier ones, as Helm merges them; one a hub that they are for.

    `root` is where the hub's values lie, where that is known; else it is looked for. `chart` is what they are in use
    with today.

    Raises:
        UsageError: where a file cannot be read, or is no values file.
    """
    data: dict[str, object] = {}
    for path in paths:
        try:
            with Path(path).open(encoding="utf-8") as f:
                loaded = load_yaml(f.read(TEXT_LIMIT + 1), as_helm=True)
        except OSError as e:
            raise UsageError(f"{path} cannot be read: {e.strerror or type(e).__name__}.", "Check the path.") from e
        except (BadValues, UnicodeDecodeError) as e:
            why = str(e) if isinstance(e, BadValues) else "it is not text"
            raise UsageError(f"{path} is no values file: {why}.", "Give the file that helm gets by --values.") from e
        if loaded is None:
            continue
        if not isinstance(loaded, dict):
            raise UsageError(
                f"{path} is no values file: it is no mapping.", "Give the file that helm gets by --values."
            )
        data = merged(data, loaded)
    source = ", ".join(paths)
    known = root is not None and (not root or root.partition(".")[0] in data)
    roots = [root or ""] if known else roots_of(data, whole=False) or [""]
    for r in roots:
        _mappings(data, r, source)
    return tuple(
        Given(
            Values(allowed(part(data, r)), source),
            outline(hub_part(data, r)),
            source,
            root=r,
            chart=chart,
            beside=tuple(beside(data, r)),
        )
        for r in roots
    )


def _mappings(data: Mapping[str, object], root: str, source: str) -> None:
    """Let nothing but mappings, and null for a chart's own values, be on the way to the hub's."""
    keys = root.split(".") if root else []
    for depth in range(1, len(keys) + 1):
        above = ".".join(keys[:depth])
        if not isinstance(part(data, above), Mapping | None):
            raise UsageError(
                f"{source} has no mapping under {above}, where the values of a chart lie.", "Correct it: Helm stops."
            )


def known_chart(chart: str | None, pack: Preflight) -> str:
    """A release of the chart that the command line names; empty where it names none.

    Raises:
        UsageError: where it is not known.
    """
    version = (chart or "").strip().removeprefix("v")
    if version and version not in pack.KNOWN_CHARTS:
        close = closest(version, pack.KNOWN_CHARTS)
        hint = f"Did you mean {close[0]}? " if close else ""
        raise UsageError(
            f"There is no chart {version!r} that is known here.", f"{hint}The newest is {pack.KNOWN_CHARTS[-1]}."
        )
    return version


FACTS = ("deployed_release", "values", "server_version")
"""What an upgrade starts from, besides what the checks need."""


def judged(pack: Preflight, target: Target, files: tuple[str, ...], report: Report, facts: Facts) -> UpgradeResult:
    """What an upgrade of this cluster takes: a plan a hub, and the report that was judged against the target."""

    def given(i: int) -> Given:
        release = facts.value("deployed_release", i)
        if files:
            found = given_files(files, release.values_root if release is not None else None)[0]
            return found if release is None else replace(found, **_around(release))
        return _given(release, facts.value("values", i))

    order = sorted(range(len(facts.hubs)), key=lambda i: facts.hubs[i].label)
    version = facts.value("server_version", None)
    plans = tuple(
        pack.plan(
            given(i),
            facts.hubs[i],
            version.minor if version is not None else None,
            target,
        )
        for i in order
    )
    # what is to be known of the cluster is told once, with the whole
    return UpgradeResult(target, plans, replace(report, notices=()), report.knows, report.notices, report.fail_on)


def _given(release: Release | None, values: Values | None) -> Given:
    """What the user set, as Helm keeps it; the effective values where it keeps nothing."""
    if release is not None:
        root, source = release.values_root, str(release.revision.ref)
        own = Values(part(release.supplied, root) or {}, source)
        return Given(own, release.outline, source, root=root, **_around(release))
    if values is not None:
        return Given(values, source=values.source, supplied=False)
    return Given(source="nowhere: neither the release nor the hub's Secret could be read", supplied=False)


def _around(release: Release) -> dict[str, Any]:
    """What a release says besides the values that somebody set."""
    root = release.values_root
    return {
        "objects": release.objects or None,
        "beside": release.beside,
        "parent": release.chart_name if root else "",
        "above": release.above,
        "above_values": part(release.above_values, root) or {},
    }
