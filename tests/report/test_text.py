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
from jhubdoctor.model.hub import Hub, Origin, Scope
from jhubdoctor.report.lines import folded_command, objects, plural
from jhubdoctor.report.text import render
from jhubdoctor.testing import NOW, Example, diagnose, judged

# where the checks of this module have their pages
DOC_BASE = jhubdoctor.DOC_BASE
GOLDEN = Path(__file__).parent.parent / "golden" / "report.txt"
ESCAPE = "\x1b"


@fact()
def origin(hub: Hub) -> Origin:
    """A release of the hub's own chart."""
    return Origin(kept=True, chart="jupyterhub", version=hub.chart, root="")


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
    registry = Registry(checks, [hubs, server_version, readyz, origin], {"kubernetes": "1.37", "chart": "4.4.0"})
    report = judged(registry, list(registry.checks.values()), Example(text).reader(), Scope(default_namespace="jhub"))
    return replace(report, duration=0.0)


def everything() -> Report:
    return report_on(an_error, many_symptoms, a_warning, an_advice, crashes, cannot_look)


def test_the_whole_report_is_as_it_was(request: pytest.FixtureRequest) -> None:
    text = re.sub(r"test_text\.py:\d+", "test_text.py:LINE", render(everything()))
    text = text.replace(jhubdoctor.__version__, "VERSION")
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

    assert re.search(r"✔ All is well: \d+ checks looked and found no problem\n", text)
    assert "Start with" not in text


@check(severity=Severity.ERROR)
def two_more(hub: Hub) -> Iterator[Finding]:
    """Two more."""
    for i in range(2):
        fix = Fix("Give it more.", {"hub": {"x": 1}}, ("kubectl get pods", hub.helm_upgrade))
        yield Finding(on=pods(f"y-{i}"), says=f"{i} is short", evidence=(("a", "b"),), fix=fix, cause=str(i))


def test_the_overview_and_the_details_count_alike_and_the_last_lines_say_what_to_do_first() -> None:
    text = render(report_on(an_error, many_symptoms, a_warning, two_more, text=""))
    overview = re.findall(r"^  (\d) \S (\w+ \w+)", text, re.MULTILINE)
    details = re.findall(r"^(\d) \S [A-Z]+ (\w+ \w+)", text, re.MULTILINE)

    assert [n for n, _ in overview] == ["1", "2", "3", "4"]
    assert overview == details
    assert "4 problems: 3 errors, 1 warning" in text
    assert "3 errors, 1 warning, 0 infos (+1 symptom)" in text
    assert text.rindex("Start with 1 of 4") > text.rindex("3 errors, 1 warning")


def test_one_problem_is_told_once() -> None:
    text = render(report_on(an_error, many_symptoms, text=""))

    assert text.count("the hub was stopped") + text.count("The hub was stopped") == 1
    assert "\u2716 1 problem\n" in text


def test_helm_runs_once_at_the_end_and_the_same_fix_stands_once() -> None:
    text = render(report_on(an_error, two_more, text=""))

    assert text.count("helm upgrade jhub jupyterhub") == 1
    assert text.index("helm upgrade jhub jupyterhub") > text.rindex("is short")
    assert "What the fixes of 1, 2, 3 set for jhub/jhub, in patch.yaml:" in text
    assert text.count("--wait 10m") == 1
    assert text.count("Give it more.") == 1
    assert "The same as for " in text


@check(severity=Severity.ERROR)
def one_out(hub: Hub) -> Iterator[Finding]:
    """One that takes a value out."""
    patch = {"singleuser": {"cmd": None}}
    fix = Fix("Leave it out.", patch, ("kubectl get pods", *hub.setting(patch)))
    yield Finding(on=pods("z"), says="it is there", evidence=(("a", "b"),), fix=fix)


def test_one_null_and_all_of_the_patch_comes_by_a_file() -> None:
    text = render(report_on(an_error, one_out, text=""), width=400)

    assert text.count("helm get values jhub") == text.count("helm upgrade jhub jupyterhub") == 1
    assert "--values values-today.yaml --values patch.yaml" in text
    assert "--reset-then-reuse-values" not in text
    assert text.index("kubectl get pods") < text.index("helm get values jhub")


def test_how_it_is_known_to_be_well_is_told_after_any_fix_but_not_after_advice() -> None:
    assert render(report_on(a_warning, text="")).count("--wait 10m") == 1
    assert "--wait 10m" not in render(report_on(an_advice, text=""), advice=True)


def test_advice_is_a_line_unless_it_is_asked_for() -> None:
    report = report_on(an_advice, text="")

    assert "Improve it." not in render(report)
    assert "`jhubdoctor explain an-advice`" in render(report)
    assert "Improve it." in render(report, advice=True)
    assert "Improve it." in render(report, verbose=True)


def test_what_is_hidden_is_no_green() -> None:
    report = report_on(a_warning, an_advice, text="").least(Severity.ERROR)
    text = render(report)

    assert report.verdict == "warning"
    assert "All is well" not in text
    assert "1 finding hidden by --min-severity" in text
    assert "12 pods are old" not in text


def test_a_cause_weighs_as_much_as_what_follows_from_it() -> None:
    mild = replace(an_error, severity=Severity.WARNING)
    report = report_on(mild, many_symptoms, text="")

    assert (report.causes(Severity.ERROR), report.causes(Severity.WARNING)) == (1, 0)
    assert report.least(Severity.ERROR).findings == report.findings
    assert "\u2716 1 problem\n" in render(report)


def test_a_command_in_a_sentence_is_not_broken() -> None:
    @check(severity=Severity.ERROR)
    def says_a_command(hub: Hub) -> Iterator[Finding]:
        """Says a command."""
        fix = Fix(f"{'words ' * 9}`kubectl get pods --namespace jhub` and more.")
        yield Finding(on=(hub.ref,), says="it is", evidence=(("a", "b"),), fix=fix)

    assert "`kubectl get pods --namespace jhub`" in render(report_on(says_a_command, text=""))


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
