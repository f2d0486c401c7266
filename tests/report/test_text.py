"""The report for people: what stands where, at 80 columns, in a pipe, without colour."""

import re
from collections.abc import Iterator
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest

import jhubdoctor
from jhubdoctor.engine import bug
from jhubdoctor.engine.declare import Check, check, fact
from jhubdoctor.engine.look import Look
from jhubdoctor.engine.registry import Registry
from jhubdoctor.engine.result import Report
from jhubdoctor.facts.cluster import Health, parse_health, server_version
from jhubdoctor.facts.hub import hubs
from jhubdoctor.model.finding import Evidence, Finding, Fix, Ref, Severity
from jhubdoctor.model.hub import Hub, Scope
from jhubdoctor.report.lines import folded_command, objects, plural
from jhubdoctor.report.text import render
from jhubdoctor.testing import NOW, Example, diagnose, judged

# where the checks of this module have their pages
DOC_BASE = jhubdoctor.DOC_BASE
GOLDEN = Path(__file__).parent.parent / "golden" / "report.txt"
ESCAPE = "\x1b"


def pods(*names: str) -> tuple[Ref, ...]:
    return tuple(Ref("Pod", n, "jhub") for n in names)


@check(severity=Severity.ERROR, explains=("many-symptoms",))
def an_error(hub: Hub) -> Iterator[Finding]:
    """An error."""
    yield Finding(
        on=pods("hub-1"),
        says="the hub was stopped because it used more memory than its limit, which is far too small",
        evidence=(
            Evidence("pod.status", "lastState.terminated.reason: OOMKilled", NOW - timedelta(minutes=3)),
            ("pod.spec", "limits.memory: 64Mi"),
        ),
        fix=Fix(
            "Give the hub more memory.",
            values={"hub": {"resources": {"limits": {"memory": "2Gi"}}}},
            commands=(hub.helm_upgrade,),
            caution="This restarts the hub; users' servers keep running.",
        ),
        affects=pods(*(f"jupyter-{i}" for i in range(12))),
    )


@check(severity=Severity.ERROR)
def many_symptoms(hub: Hub) -> Iterator[Finding]:
    """Many symptoms."""
    yield Finding(
        on=pods(*(f"jupyter-{i}" for i in range(12))), says="12 servers wait", evidence=(("a", "b"),), fix=Fix("c")
    )


@check(severity=Severity.WARNING)
def a_warning(hub: Hub) -> Iterator[Finding]:
    """A warning."""
    yield Finding(
        on=pods(*(f"x-{i}" for i in range(12))), says="12 pods are old", evidence=(("a", "b"),), fix=Fix("Wait.")
    )


@check(severity=Severity.INFO)
def an_advice(hub: Hub) -> Iterator[Finding]:
    """Advice."""
    yield Finding(on=(hub.ref,), says="it could be better", evidence=(("a", "b"),), fix=Fix("Improve it."))


@check(severity=Severity.ERROR)
def crashes(hub: Hub) -> Iterator[Finding]:
    """Crashes."""
    if hub.release:
        raise ValueError
    yield from ()


@check(severity=Severity.ERROR)
def cannot_look(hub: Hub, readyz: Health) -> Iterator[Finding]:
    """Cannot look."""
    yield from ()


@fact("readyz")
def readyz(look: Look) -> Health:
    return parse_health("/readyz", look.raw("readyz", "/readyz?verbose"))


def report_on(*checks: Check, text: str = "kind: Missing\nread: readyz\ndetail: HTTP 403") -> Report:
    registry = Registry(checks, [hubs, server_version, readyz], {"kubernetes": "1.37", "chart": "4.4.0"})
    report = judged(registry, list(registry.checks.values()), Example(text).reader(), Scope(default_namespace="jhub"))
    return replace(report, duration=0.0)


def everything() -> Report:
    return report_on(an_error, many_symptoms, a_warning, an_advice, crashes, cannot_look)


def test_the_whole_report_is_as_it_was(request: pytest.FixtureRequest) -> None:
    text = re.sub(r"test_text\.py:\d+", "test_text.py:LINE", render(everything()))
    if request.config.getoption("--update-golden"):
        GOLDEN.write_text(text)

    assert text == GOLDEN.read_text()


