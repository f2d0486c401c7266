"""A report that has one of everything, made by hand: formats are tested without a single check."""

from collections.abc import Callable, Iterator
from dataclasses import replace
from datetime import UTC, date, datetime
from pathlib import Path

import pytest

import jhubdoctor
from jhubdoctor import __version__
from jhubdoctor.engine.declare import Check
from jhubdoctor.engine.fold import settled
from jhubdoctor.engine.result import Baseline, CheckStatus, CoverageRow, Gap, Report, Reported, Result
from jhubdoctor.engine.suppress import Suppression
from jhubdoctor.model.finding import Evidence, Finding, Fix, Ref, Severity
from jhubdoctor.model.hub import Hub, Origin
from jhubdoctor.privacy.harmless import harmless
from jhubdoctor.sources.reads import Query, ReadState

NASTY = """<script>alert(1)</script> "quoted" 'single' a|b `tick` ``two`` *bold* _it_ ]]> & @everyone #12 $x$ {{x}}
\x1b[31mred\x1b[0m \u202eright-to-left \ufffe https://evil.example :smile: ${{ secrets.X }} \\ end"""
# where the checks of this module have their pages
DOC_BASE = jhubdoctor.DOC_BASE
AT = datetime(2026, 1, 5, 12, 0, tzinfo=UTC)


def a_check(check_id: str, area: str, severity: Severity, title: str, explains: tuple[str, ...] = ()) -> Check:
    def function() -> Iterator[Finding]:
        yield from ()

    return Check(check_id, area, title, function, severity, explains, (), f"{__name__}.{check_id}")


PULL = a_check("image-pull-failed", "image", Severity.ERROR, "An image cannot be pulled.", ("spawn-timeout",))
TIMEOUT = a_check("spawn-timeout", "spawn", Severity.ERROR, "A server did not start in time.")
NASTY_CHECK = a_check("volume-full", "storage", Severity.WARNING, "A volume is full.")
ADVICE = a_check("image-tag-mutable", "image", Severity.INFO, "An image tag may change its content.")
NODES = a_check("node-pressure", "node", Severity.WARNING, "A node is short of memory or disk.")
BROKEN = a_check("quota-exhausted", "policy", Severity.ERROR, "A quota is used up.")
FINE = a_check("hub-crash-loop", "hub", Severity.ERROR, "The hub stops again and again.")
OFF = a_check("acme-failed", "network", Severity.ERROR, "A certificate could not be had.")
CLUSTER = a_check("api-server-unhealthy", "api", Severity.ERROR, "The API server is not well.")

OWN = Origin(kept=True, chart="jupyterhub", root="")
A_HUB = Hub("jhub", "jhub", "4.4.0", origin=OWN, jupyterhub_version="5.5.0")
B_HUB = Hub("training", "hub-2", "3.3.8", origin=OWN)


def pod(name: str, namespace: str = "jhub", container: str = "") -> Ref:
    return Ref("Pod", name, namespace, container=container)


def reported(check: Check, hub: Hub | None, finding: Finding, number: int) -> Reported:
    severity = finding.severity or check.severity
    return Reported(check, hub, harmless(finding), severity, f"{number:016x}")


def findings() -> list[Reported]:
    pull = Finding(
        on=(Ref("DaemonSet", "continuous-image-puller", "jhub", "apps/v1"), pod("jupyter-ada", container="notebook")),
        says="the image quay.io/org/course:2026 cannot be pulled: connection reset by peer",
        evidence=(
            Evidence("event", "Failed: read tcp 10.0.0.7:33812->34.1.2.3:443: connection reset by p", AT),
            ("pod.status", "waiting.reason: ImagePullBackOff"),
        ),
        fix=Fix(
            "Make a mirror of the image that the nodes can reach, and name it.",
            {"singleuser": {"image": {"name": "registry.example.org/course", "tag": "2026"}}},
            ("helm upgrade jhub jupyterhub --namespace jhub --version 4.4.0 --values values.yaml",),
            "This restarts the hub; users' servers keep running.",
        ),
        affects=(pod("jupyter-ada"), pod("jupyter-bob")),
    )
    timeout = Finding(
        on=(pod("jupyter-ada"), pod("jupyter-bob")),
        says="2 servers did not start within 300 s",
        evidence=(("hub log", "Spawn failed: Timeout"),),
        fix=Fix("See its cause."),
    )
    nasty = Finding(
        on=(Ref("PersistentVolumeClaim", NASTY, "training"),),
        says=f"the volume is full: {NASTY}",
        evidence=((NASTY, NASTY),),
        fix=Fix(NASTY, {"a": {NASTY: [NASTY, True, None, 3]}}, (NASTY,), NASTY),
    )
    advice = Finding(
        on=tuple(Ref("DaemonSet", f"puller-{i}", "training", "apps/v1") for i in range(5)),
        says="the tag latest may change its content",
        evidence=(("pod.spec", "image: quay.io/org/course:latest"),),
        fix=Fix("Name a tag that does not change."),
        cause="latest",
    )
    node = Finding(
        on=(Ref("Node", "node-1"),),
        says="node-1 is short of disk",
        evidence=(("node.status", "DiskPressure: True"),),
        fix=Fix("Free some.", commands=("kubectl describe node node-1",)),
    )
    return [
        reported(PULL, A_HUB, pull, 1),
        reported(TIMEOUT, A_HUB, timeout, 2),
        reported(NASTY_CHECK, B_HUB, nasty, 3),
        reported(ADVICE, B_HUB, advice, 4),
        reported(NODES, None, node, 5),
    ]


