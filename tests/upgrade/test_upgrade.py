"""`jhubdoctor upgrade`: the evidence judged against the target, the values, the order of the steps."""

from __future__ import annotations

import itertools
import json
import random
from pathlib import Path
from typing import Any

import jsonschema
import pytest
from click.testing import CliRunner, Result
from packaging.version import Version

from jhubdoctor.commands.group import cli
from jhubdoctor.engine.result import CheckStatus
from jhubdoctor.model.errors import UsageError
from jhubdoctor.model.finding import Severity
from jhubdoctor.model.hub import Hub, Scope
from jhubdoctor.model.values import Values, merged, nested
from jhubdoctor.model.yaml import load_yaml
from jhubdoctor.privacy.releases import outline
from jhubdoctor.privacy.values import allowed
from jhubdoctor.report.schemas import schema
from jhubdoctor.report.upgrade import as_dict, render_text
from jhubdoctor.sources.live import LiveReader
from jhubdoctor.sources.reader import Reader
from jhubdoctor.testing import Example, registry
from jhubdoctor.upgrade import judge as upgrade
from jhubdoctor.upgrade.judge import FACTS, UpgradeResult, given_files, preflight
from jhubdoctor.upgrade.plan import Given, Plan, Target
from jhubdoctor.visits.visit import Visit
from jhubdoctor_checks.api._move import fitting, hops
from jhubdoctor_checks.data import apis, charts, schemas
from jhubdoctor_checks.facts.api import Surface
from jhubdoctor_checks.preflight import problems_of
from jhubdoctor_checks.way import Made, begin, find, why_not
from tests import beside
from tests.sources.test_recordings import PLANTED, served
from tests.upgrade.probes import KEPT, Probe, said

OLD = """
kind: Version
gitVersion: v1.20.15
---
kind: Missing
read: discovery
---
kind: Deployment
metadata: {name: hub, labels: {component: hub, chart: jupyterhub-0.11.1, helm.sh/chart: null}}
---
kind: Deployment
metadata: {name: user-scheduler, labels: {component: user-scheduler, chart: jupyterhub-0.11.1, helm.sh/chart: null}}
spec: {template: {spec: {containers: [{name: user-scheduler, image: "k8s.gcr.io/kube-scheduler:v1.19.7"}]}}}
---
kind: ConfigMap
metadata: {name: user-scheduler, labels: {component: user-scheduler}}
data:
  config.yaml: |
    apiVersion: kubescheduler.config.k8s.io/v1beta1
    kind: KubeSchedulerConfiguration
    leaderElection:
      resourceLock: endpoints
---
kind: Release
name: jhub
version: 1
status: deployed
modified: -100d
chart: {name: jupyterhub, version: 0.11.1}
config:
  hub: {uid: 1000, cookieSecret: must-not-leak-0123456789, config: {GitHubOAuthenticator: {client_secret: hunter3}}}
  proxy: {secretToken: s3cr3t-must-not-leak}
objects:
  - {apiVersion: v1, kind: Service, name: hub}
  - {apiVersion: policy/v1beta1, kind: PodDisruptionBudget, name: user-scheduler}
  - {apiVersion: policy/v1beta1, kind: PodDisruptionBudget, name: user-placeholder}
"""


def judged(text: str, kubernetes: int | None = None, chart: str = "", files: tuple[str, ...] = ()) -> UpgradeResult:
    return seen(Example(text).reader(), Target(kubernetes, chart), files)


def seen(reader: Reader, target: Target, files: tuple[str, ...] = ()) -> UpgradeResult:
    pack = preflight()
    scope = Scope(kubernetes=target.kubernetes, chart=target.chart)
    checks = [c for c in registry().select() if c.id in pack.CHECKS]
    report, facts = Visit(registry(), checks, lambda: reader, scope, concurrency=1).look(facts=FACTS)
    return upgrade.judged(pack, target, files, report, facts)


def found(outcome: UpgradeResult, *severities: Severity) -> dict[str, str]:
    assert outcome.report is not None
    wanted = severities or tuple(Severity)
    return {f.check.id: f.finding.says for f in outcome.report.findings if f.severity in wanted}


def planned(chart: str, running: int, target: Target, values: dict[str, Any] | None = None) -> Plan:
    data = values or {}
    hub = Hub("jhub", "jhub", chart)
    return preflight().plan(Given(Values(allowed(data)), outline(data), "values.yaml"), hub, running, target)


def way(plan: Plan) -> list[str]:
    return [f"{s.kind} {s.end}" for s in plan.steps]


def call(*words: str) -> Result:
    return CliRunner().invoke(cli, list(words))


# --- evidence --------------------------------------------------------------------------------------------------------


