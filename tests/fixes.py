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
from jhubdoctor.model.finding import Fix, Severity
from jhubdoctor.model.hub import VALUES_FILE
from jhubdoctor.testing import Example, diagnose, registry
from jhubdoctor_checks.data import charts
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

LOOKS = re.compile(
    r"^kubectl .*\b(?:get|describe|logs|auth can-i|top|events)\b|^helm (?:get|status|history|list)|^jhub"
)
"""Commands that only show something: whoever reads it decides."""

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
            wanted = re.match(r"helm upgrade \S+ jupyterhub .*--version (\S+)", command)
            chart = charts.find(wanted[1]) if wanted else None
            if chart is None or minor is None:
                continue
            assert chart.least_kubernetes <= int(minor[1]), f"{f.check.id}: {command}"
            assert chart.api_on("PodDisruptionBudget", int(minor[1])), f"{f.check.id}: {command}"


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


ENDS_FOR_GOOD = re.compile(
    r"^kubectl .*\b(?:delete |drain |replace --force)|:NoExecute\b|--replicas=0\b|/finalizers|\"finalizers\""
    r"|/spec/claimRef|^helm (?:uninstall|rollback) |--force\b"
)
SAYS_WHAT = re.compile(
    r"(?i)\b(?:delet|los[et]|stop|end|away|off|gone|goes|empty|damage|destroy|restart|anew|hold|then not done|keep"
    r"|forget|no longer|wait|up to|Pending|counts|cut|else's)"
)


def what_ends_something_says_so(report: Report) -> None:
    """Whatever is deleted, drained, emptied or forced: what of it is lost, or that nothing is."""
    for f in report.findings:
        for command in filter(ENDS_FOR_GOOD.search, f.fix.commands):
            assert SAYS_WHAT.search(f.fix.caution), f"{f.check.id} does not say what this ends: {command}"


_VERBS = (
    "make use let set give add take keep change install have stop build copy upgrade remove allow name prefer say end"
    " put run ask free raise limit create label tolerate scale restart correct delete bring move"
)
ALTERNATIVE = re.compile(rf"(?:[,;:] or|^Or) (?:only |just )?(?:{'|'.join(_VERBS.split())})\b")


def acts(fix: Fix) -> bool:
    """Whether it sets or does something that can be pasted, and does not only look or leave it to a person."""
    by_hand = any(c.endswith(f"--values {VALUES_FILE}") for c in fix.commands)
    # an upgrade without values only does once more what was done
    again = re.compile(r"^helm upgrade (?!.*-values)")
    does = any(not LOOKS.search(c) and not again.search(c) for c in fix.commands)
    return bool(fix.values) or (does and not by_hand)


def of_two_ways_the_one_that_is_shown_is_named_and_what_the_other_costs(report: Report) -> None:
    for f in report.findings:
        if not acts(f.fix):
            continue
        for sentence in re.split(r"(?<=[.)]) (?=[A-Z])", f.fix.text):
            if other := ALTERNATIVE.search(sentence):
                assert re.search(r"\bas (?:shown|below)\b", f.fix.text), f"{f.check.id}, which way is it? {f.fix.text}"
                rest = sentence[other.end() :]
                assert re.search(r"[,:(]", rest), f"{f.check.id}: what of the other way? {f.fix.text}"


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
    what_ends_something_says_so,
    of_two_ways_the_one_that_is_shown_is_named_and_what_the_other_costs,
)
"""What holds of the fixes of every report, wherever it comes from."""
