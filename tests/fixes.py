"""Every fix that the project can be made to give: of all scenarios, and of all examples of notes."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import cache, cached_property
from typing import Any

from jhubdoctor.engine import notes
from jhubdoctor.engine.result import Report
from jhubdoctor.model.finding import Severity
from jhubdoctor.testing import Example, diagnose, registry
from jhubdoctor_checks.data import apis, charts
from tests import accuracy


@dataclass(eq=False)
class Case:
    """A cluster with something wrong, and the checks that are asked about it; all where none is named."""

    name: str
    text: str
    ids: tuple[str, ...] = ()

    @cached_property
    def report(self) -> Report:
        """What is said of it."""
        return diagnose(self.text, *self.ids)

    @cached_property
    def whole(self) -> list[dict[str, Any]]:
        """All of the cluster, the healthy hub under it included."""
        return [{"kind": "Empty"}, *Example(self.text).documents]

    def other(self, *more: Mapping[str, Any]) -> Report:
        """What is said of it with `more` laid over it."""
        return diagnose(Example([*self.whole, *more]), *self.ids)

    def on_chart(self, version: str) -> Report:
        """What the checks that patch values here say as if another release of the chart were installed."""
        # a label that an example writes hides the base's, and only the whole tells which there are
        patching = {f.check.id for f in self.report.findings if f.fix.values}
        return diagnose(Example([relabelled(d, version) for d in self.whole]), *sorted(patching))


@cache
def cases() -> tuple[Case, ...]:
    """All of them."""
    found = [Case(name, accuracy.text_of(name)) for name in accuracy.scenarios()]
    for check in registry().checks.values():
        found += [Case(f"{check.id}-{i}", text, (check.id,)) for i, text in enumerate(notes.of(check).fires_on)]
    return tuple(found)


def relabelled(value: Any, chart: str) -> Any:
    """The same objects, made by another release of the chart."""
    if isinstance(value, Mapping):
        if value.get("name") == "jupyterhub" and "version" in value:
            return {**value, "version": chart}
        return {k: relabelled(v, chart) for k, v in value.items()}
    if isinstance(value, list):
        return [relabelled(v, chart) for v in value]
    if isinstance(value, str) and re.fullmatch(r"jupyterhub-\d+\.\d+\.\d+", value):
        return f"jupyterhub-{chart}"
    return value


def lists(patch: Mapping[str, Any], above: tuple[str, ...] = ()) -> Iterator[tuple[tuple[str, ...], list[Any]]]:
    """The lists that a patch of the values sets, each with its place."""
    for key, value in patch.items():
        if isinstance(value, Mapping):
            yield from lists(value, (*above, key))
        elif isinstance(value, list):
            yield (*above, key), value


def at(patch: Mapping[str, Any], place: tuple[str, ...]) -> Any:
    found: Any = patch
    for key in place:
        found = found.get(key) if isinstance(found, Mapping) else None
    return found


HOLDS_DATA = re.compile(
    r"delete (?:pvc|pv|persistentvolume(?:claim)?s?|namespace|statefulsets?) |helm uninstall |--force\b"
)

LOSS = re.compile(r"(?i)\b(?:data|home|database|lost|empty|deleted|deletes|volume|disk|stopped)\b")

ENDS = re.compile(r"rollout restart|delete pods? |scale |drain |helm upgrade ")

PUTS_OUT = re.compile(r"rollout restart|delete pods? |--replicas=0|^helm upgrade .*--values ")

INTERRUPTS = re.compile(r"(?i)restart|anew|cut|away|stop|lose|lost|delet|damage|in use|keep running|not whole")


def containers(value: Any) -> Iterator[Mapping[str, Any]]:
    if isinstance(value, Mapping):
        if "securityContext" in value or "runAsUser" in value:
            yield value
        for below in value.values():
            yield from containers(below)
    elif isinstance(value, list):
        for below in value:
            yield from containers(below)


def _quoted(text: str) -> Iterator[Any]:
    """The JSON in a text."""
    for i, letter in enumerate(text):
        if letter in "[{":
            try:
                yield json.JSONDecoder().raw_decode(text, i)[0]
            except ValueError:
                continue


def root_is_allowed_to_run_where_a_fix_asks_for_it(report: Report) -> None:
    """The kubelet refuses a container with `runAsUser: 0` under `runAsNonRoot: true`, which the hub's pod has."""
    for f in report.findings:
        told = [f.fix.values, *_quoted(f.fix.text)]
        for asked in (c.get("securityContext", c) for c in containers(told)):
            if asked.get("runAsUser") == 0:
                assert asked.get("runAsNonRoot") is False, f"{f.check.id} asks for root in a pod that may refuse it"