def test_an_old_hub_is_quiet_today_deprecated_at_1_24_and_broken_at_1_25() -> None:
    today = found(judged(OLD, chart="0.11.1"), Severity.ERROR, Severity.WARNING)
    next_to_last = judged(OLD, 24)
    broken = judged(OLD, 25)

    assert "user-scheduler-removed-api" not in today
    assert not found(next_to_last, Severity.ERROR)
    assert "PodDisruptionBudget" in found(next_to_last, Severity.WARNING)["deprecated-api-in-use"]
    assert "PodDisruptionBudget" in found(broken, Severity.ERROR)["removed-api-in-release"]
    assert "PodDisruptionBudget" in found(broken, Severity.ERROR)["user-scheduler-removed-api"]
    assert broken.exit_code == 1
    assert [way(p) for p in broken.plans] == [["chart 1.2.0", "kubernetes 1.21", "chart 2.0.0", "kubernetes 1.25"]]


def test_the_evidence_of_a_deprecated_api_is_merged_and_says_what_it_is_worth() -> None:
    outcome = judged(OLD, 24)
    assert outcome.report is not None
    [finding] = [f.finding for f in outcome.report.findings if f.check.id == "deprecated-api-in-use"]

    assert {r.name for r in finding.on} == {"user-scheduler", "user-placeholder"}
    assert {e.source for e in finding.proof} == {"release", "image", "server"}
    assert any("confidence: medium" in e.detail for e in finding.proof if e.source == "image")


def test_a_chart_that_goes_along_makes_it_a_matter_of_order() -> None:
    outcome = judged(OLD, 37, "4.4.0")
    [plan] = outcome.plans

    assert not found(outcome, Severity.ERROR)
    assert found(outcome, Severity.WARNING)["removed-api-in-release"]
    assert not plan.blocked
    assert any("hub.uid" in c.touches for s in plan.steps for c in s.changes)
    assert outcome.exit_code == 1  # hub.uid is not accepted


@pytest.mark.parametrize("read", ["helm-secrets", "version", "pods/log", "metrics", "secrets"])
def test_what_cannot_be_read_is_unknown(read: str) -> None:
    outcome = judged(f"{OLD}\n---\nkind: Missing\nread: {read}", 25)
    assert outcome.report is not None

    assert not [r for r in outcome.report.results if r.status is CheckStatus.BROKEN]
    assert outcome.exit_code in {1, 3}
    if read == "helm-secrets":
        unknown = {r.check.id for r in outcome.report.results if r.status is CheckStatus.UNKNOWN}
        assert unknown >= {"removed-api-in-release", "helm-upgrade-blocked"}


@pytest.mark.parametrize("seed", range(40))
def test_a_later_target_breaks_what_an_earlier_one_breaks(seed: int) -> None:
    """For any pair of targets, but for APIs that came in between."""
    chance = random.Random(seed)
    rows = chance.sample(sorted(apis.table().values(), key=str), 12)
    objects = "".join(f"  - {{apiVersion: {a.api_version}, kind: {a.kind}, name: x{i}}}\n" for i, a in enumerate(rows))
    running = chance.randint(apis.FIRST, 30)
    early = chance.randint(running, apis.LAST - 1)
    late = chance.randint(early + 1, apis.LAST)
    text = f"""
kind: Version
gitVersion: v1.{running}.0
---
kind: Missing
read: discovery
---
kind: Release
name: jhub
version: 1
status: deployed
modified: -100d
chart: {{name: jupyterhub, version: 4.4.0}}
objects:
{objects}"""

    def gone(minor: int) -> set[str]:
        report = judged(text, minor).report
        assert report is not None
        return {r.name for f in report.findings if f.check.id == "removed-api-in-release" for r in f.finding.on[1:]}

    skipped = {f"x{i}" for i, a in enumerate(rows) if early < a.introduced <= late}

    assert gone(early) - skipped <= gone(late)


# --- order -----------------------------------------------------------------------------------------------------------


def test_chart_and_cluster_go_in_turns_where_neither_can_go_alone() -> None:
    plan = planned("0.11.1", 20, Target(37, "4.4.0"))

    assert way(plan) == [
        "chart 1.2.0",
        "chart 2.0.0",
        "kubernetes 1.23",
        "chart 3.3.8",
        "kubernetes 1.28",
        "chart 4.4.0",
        "kubernetes 1.37",
    ]
    assert not plan.blocked


def test_releases_that_the_cluster_is_too_new_for_are_passed_over() -> None:
    plan = planned("0.11.1", 36, Target(None, "4.4.0"))

    assert way(plan) == ["chart 3.3.8", "chart 4.4.0"]
    assert {c.since for s in plan.steps for c in s.changes} >= {"1.0.0", "2.0.0", "3.2.0"}