FORBIDDEN = Gap(Query("nodes"), ReadState.FORBIDDEN, 'HTTP 403: nodes is forbidden: User "x" cannot list')


def a_report() -> Report:
    rule = Suppression("the course pins it after the midterm", check="image-tag-mutable", until=date(2026, 2, 1))
    active, suppressed = settled(findings(), [replace(rule, place="jhubdoctor.toml, suppress 1")], AT.date())
    results = [
        Result(CLUSTER, None, CheckStatus.OK, duration=0.001),
        Result(NODES, None, CheckStatus.FOUND, duration=0.002),
        *(Result(PULL, h, CheckStatus.FOUND if h is A_HUB else CheckStatus.OK, duration=0.01) for h in (A_HUB, B_HUB)),
        *(Result(TIMEOUT, h, CheckStatus.FOUND if h is A_HUB else CheckStatus.OK) for h in (A_HUB, B_HUB)),
        Result(NASTY_CHECK, B_HUB, CheckStatus.FOUND, duration=0.25),
        Result(ADVICE, B_HUB, CheckStatus.FOUND),
        Result(FINE, A_HUB, CheckStatus.OK),
        Result(OFF, A_HUB, CheckStatus.NOT_APPLICABLE, "proxy.https is off in the values"),
        Result(FINE, B_HUB, CheckStatus.UNKNOWN, str(FORBIDDEN), (FORBIDDEN,)),
        Result(BROKEN, A_HUB, CheckStatus.BROKEN, "KeyError at pack/quota.py:12"),
    ]
    return Report(
        started_at=AT,
        duration=4.214,
        source="live",
        context="prod",
        server_version="v1.36.2",
        hubs=(A_HUB, B_HUB),
        results=tuple(results),
        findings=tuple(active),
        suppressed=tuple(suppressed),
        coverage=(
            CoverageRow(Query("nodes"), ReadState.FORBIDDEN, 0, "HTTP 403", ("hub-crash-loop",)),
            CoverageRow(Query("pods", "jhub"), ReadState.OK, 12, "", ("image-pull-failed", "spawn-timeout")),
        ),
        requests=41,
        bytes_read=123456,
        knows={"kubernetes": "1.37", "chart": "4.4.0"},
    )


@pytest.fixture
def report() -> Report:
    """Errors, warnings, symptoms, unknown, broken, suppressed, two hubs, hostile texts."""
    return a_report()


@pytest.fixture
def fine(report: Report) -> Report:
    """Nothing found, everything looked at."""
    results = tuple(r for r in report.results if r.status in {CheckStatus.OK, CheckStatus.NOT_APPLICABLE})
    return replace(report, findings=(), suppressed=(), results=results)


@pytest.fixture
def compared(report: Report) -> Report:
    """Compared with a baseline that knows the pull, and had something that is gone."""
    first, *others = report.findings
    gone = {"check": "hub-crash-loop", "hub": "jhub/jhub", "severity": "error", "fingerprint": "f" * 16}
    baseline = Baseline("before.json", (gone | {"message": "the hub stops again and again"},))
    return replace(report, findings=(replace(first, known=True), *others), baseline=baseline)


@pytest.fixture
def nasty() -> str:
    return NASTY


@pytest.fixture
def make() -> Callable[[], Report]:
    return a_report


@pytest.fixture
def golden(request: pytest.FixtureRequest) -> Callable[[str, str], None]:
    """Compare a text with the file of this name in tests/golden; the release in it is written VERSION."""
    folder = Path(__file__).parent.parent / "golden"

    def compare(name: str, text: str) -> None:
        file, text = folder / name, text.replace(__version__, "VERSION")
        if request.config.getoption("--update-golden"):
            file.parent.mkdir(exist_ok=True, parents=True)
            file.write_text(text, encoding="utf-8")
        assert file.read_text(encoding="utf-8") == text, "look at the difference; --update-golden accepts it"

    return compare