def a_chart_that_a_command_installs_can_be_installed_on_this_cluster(report: Report) -> None:
    minor = re.match(r"v?1\.(\d+)", report.server_version)
    for f in report.findings:
        for command in f.fix.commands:
            wanted = re.match(r"helm upgrade .*--version (\S+)", command)
            chart = charts.find(wanted[1]) if wanted else None
            if chart is None or minor is None:
                continue
            assert chart.least_kubernetes <= int(minor[1]), f"{f.check.id}: {command}"
            made = [a for v in chart.budget if (a := apis.find(v, "PodDisruptionBudget")) is not None]
            assert any(a.served_in(int(minor[1])) for a in made), f"{f.check.id}: {command}"


def what_is_deleted_with_its_data_is_told(report: Report) -> None:
    for f in report.findings:
        for command in f.fix.commands:
            if HOLDS_DATA.search(command):
                assert LOSS.search(f.fix.caution), f"{f.check.id} does not say what is lost by: {command}"


def a_command_is_about_the_namespace_of_its_object(report: Report) -> None:
    for f in report.findings:
        places: dict[str, set[str]] = {}
        for ref in (*f.finding.on, *f.finding.affects):
            places.setdefault(ref.name, set()).add(ref.namespace)
        for command in f.fix.commands:
            if place := re.match(r"kubectl --namespace (\S+)", command):
                for name in set(command.split()) & places.keys():
                    assert not any(places[name]) or place[1] in places[name], f"{f.check.id}: {command}"


def nothing_is_ended_while_nothing_comes_back(report: Report) -> None:
    barred = [f for f in report.findings if f.check.bars and f.severity is Severity.ERROR]
    first = {f.explained_by or f.fingerprint for f in barred}
    for f in report.findings:
        if barred and f.explained_by is None and f.fingerprint not in first:
            assert f.waits or not any(map(ENDS.search, f.fix.commands)), f"{f.check.id} does not wait"


def a_release_goes_to_one_version_at_a_time(report: Report) -> None:
    now = [f for f in report.findings if f.explained_by is None and f.waits is None]
    to = {m[1] for f in now for c in f.fix.commands if (m := re.search(r"^helm upgrade .*--version (\S+)", c))}
    assert len(to) <= 1


def what_is_interrupted_is_told(report: Report) -> None:
    for f in report.findings:
        for command in filter(PUTS_OUT.search, f.fix.commands):
            assert INTERRUPTS.search(f.fix.caution), f"{f.check.id} does not say what this interrupts: {command}"


def who_gets_in_is_told(report: Report) -> None:
    for f in report.findings:
        if at(f.fix.values, ("hub", "config", "Authenticator", "allow_all")) is True:
            assert re.search(r"(?i)everyone|anyone|everybody", f.fix.caution), f"{f.check.id} opens the hub unsaid"


RULES = (
    root_is_allowed_to_run_where_a_fix_asks_for_it,
    a_chart_that_a_command_installs_can_be_installed_on_this_cluster,
    what_is_deleted_with_its_data_is_told,
    a_command_is_about_the_namespace_of_its_object,
    nothing_is_ended_while_nothing_comes_back,
    a_release_goes_to_one_version_at_a_time,
    what_is_interrupted_is_told,
    who_gets_in_is_told,
)
"""What holds of the fixes of every report, wherever it comes from."""