def test_a_release_that_was_rendered_before_an_api_came_is_rendered_once_more() -> None:
    plan = planned("2.0.0", 20, Target(26, ""))

    assert way(plan) == ["kubernetes 1.24", "chart 2.0.0", "kubernetes 1.26"]


@pytest.mark.parametrize(
    ("chart", "running", "target", "said"),
    [
        ("3.3.8", 27, Target(None, "4.4.0"), "asks for Kubernetes 1.28"),
        ("4.4.0", 33, Target(None, "3.3.8"), "cannot go back"),
        ("4.4.0", 33, Target(30, ""), "cannot go back"),
        ("3.3.8", 26, Target(26, "4.4.0"), "asks for Kubernetes 1.28"),
        ("0.9.0", 19, Target(30, "1.2.0"), "does not work on Kubernetes 1.30"),
    ],
)
def test_what_cannot_be_done_is_said(chart: str, running: int, target: Target, said: str) -> None:
    plan = planned(chart, running, target)

    assert any(said in why for why in plan.blocked)
    assert not plan.steps
    assert Severity.ERROR in plan.severities


def test_where_there_is_no_way_no_step_is_told_though_nobody_knows_from_where() -> None:
    given = Given(Values({}), outline({"hub": {"fsGid": 1}}), "values.yaml")
    plan = preflight().plan(given, Hub("jhub", "jhub", ""), 26, Target(26, "4.4.0"))

    assert any("asks for Kubernetes 1.28" in why for why in plan.blocked)
    assert not plan.steps
    assert [p.path for p in plan.problems] == ["hub.fsGid"]


EVERY = frozenset(charts.newest().renders)
MADE = (
    Made(),
    Made(scheduler=False),
    Made(frozenset(), scheduler=False),
    Made(EVERY),
    Made(EVERY - charts.ALWAYS, scheduler=False),
)


@pytest.mark.parametrize("start", ["0.8.2", "0.10.6", "0.11.1", "1.2.0", "2.0.0", "3.0.0", "3.3.8", "4.0.0", "4.4.0"])
def test_no_step_leads_to_what_the_tables_call_broken_and_each_plan_ends_or_says_why(start: str) -> None:
    chart = charts.find(start)
    assert chart is not None
    for made, running, goal, to in itertools.product(MADE, range(16, 38, 3), (20, 25, 28, 37), ("", "2.0.0", "4.4.0")):
        at, end = begin(chart, running, made), charts.find(to)
        moves = find(at, goal, end, made)
        if moves is None:
            assert why_not(at, goal, end, made)
            continue
        for move in moves:
            assert move.start == at
            at = move.end
            assert not made.breaks(at.chart, at.minor)
            assert not at.lost
            assert at.chart.parsed >= move.start.chart.parsed
            assert at.minor - move.start.minor in (0, 1)
        assert at.minor == goal
        assert end in (None, at.chart)
        # also where no step is needed
        assert not made.breaks(at.chart, goal)
        assert not at.lost


def test_a_cluster_that_goes_on_takes_the_chart_along_where_it_must() -> None:
    assert way(planned("0.11.1", 20, Target(25))) == [
        "chart 1.2.0",
        "kubernetes 1.21",
        "chart 2.0.0",
        "kubernetes 1.25",
    ]
    assert way(planned("2.0.0", 26, Target(27))) == ["chart 3.3.8", "kubernetes 1.27"]
    assert way(planned("3.3.8", 30, Target(37))) == ["kubernetes 1.37"]


def test_what_a_release_on_the_way_refuses_is_told_at_its_step() -> None:
    values = {"httpRoute": {"enabled": True}, "singleuser": {"typo": 1}}
    plan = planned("2.0.0", 26, Target(30, "4.4.0"), values)
    told = {(s.end, c.touches, c.action) for s in plan.steps for c in s.changes if c.severity is Severity.ERROR}

    assert told == {("3.3.8", ("httpRoute",), "Leave it out until the chart is at 4.3.0 or later.")}
    assert [p.path for p in plan.problems if p.severity is Severity.ERROR] == ["singleuser.typo"]


def test_values_are_judged_for_the_chart_that_the_way_needs_though_nobody_named_it() -> None:
    plan = planned("2.0.0", 26, Target(27), {"hub": {"typo": 1}})

    assert plan.target["chart"] == "3.3.8"
    assert "hub.typo" in {p.path for p in plan.problems}


NOTHING = {
    "hub": {"pdb": {"enabled": False}},
    "scheduling": {"userScheduler": {"enabled": False}, "userPlaceholder": {"enabled": False}},
}