@pytest.mark.parametrize(
    ("file", "told"),
    [
        ("/home/ada/jhubdoctor/jhubdoctor/run.py", "jhubdoctor/run.py"),
        ("/home/ada/jhubdoctor/checks/jhubdoctor_checks/hub/x.py", "jhubdoctor_checks/hub/x.py"),
        ("/home/ada/jhubdoctor/tests/report/test_text.py", "tests/report/test_text.py"),
        ("/home/ada/.venv/lib/python3.11/site-packages/jhubdoctor/facts/hub.py", "jhubdoctor/facts/hub.py"),
        ("/home/ada/jhubdoctor.py", "jhubdoctor.py"),
        ("C:\\Users\\ada\\jhubdoctor\\jhubdoctor\\run.py", "jhubdoctor/run.py"),
    ],
)
def test_a_place_is_told_without_the_folders_of_a_clone(file: str, told: str) -> None:
    with pytest.raises(ValueError, match="of the cluster") as caught:
        exec(compile("raise ValueError('of the cluster')", file, "exec"))  # noqa: S102  - a file of any name

    assert bug.trace(caught.value)[-2:] == [f"{told}:1 <module>", "ValueError"]


@pytest.mark.parametrize("width", [60, 80, 140])
def test_nothing_but_commands_addresses_and_words_is_wider_than_the_terminal(width: int) -> None:
    for line in render(everything(), width=width).splitlines():
        assert len(line) <= width or " " not in line.strip() or "https://" in line, line


def test_it_has_no_escape_without_colour_and_has_some_with_it() -> None:
    assert ESCAPE not in render(everything())
    assert ESCAPE in render(everything(), color=True)


def test_colour_changes_no_word() -> None:
    plain = re.sub(r"\x1b\[[0-9;]*m", "", render(everything(), color=True))

    assert [line.rstrip() for line in plain.splitlines()] == render(everything()).splitlines()


def test_markup_of_a_cluster_stays_text() -> None:
    @check(severity=Severity.ERROR)
    def quotes(hub: Hub) -> Iterator[Finding]:
        """Quotes."""
        says = "Back-off restarting [bold]container[/bold] :warning: \x1b]0;owned\x07"
        yield Finding(on=(hub.ref,), says=says, evidence=(("a", "[red]b[/red]"),), fix=Fix("[link=x]c[/link]"))

    text = render(report_on(quotes), color=True)

    assert "[bold]container[/bold] :warning:" in text
    assert "[red]b[/red]" in text
    assert "[link=x]c[/link]" in text
    assert "owned" not in text


def test_a_hub_in_order_is_told_so_and_how_many_looked() -> None:
    text = render(diagnose("", "hub", "helm"))

    assert re.search(r"✔ \d+ checks looked and found nothing", text)
    assert "0 errors, 0 warnings, 0 infos" in text


@pytest.mark.parametrize(
    ("refs", "said"),
    [
        (pods("a", "b"), "Pod jhub/a, jhub/b"),
        (pods(*"abcdefghijkl"), "12 Pods, e.g. jhub/a"),
        ((Ref("Node", "n1"), *pods("a")), "Node n1; Pod jhub/a"),
        ((Ref("Pod", "a", "jhub", container="hub"),), "Pod jhub/a (container hub)"),
    ],
)
def test_many_objects_are_folded(refs: tuple[Ref, ...], said: str) -> None:
    assert objects(refs) == said


@pytest.mark.parametrize(
    ("kind", "many"),
    [
        ("Pod", "Pods"),
        ("StorageClass", "StorageClasses"),
        ("NetworkPolicy", "NetworkPolicies"),
        ("Ingress", "Ingresses"),
    ],
)
def test_plurals(kind: str, many: str) -> None:
    assert plural(kind) == many


@pytest.mark.parametrize(
    "command",
    [
        "helm upgrade jhub jupyterhub --repo https://hub.jupyter.org/helm-chart/ --namespace jhub --version 4.4.0 -f v",
        "kubectl --namespace jhub exec deploy/hub -- cat /srv/jupyterhub/jupyterhub.sqlite > jupyterhub.sqlite",
        'kubectl patch storageclass gp2 -p \'{"metadata": {"annotations": {"storageclass.kubernetes.io/x": "true"}}}\'',
    ],
)
def test_a_folded_command_is_the_same_command(command: str) -> None:
    lines = folded_command(command, 60)

    assert " ".join(line.removesuffix("\\").strip() for line in lines) == command
    assert all(line.endswith(" \\") for line in lines[:-1])