@pytest.mark.parametrize("values", [{}, NOTHING])
@pytest.mark.parametrize(
    ("start", "minor"), [("0.11.1", 26), ("1.2.0", 22), ("1.2.0", 33), ("2.0.0", 30), ("3.0.0", 33)]
)
def test_run_and_upgrade_name_the_same_way(start: str, minor: int, values: dict[str, Any]) -> None:
    surface = Surface(minor, running=minor)
    target = fitting(surface)
    assert target is not None
    named = [c.version for c in hops(Hub("jhub", "jhub", start, values=Values(values)), surface, target)]

    assert named == [s.end for s in planned(start, minor, Target(None, target.version), values).steps]
    if start == "0.11.1":
        assert named[0] == ("1.2.0" if values else "2.0.0")


OFF = """
kind: Version
gitVersion: v1.24.0
---
kind: Missing
read: discovery
---
kind: Deployment
metadata: {name: hub, labels: {component: hub, chart: jupyterhub-1.2.0, helm.sh/chart: null}}
---
kind: Deployment
metadata: {name: user-scheduler}
$delete: true
---
kind: Release
name: jhub
version: 1
status: deployed
modified: -100d
chart: {name: jupyterhub, version: 1.2.0}
config: {scheduling: {userScheduler: {enabled: false}}}
objects:
  - {apiVersion: apps/v1, kind: Deployment, name: hub}
  - {apiVersion: policy/v1, kind: PodDisruptionBudget, name: user-placeholder}
"""


def test_what_this_release_renders_decides_and_not_what_the_chart_could() -> None:
    [plan] = judged(OFF, 37).plans

    assert way(plan) == ["kubernetes 1.37"]
    assert not plan.blocked


def test_a_release_that_helm_cannot_read_is_rewritten_before_the_first_upgrade() -> None:
    outcome = judged(OLD.replace("v1.20.15", "v1.26.0"), 30, "4.4.0")
    [plan] = outcome.plans
    first = plan.steps[0]
    words = [c.split()[:2] for c in first.commands]

    assert way(plan) == ["chart 2.0.0", "chart 3.3.8", "kubernetes 1.28", "chart 4.4.0", "kubernetes 1.30"]
    assert ["helm", "mapkubeapis"] in words
    assert words.index(["helm", "mapkubeapis"]) < words.index(["helm", "upgrade"])
    assert any("PodDisruptionBudget" in b for b in first.before)
    assert "mapkubeapis" not in str([s.commands for s in plan.steps[1:]])
    assert any("Back up" in b for b in first.before)
    assert "jhubdoctor run --namespace jhub" in first.check
    assert "restarts" in first.restarts


def test_who_has_chosen_what_becomes_of_volumes_is_not_told_of_the_default() -> None:
    chosen = planned("0.11.1", 20, Target(None, "1.2.0"), {"hub": {"config": {"KubeSpawner": {"delete_pvc": False}}}})

    assert not [c for s in chosen.steps for c in s.changes if "volume" in c.says]


def test_a_change_keeps_its_severity_in_text_and_in_json() -> None:
    outcome = judged(OLD, 37, "4.4.0")
    told = [c for p in as_dict(outcome)["plans"] for s in p["steps"] for c in s["changes"]]
    [volume] = [c for c in told if "deletes the user's volume" in c["message"]]

    assert volume["severity"] == "warning"
    assert "WARNING  deleting a user in the hub deletes the user's volume" in render_text(outcome)


# --- values ----------------------------------------------------------------------------------------------------------

BAD = {
    "auth": {"type": "github"},
    "hub": {"db": {"type": "postgresql"}, "image": {"tag": 3.10}, "resource": {}, "config": {"loadRoles": {}}},
    "singleuser": {
        "memory": {"limit": "1Gi"},
        "cpu": {"limit": "500m"},
        "startTimeout": "10m",
        "storage": {"type": "static"},
    },
    "proxy": {"https": {"hosts": ["hub.example.org"]}},
}


def test_values_that_a_chart_does_not_take_are_named_by_path() -> None:
    plan = preflight().plan(Given(Values(allowed(BAD)), outline(BAD), "values.yaml"), None, None, Target(None, "4.4.0"))
    problems = {p.path for p in plan.problems}
    touched = {t for s in plan.steps for c in s.changes for t in c.touches}

    assert problems >= {
        "hub.db.type",
        "hub.image.tag",
        "hub.resource",
        "singleuser.memory.limit",
        "singleuser.cpu.limit",
    }
    assert problems >= {"singleuser.startTimeout", "singleuser.storage.static.pvcName"}
    assert touched >= {"auth", "hub.config.loadRoles", "proxy.https", "hub.config"}
    assert not problems & touched


@pytest.mark.parametrize("chart", ["1.2.0", "2.0.0", "3.3.8", "4.4.0"])
def test_values_by_the_book_are_taken(chart: str) -> None:
    values: dict[str, Any] = {
        "hub": {
            "config": {
                "JupyterHub": {"authenticator_class": "github"},
                "GitHubOAuthenticator": {"client_id": "x", "client_secret": "y", "allowed_organizations": ["a"]},
            },
            "extraConfig": {"a": "c.Spawner.debug = True"},
        },
        "proxy": {"https": {"enabled": True, "hosts": ["h"], "letsencrypt": {"contactEmail": "a@b"}}},
        "singleuser": {
            "image": {"name": "quay.io/jupyter/base-notebook", "tag": "2026-01-05"},
            "memory": {"guarantee": "1G", "limit": "2G"},
            "cpu": {"limit": 2},
            "profileList": [{"display_name": "a", "kubespawner_override": {"image": "x"}}],
            "extraLabels": {"a.b/c": "d"},
        },
        "custom": {"anything": {"goes": 1}},
    }
    plan = preflight().plan(Given(Values(allowed(values)), outline(values)), None, None, Target(None, chart))

    assert [p.path for p in plan.problems if p.path] == []
    assert not [c for s in plan.steps for c in s.changes if c.severity is Severity.ERROR]


STEPS: dict[str, tuple[str, dict[str, Any]]] = {
    "hub.db.upgrade": ("2.0.0", {"hub": {"db": {"type": "postgres", "url": "x"}}}),
    "hub.fsGid": ("2.0.0", {"hub": {"fsGid": 1000}}),
    "rbac.enabled": ("2.0.0", {"rbac": {"enabled": False}}),
    "singleuser.networkPolicy.egress": ("2.0.0", {"singleuser": {"networkPolicy": {"egress": []}}}),
    "scheduling.userScheduler.plugins": ("3.0.0", {"scheduling": {"userScheduler": {"plugins": {"score": {}}}}}),
    "singleuser.uid": ("2.0.0", {"singleuser": {"uid": 0}}),
    "hub.config": ("3.0.0", {"hub": {"config": {"JupyterHub": {"authenticator_class": "github"}}}}),
    "singleuser.extraEnv": ("3.0.0", {"singleuser": {"extraEnv": {"A": "{x}"}}}),
    "singleuser.image.name": (
        "3.2.0",
        {"singleuser": {"image": {"name": "jupyterhub/k8s-singleuser-sample", "tag": "x"}}},
    ),
    "hub.allowNamedServers": ("4.0.0", {"hub": {"allowNamedServers": True}}),
    "singleuser.storage.static.subPath": (
        "4.0.0",
        {"singleuser": {"storage": {"type": "static", "static": {"pvcName": "c"}}}},
    ),
    "singleuser.storage.dynamic.pvcNameTemplate": (
        "4.0.0",
        {"singleuser": {"storage": {"dynamic": {"pvcNameTemplate": "claim-{username}"}}}},
    ),
    "proxy.traefik.extraStaticConfig": ("4.0.0", {"proxy": {"traefik": {"extraStaticConfig": {"a": 1}}}}),
    "hub.config.loadRoles": ("4.3.0", {"hub": {"config": {"loadRoles": {}}}}),
}


@pytest.mark.parametrize("path", STEPS)
def test_a_breaking_change_is_told_at_its_step_to_those_whom_it_concerns(path: str) -> None:
    since, values = STEPS[path]
    told = {
        (c.since, t)
        for s in planned("1.2.0", 33, Target(None, "4.4.0"), values).steps
        for c in s.changes
        for t in c.touches
    }
    others = {t for s in planned("1.2.0", 33, Target(None, "4.4.0")).steps for c in s.changes for t in c.touches}
    behind = {
        t for s in planned("4.3.0", 33, Target(None, "4.4.0"), values).steps for c in s.changes for t in c.touches
    }

    assert (since, path) in told
    assert path not in others
    assert path not in behind


def test_named_servers_lose_nothing_twice_where_the_former_names_are_kept() -> None:
    values = {
        "hub": {"config": {"KubeSpawner": {"slug_scheme": "escape"}}},
        "singleuser": {"storage": {"dynamic": {"pvcNameTemplate": "claim-{username}"}}},
    }
    plan = planned("3.3.8", 33, Target(None, "4.4.0"), values)

    assert not [c for s in plan.steps for c in s.changes if "pvcNameTemplate" in str(c.touches)]


def test_effective_values_are_not_taken_for_what_somebody_set() -> None:
    text = f"{OLD}\n---\nkind: Release\nname: jhub\nversion: 1\nstatus: deployed\n$delete: true"
    [plan] = judged(text, chart="4.4.0", kubernetes=37).plans

    assert not plan.problems
    assert any("-f" in n for n in plan.notices)


# --- files and words -------------------------------------------------------------------------------------------------


def test_files_alone_need_no_cluster(tmp_path: Path) -> None:
    import yaml

    path = tmp_path / "values.yaml"
    path.write_text(yaml.safe_dump(BAD), encoding="utf-8")
    result = call("upgrade", "--offline", "-f", str(path), "--to-chart", "4.4.0", "-o", "json")
    document = json.loads(result.stdout)

    assert result.exit_code == 1 == document["exit_code"]
    jsonschema.Draft202012Validator(json.loads(schema("upgrade"))).validate(document)
    assert document["report"] is None
    assert document["verdict"] == "error"
    assert {p["path"] for p in document["plans"][0]["problems"]} >= {"hub.db.type", "hub.resource"}


def test_a_cluster_that_is_not_there_is_said_and_the_files_are_judged(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "values.yaml"
    path.write_text("singleuser: {memory: {guarantee: 1G}}", encoding="utf-8")
    monkeypatch.setenv("KUBECONFIG", str(tmp_path / "none"))
    result = call("upgrade", "-f", str(path), "--to-chart", "4.4.0")

    assert result.exit_code == 0
    assert "No cluster was looked at" in " ".join(result.stdout.split())


def test_later_files_win_and_a_parent_charts_values_are_unwrapped(tmp_path: Path) -> None:
    first, second = tmp_path / "a.yaml", tmp_path / "b.yaml"
    first.write_text("jupyterhub: {hub: {db: {type: mysql}, resource: {}}}", encoding="utf-8")
    second.write_text("jupyterhub: {hub: {db: {type: sqlite-pvc}}}", encoding="utf-8")
    [given] = given_files((str(first), str(second)))

    assert given.values.get("hub.db.type") == "sqlite-pvc"
    assert given.sets("hub.resource")
    assert given.root == "jupyterhub"


def test_values_are_refused_where_helm_refused_them(tmp_path: Path) -> None:
    """Of the probes of probes.py those that are kept, with the verdict of a real Helm over the real charts."""
    wrong = []
    for line in KEPT.read_text(encoding="utf-8").splitlines():
        tag, root, text, refused = json.loads(line)
        if bool(said(Probe(tag, root, text, ""), tmp_path / "values.yaml")) is not refused:
            wrong.append(line)

    assert wrong == []


@pytest.mark.parametrize("root", ["", "jupyterhub", "basehub.jupyterhub", "hub", "base.lab"])
def test_values_below_parents_are_judged_under_their_true_path(tmp_path: Path, root: str) -> None:
    import yaml

    own: dict[str, Any] = {"hub": {"config": {}, "services": ["a"]}, "proxy": {}, "singleuser": {"extraEnv": "A=1"}}
    path = tmp_path / "values.yaml"
    path.write_text(yaml.safe_dump({**(nested(root, own) if root else own), "dask-gateway": {}} if root else own))
    under = f"{root}." if root else ""
    release = f"""
kind: Release
name: jhub
version: 1
status: deployed
modified: -100d
chart: {{name: {"jupyterhub" if not root else "parent"}, version: 4.3.0}}
config: {json.dumps(nested(root, own) if root else own)}
"""
    [offline] = given_files((str(path),))
    [here] = judged(release, chart="4.4.0").plans
    [files] = judged(release, chart="4.4.0", files=(str(path),)).plans
    without = preflight().plan(offline, None, None, Target(None, "4.4.0"))

    for plan in (here, files, without):
        assert {p.path for p in plan.problems if p.path} == {f"{under}hub.services", f"{under}singleuser.extraEnv"}


@pytest.mark.parametrize(
    ("text", "taken"),
    [
        ("base: {lab: {hub: {}}}", True),
        # null is no values of one's own, as Helm has it
        ("base: {lab: null}", True),
        ("base: null", True),
        ("base: {lab: []}", False),
        ("base: 5", False),
    ],
)
def test_what_is_no_mapping_above_the_hub_is_refused_and_null_is_not(tmp_path: Path, text: str, taken: bool) -> None:
    path = tmp_path / "values.yaml"
    path.write_text(text, encoding="utf-8")
    if not taken:
        with pytest.raises(UsageError, match="no mapping under base"):
            given_files((str(path),), "base.lab")
        return
    [given] = given_files((str(path),), "base.lab")

    assert given.root == "base.lab"
    assert problems_of(given, charts.newest()) == []


@pytest.mark.parametrize("files", [False, True])
def test_what_a_parent_sets_for_the_hub_counts_and_the_hubs_own_defaults_do_not(tmp_path: Path, files: bool) -> None:
    own = {"hub": {"typo": 1, "db": {"type": "postgres"}}, "imagePullSecret": None}
    whole = {"base": {"lab": merged(schemas.defaults(Version("4.2.0")), own)}, "base2": {}}
    path = tmp_path / "values.yaml"
    path.write_text("base: {lab: {proxy: {typo: 1}}}", encoding="utf-8")
    release = f"""
kind: Deployment
metadata: {{name: hub, labels: {{helm.sh/chart: jupyterhub-4.2.0}}}}
---
kind: Release
name: jhub
version: 1
status: deployed
modified: -100d
chart: {json.dumps({"name": "top", "version": "1.0.0", "values": whole})}
config: {{base: {{lab: {{proxy: {{typo: 1}}}}}}}}
"""
    [plan] = judged(release, chart="4.4.0", files=(str(path),) if files else ()).plans
    by_parent = {p.path: "chart top" in p.fix for p in plan.problems if p.path and p.severity is Severity.ERROR}

    assert by_parent == {
        "base.lab.hub.typo": True,
        "base.lab.hub.db.url": True,
        "base.lab.imagePullSecret": True,
        "base.lab.proxy.typo": False,
    }
    assert any("What chart top sets" in n for n in plan.notices)


def test_what_a_parent_sets_is_named_as_not_seen_where_it_was_not(tmp_path: Path) -> None:
    path = tmp_path / "values.yaml"
    path.write_text("jupyterhub: {hub: {}}", encoding="utf-8")
    result = call("upgrade", "--offline", "-f", str(path), "--to-chart", "4.4.0")

    assert "charts above it set for it themselves was not seen" in " ".join(result.stdout.split())


def test_what_was_not_held_against_a_schema_is_not_called_taken() -> None:
    assert "takes these values" in render_text(result_of({}, "4.4.0"))
    assert "templates were not rendered" in render_text(result_of({}, "4.4.0"))
    assert "takes these values" not in render_text(result_of({}, "0.11.1"))
    assert "takes these values" not in render_text(result_of({str(i): {} for i in range(30_000)}, "4.4.0"))


def result_of(values: dict[str, Any], to: str) -> UpgradeResult:
    target = Target(None, to)
    return UpgradeResult(target, (planned("0.9.0", 19, target, values),))


def test_each_hub_of_one_file_has_a_plan_of_its_own(tmp_path: Path) -> None:
    path = tmp_path / "values.yaml"
    path.write_text("a: {hub: {typo: 1}}\nb: {singleuser: {typo: 1}}", encoding="utf-8")
    result = call("upgrade", "--offline", "-f", str(path), "--to-chart", "4.4.0", "-o", "json")
    plans = json.loads(result.stdout)["plans"]

    assert [[p["path"] for p in plan["problems"]] for plan in plans] == [["a.hub.typo"], ["b.singleuser.typo"]]


def test_globals_of_a_parent_reach_the_hub(tmp_path: Path) -> None:
    path = tmp_path / "values.yaml"
    path.write_text("global: {safeToShowValues: 5}\nlab: {hub: {}}", encoding="utf-8")
    [given] = given_files((str(path),))

    assert [p.path for p in problems_of(given, charts.newest())] == ["lab.global.safeToShowValues"]


@pytest.mark.parametrize(
    "values",
    [
        {"hub": {"services": ["a"]}},
        {"hub": {"extraConfig": 5}},
        {"singleuser": {"extraEnv": "FOO=1"}},
        {"proxy": {"traefik": {"extraStaticConfig": 5}}},
        {"hub": {"db": {"type": ["postgres"]}}},
    ],
)
def test_a_note_about_a_key_takes_no_error_away(values: dict[str, Any]) -> None:
    plan = planned("1.2.0", 33, Target(None, "4.4.0"), values)

    assert [p.severity for p in plan.problems if p.path] == [Severity.ERROR]


def test_what_is_refused_is_never_called_taken() -> None:
    outcome = UpgradeResult(
        Target(None, "4.4.0"), (planned("1.2.0", 33, Target(None, "4.4.0"), {"hub": {"fsGid": 1}}),)
    )

    assert "hub.fsGid is not accepted any more" in render_text(outcome)
    assert "takes these values" not in render_text(outcome)


@pytest.mark.parametrize(
    ("values", "told"),
    [
        ({"https": {"hosts": ["a"]}}, True),
        ({"https": {"enabled": False, "letsencrypt": {"contactEmail": "a@b"}}}, False),
        ({"https": {"letsencrypt": {"contactEmail": "a@b"}}, "ingress": True}, False),
    ],
)
def test_https_that_was_switched_off_on_purpose_is_no_error(values: dict[str, Any], told: bool) -> None:
    ingress = {"ingress": {"enabled": True, "tls": [{"hosts": ["a"]}]}} if values.pop("ingress", False) else {}
    plan = planned("0.9.0", 19, Target(None, "1.2.0"), {"proxy": values, **ingress})

    assert any("proxy.https" in c.touches for s in plan.steps for c in s.changes) is told


def test_values_of_a_known_release_get_no_notes_of_older_ones(tmp_path: Path) -> None:
    path = tmp_path / "values.yaml"
    path.write_text("singleuser: {extraEnv: {A: b}, uid: 0}", encoding="utf-8")
    words = ("upgrade", "-f", str(path), "--to-chart", "4.4.0", "-o", "json")
    [anywhere] = json.loads(call(*words, "--offline").stdout)["plans"]
    [known] = json.loads(call(*words, "--from-chart", "4.0.0").stdout)["plans"]

    assert {c["since"] for s in anywhere["steps"] for c in s["changes"]} >= {"2.0.0", "3.0.0"}
    assert known["from"]["chart"] == "4.0.0"
    assert not [c for s in known["steps"] for c in s["changes"] if c["touches"]]


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("[y, off, 0o644, 0644, 08, -08, 1e3, 1_000, 0x1F]", [True, False, 420, 420, 8, -8, 1000, 1000, 31]),
        ("[12:30, 2026-01-05, =, '1', ~, 1.10]", ["12:30", "2026-01-05", "=", "1", None, 1.1]),
    ],
)
def test_files_are_read_as_helm_reads_them(text: str, found: list[object]) -> None:
    assert load_yaml(text, as_helm=True) == found


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (["--to-chart", "4.4.0", "--from-chart", "4.0.0"], "nothing to judge"),
        (["--to-chart", "4.4.0", "--from-chart", "9", "-f", "x"], "no chart"),
        ([], "nothing to upgrade to"),
        (["--to-kubernetes", "latest"], "no version of Kubernetes"),
        (["--to-chart", "4.40"], "Did you mean 4.4.0"),
        (["--to-kubernetes", "1.37", "-f", "x.yaml"], "Name it with --to-chart"),
        (["--to-chart", "4.4.0", "--offline"], "nothing to judge"),
        (["--to-chart", "4.4.0", "-f", "not-there.yaml"], "cannot be read"),
        (["--to-chart", "4.4.0", "-o", "sarif"], "text or json"),
    ],
)
def test_wrong_usage_is_one_sentence_and_exit_code_2(words: list[str], said: str) -> None:
    result = call("upgrade", *words)

    assert result.exit_code == 2
    assert said in result.stderr
    assert not result.stdout


@pytest.mark.parametrize("text", ["- a\n- b", "a: [", "\x00", "a: &x [*x]"])
def test_a_file_that_is_no_values_file_is_wrong_usage(tmp_path: Path, text: str) -> None:
    path = tmp_path / "values.yaml"
    path.write_text(text, encoding="utf-8")

    assert call("upgrade", "--offline", "-f", str(path), "--to-chart", "4.4.0").exit_code == 2


def test_no_secret_reaches_an_output() -> None:
    outcome = judged(OLD, 37, "4.4.0")
    shown = render_text(outcome, verbose=True) + json.dumps(as_dict(outcome))

    for planted in PLANTED:
        assert planted not in shown


def test_the_text_fits_80_columns_but_for_what_must_not_be_broken() -> None:
    shown = render_text(judged(OLD, 37, "4.4.0"), width=80)

    assert not [
        line
        for line in shown.splitlines()
        if len(line) > 80 and not any(whole in line for whole in ("://", "jhubdoctor upgrade", "sqlite3"))
    ]


# --- recordings of real API servers ----------------------------------------------------------------------------------


@pytest.mark.parametrize("recording", beside.each("recordings/old_cluster.json.gz"))
@pytest.mark.parametrize(
    ("kubernetes", "errors", "warnings"),
    [
        (25, {"removed-api-in-release", "user-scheduler-removed-api"}, set()),
        (37, {"removed-api-in-release", "user-scheduler-removed-api"}, set()),
        (24, set(), {"deprecated-api-in-use"}),
    ],
)
def test_the_recorded_old_cluster(recording: Path, kubernetes: int, errors: set[str], warnings: set[str]) -> None:
    with served(recording) as kubeconfig:
        reader = LiveReader(kubeconfig, timeout=30)
        reader.connect()
        outcome = seen(reader, Target(kubernetes))
    shown = render_text(outcome)

    assert set(found(outcome, Severity.ERROR)) == errors
    assert set(found(outcome, Severity.WARNING)) >= warnings
    assert outcome.exit_code == (1 if errors else 0)
    if errors:
        assert "kube-scheduler 1.19" in " ".join(shown.split())
        assert "policy/v1beta1 PodDisruptionBudget" in " ".join(shown.split())
    for planted in PLANTED:
        assert planted not in shown
