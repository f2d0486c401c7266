"""What is deployed: the chart by real Helm, the alerts by promtool, the dashboard, the image, the plugin for krew."""

import hashlib
import io
import json
import os
import re
import shutil
import subprocess
import sys
import zipfile
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path
from typing import Any
from xml.etree import ElementTree as ET

import pytest
import yaml

from jhubdoctor import DOC_BASE, __version__
from jhubdoctor.commands.options import parse_outputs
from jhubdoctor.commands.rbac import manifests
from jhubdoctor.engine.result import Report
from jhubdoctor.model.errors import UsageError
from jhubdoctor.report import FORMATS
from jhubdoctor.service.exporter import Exporter
from jhubdoctor.testing import registry
from tests.cluster.binaries import missing, ready

ROOT = Path(__file__).parent.parent.parent
CHART = ROOT / "deploy" / "helm" / "jhubdoctor"
KREW = ROOT / "deploy" / "krew"
HOME = DOC_BASE.removesuffix("checks/")

pytestmark = pytest.mark.skipif(not CHART.is_dir(), reason="deploy/ is not here")
promtool = pytest.mark.skipif(not shutil.which("promtool"), reason="no promtool here: apt-get install prometheus")


def test_generated_files_are_current() -> None:
    done = subprocess.run(
        [sys.executable, str(ROOT / "deploy" / "generate.py"), "--check"], check=False, capture_output=True, text=True
    )

    assert done.stdout == ""
    assert done.returncode == 0, done.stderr


# --- the chart -------------------------------------------------------------------------------------------------------

Template = Callable[..., subprocess.CompletedProcess[str]]
Render = Callable[..., list[dict[str, Any]]]
EVERYTHING = {
    "config": '[[suppress]]\ncheck = "a"\nreason = "b"\n',
    "select": ["hub", "image"],
    "ignore": ["image-tag-mutable"],
    "extraArgs": ["--concurrency", "2"],
    "image": {"digest": f"sha256:{'0' * 64}", "pullSecrets": [{"name": "pull"}]},
    "networkPolicy": {"enabled": True, "from": [{"namespaceSelector": {"matchLabels": {"name": "monitoring"}}}]},
    "serviceMonitor": {"enabled": True, "labels": {"release": "prometheus"}},
    "prometheusRule": {"enabled": True, "labels": {"release": "prometheus"}},
    "dashboard": {"enabled": True},
    "exporter": {"metricsOnly": True, "port": 9000, "interval": "1m"},
    "podLabels": {"a": "b"},
    "podAnnotations": {"c": "d"},
    "priorityClassName": "high",
    "nodeSelector": {"e": "f"},
    "tolerations": [{"operator": "Exists"}],
    "affinity": {"nodeAffinity": {}},
    "extraVolumes": [{"name": "out", "emptyDir": {}}],
    "extraVolumeMounts": [{"name": "out", "mountPath": "/out"}],
    "extraEnv": [{"name": "HTTPS_PROXY", "value": "http://proxy:3128"}],
    "nameOverride": "doctor",
    "scrapeAnnotations": {"enabled": True},
    "service": {"annotations": {"g": "h"}},
    "cronjob": {"output": ["json=/out/report.json", "ndjson", "html=/out/report.html"]},
}
OPENSHIFT = {"podSecurityContext": {"runAsUser": None, "runAsGroup": None}}
VARIANTS: dict[str, dict[str, Any]] = {
    "default": {},
    "everything": EVERYTHING,
    "cronjob": {"mode": "cronjob"},
    "cronjob with everything": EVERYTHING | {"mode": "cronjob"},
    "one namespace": {"rbac": {"scope": "namespace"}, "hubs": {"namespace": "jhub", "release": "jhub"}},
    "no rights": {"rbac": {"create": False}, "serviceAccount": {"create": False, "name": "mine"}},
    "openshift": OPENSHIFT,
    "a name of its own": {"fullnameOverride": "hub-doctor"},
}


@pytest.fixture(scope="module")
def helm() -> str:
    """A real Helm: one that was built for the cluster tests, or what is installed."""
    folder = ready("helm")
    found = str(folder / "helm") if folder else shutil.which("helm")
    if not found:
        pytest.skip(missing("helm") or "no Helm here yet: python tests/cluster/binaries.py builds it")
    return found


@pytest.fixture
def template(helm: str, tmp_path: Path) -> Template:
    """Call `helm template` with values, whatever comes of it."""

    def call(values: dict[str, Any] | None = None, release: str = "doctor") -> subprocess.CompletedProcess[str]:
        file = tmp_path / "values.json"
        file.write_text(json.dumps(values or {}))
        command = [helm, "template", release, str(CHART), "--namespace", "monitoring", "--values", str(file)]
        return subprocess.run(command, check=False, capture_output=True, text=True)

    return call


@pytest.fixture
def render(template: Template) -> Render:
    def call(values: dict[str, Any] | None = None, *, release: str = "doctor") -> list[dict[str, Any]]:
        done = template(values, release)
        assert done.returncode == 0, done.stderr
        return [d for d in yaml.safe_load_all(done.stdout) if d]

    return call


def one(found: list[dict[str, Any]], kind: str) -> dict[str, Any]:
    [match] = [d for d in found if d["kind"] == kind]
    return match


def pod(found: list[dict[str, Any]]) -> dict[str, Any]:
    if any(d["kind"] == "CronJob" for d in found):
        spec: dict[str, Any] = one(found, "CronJob")["spec"]["jobTemplate"]["spec"]["template"]["spec"]
    else:
        spec = one(found, "Deployment")["spec"]["template"]["spec"]
    return spec


def arguments(found: list[dict[str, Any]]) -> list[str]:
    args: list[str] = pod(found)["containers"][0]["args"]
    return args


@pytest.mark.parametrize("values", VARIANTS.values(), ids=VARIANTS)
def test_helm_has_nothing_to_say_against_it(helm: str, values: dict[str, Any], tmp_path: Path) -> None:
    file = tmp_path / "values.json"
    file.write_text(json.dumps(values))
    done = subprocess.run(
        [helm, "lint", "--strict", str(CHART), "--values", str(file)], check=False, capture_output=True, text=True
    )

    assert done.returncode == 0, done.stdout + done.stderr
    assert "[WARNING]" not in done.stdout


@pytest.mark.parametrize(
    "values",
    [
        {"mode": "daemonset"},
        {"exporter": {"intervall": "5m"}},
        {"exporter": {"interval": "0s"}},
        {"serviceMonitor": {"interval": "1.5m"}},
        {"serviceMonitor": {"interval": ""}},
        {"serviceMonitor": {"scrapeTimeout": "10s1m"}},
        {"image": {"repository": ""}},
        {"timeout": "1m"},
        {"fullnameOverride": "Doctor"},
        {"extraEnv": {"HTTPS_PROXY": "http://proxy"}},
        {"networkPolicy": {"egress": {"apiServer": {"ports": []}}}},
        {"scrapeAnnotations": True},
    ],
    ids=str,
)
def test_values_that_do_not_exist_are_refused(template: Template, values: dict[str, Any]) -> None:
    done = template(values)

    assert done.returncode != 0
    assert "values don't meet the specifications of the schema" in done.stderr


@pytest.mark.parametrize(
    "outputs",
    [
        *([name] for name in FORMATS),
        *([f"{name}=/out/report"] for name in FORMATS),
        ["yaml"],
        ["JSON"],
        [""],
        ["=/out/report"],
        ["json="],
        ["json=a=-"],
        ["json=-", "text=/out/report"],
        ["text", "json"],
        ["text", "json=-"],
        ["text", "json=/out/a", "json=/out/b"],
        ["text", "text"],
        ["json=a=-", "text"],
        [],
    ],
    ids=str,
)
def test_the_job_refuses_the_outputs_that_the_command_refuses(template: Template, outputs: list[str]) -> None:
    try:
        parse_outputs(tuple(outputs))
    except UsageError:
        refused = True
    else:
        refused = False
    done = template({"mode": "cronjob", "cronjob": {"output": outputs}})

    assert (done.returncode != 0) == refused, done.stderr
    assert not refused or "output" in done.stderr


def test_the_role_is_what_rbac_prints(render: Render) -> None:
    checks = registry().select()
    for namespace, values in ((None, {}), ("jhub", {"rbac": {"scope": "namespace"}, "hubs": {"namespace": "jhub"}})):
        account = {"kind": "ServiceAccount", "name": "doctor-jhubdoctor", "namespace": "monitoring"}
        [role, binding], _ = manifests(registry(), checks, namespace=namespace, subjects=[account])
        found = render(values)
        ours = one(found, role["kind"])

        assert ours["rules"] == role["rules"]
        assert ours["metadata"].get("namespace") == role["metadata"].get("namespace")
        assert one(found, binding["kind"])["subjects"] == binding["subjects"]
        assert one(found, binding["kind"])["roleRef"]["name"] == ours["metadata"]["name"]
        assert {v for r in ours["rules"] for v in r["verbs"]} <= {"get", "list"}


def test_without_secrets_the_rest_stays(render: Render) -> None:
    full = one(render(), "ClusterRole")["rules"]
    less = one(render({"rbac": {"secrets": False}}), "ClusterRole")["rules"]

    def pairs(rules: list[dict[str, Any]]) -> set[tuple[str, str, str]]:
        return {
            (g, r, v)
            for rule in rules
            for g in rule.get("apiGroups", [])
            for r in rule["resources"]
            for v in rule["verbs"]
        } | {("", u, v) for rule in rules for u in rule.get("nonResourceURLs", []) for v in rule["verbs"]}

    plain = [r if "resources" in r else {**r, "resources": []} for r in full]
    kept = [r if "resources" in r else {**r, "resources": []} for r in less]
    assert {p for p in pairs(plain) if p[1] == "secrets"}
    assert pairs(kept) == {p for p in pairs(plain) if p[1] != "secrets"}
    assert "--accept-unknown" in arguments(render({"rbac": {"secrets": False}}))


@pytest.mark.parametrize("values", VARIANTS.values(), ids=VARIANTS)
def test_the_pod_may_run_under_the_restricted_policy(render: Render, values: dict[str, Any]) -> None:
    """Pod Security Standards, profile restricted."""
    spec = pod(render(values))
    context = spec["containers"][0]["securityContext"]

    assert spec["securityContext"]["runAsNonRoot"] is True
    assert spec["securityContext"].get("runAsUser") != 0
    assert spec["securityContext"]["seccompProfile"]["type"] == "RuntimeDefault"
    assert context["allowPrivilegeEscalation"] is False
    assert context["readOnlyRootFilesystem"] is True
    assert context["capabilities"] == {"drop": ["ALL"]}
    assert all("hostPath" not in v for v in spec.get("volumes", []))
    assert spec["containers"][0]["resources"]["limits"]["memory"]


@pytest.mark.parametrize("values", VARIANTS.values(), ids=VARIANTS)
def test_the_command_knows_the_options_that_the_chart_gives_it(render: Render, values: dict[str, Any]) -> None:
    from jhubdoctor.commands.group import cli

    words = arguments(render(values))
    command = cli.get_command(None, words[0])  # type: ignore[arg-type]
    assert command is not None
    command.make_context(words[0], words[1:])


def test_openshift_may_choose_the_user(render: Render) -> None:
    plain, chosen = (pod(render(values))["securityContext"] for values in ({}, OPENSHIFT))

    assert chosen == {k: v for k, v in plain.items() if k not in {"runAsUser", "runAsGroup"}}
    assert chosen != plain


def test_what_the_platform_sets_the_chart_can_leave_out(render: Render) -> None:
    spec = pod(render({"podSecurityContext": None, "securityContext": None}))

    assert "securityContext" not in spec
    assert "securityContext" not in spec["containers"][0]


def test_a_key_can_be_added_to_the_security_contexts(render: Render) -> None:
    spec = pod(render({"podSecurityContext": {"fsGroup": 7}, "securityContext": {"privileged": False}}))

    assert (spec["securityContext"]["fsGroup"], spec["securityContext"]["runAsNonRoot"]) == (7, True)
    assert (
        spec["containers"][0]["securityContext"].items()
        >= {"privileged": False, "readOnlyRootFilesystem": True}.items()
    )


@pytest.mark.parametrize("mode", ["exporter", "cronjob"])
def test_the_environment_reaches_the_container(render: Render, mode: str) -> None:
    env = [{"name": "A", "valueFrom": {"secretKeyRef": {"name": "s", "key": "k"}}}]

    assert pod(render({"mode": mode, "extraEnv": env}))["containers"][0]["env"] == env


@pytest.mark.parametrize(
    ("values", "release", "name"),
    [
        ({}, "doctor", "doctor-jhubdoctor"),
        ({}, "my-jhubdoctor", "my-jhubdoctor"),
        ({"nameOverride": "watch"}, "doctor", "doctor-watch"),
        ({"nameOverride": "watch"}, "watch", "watch"),
        ({"fullnameOverride": "watch"}, "doctor", "watch"),
        ({"fullnameOverride": "a" * 49 + "-b"}, "doctor", "a" * 49),
    ],
)
@pytest.mark.parametrize("mode", ["exporter", "cronjob"])
def test_every_object_bears_the_name(
    render: Render, values: dict[str, Any], release: str, name: str, mode: str
) -> None:
    found = render(EVERYTHING | {"nameOverride": "", "mode": mode} | values, release=release)
    names = {d["metadata"]["name"].removeprefix("monitoring-").removesuffix("-dashboard") for d in found}

    assert names == {name}
    assert pod(found)["serviceAccountName"] == name
    assert pod(found)["volumes"][0]["configMap"]["name"] == name
    # the Jobs of a CronJob append eleven characters to its name
    assert all(len(n) <= 52 for n in names)


@pytest.mark.parametrize("mode", ["exporter", "cronjob"])
def test_the_pods_reach_the_api_server_and_dns_alone(render: Render, mode: str) -> None:
    spec = one(render({"mode": mode, "networkPolicy": {"enabled": True}}), "NetworkPolicy")["spec"]
    ports = [{(p["protocol"], p["port"]) for p in rule["ports"]} for rule in spec["egress"]]

    assert spec["policyTypes"] == ["Ingress", "Egress"]
    assert ports == [{("TCP", 443), ("TCP", 6443)}, {("UDP", 53), ("TCP", 53)}]
    assert ("ingress" in spec) == (mode == "exporter"), "nobody has to reach a Job"


def test_egress_can_be_narrowed_and_left_open(render: Render) -> None:
    to = [{"ipBlock": {"cidr": "10.0.0.1/32"}}]
    egress = {"apiServer": {"to": to, "ports": [16443]}, "dns": {"to": [{"namespaceSelector": {}}], "ports": [5353]}}
    narrow = one(render({"networkPolicy": {"enabled": True, "egress": egress}}), "NetworkPolicy")["spec"]
    opened = one(render({"networkPolicy": {"enabled": True, "egress": {"enabled": False}}}), "NetworkPolicy")["spec"]

    assert narrow["egress"][0] == {"ports": [{"port": 16443, "protocol": "TCP"}], "to": to}
    assert narrow["egress"][1]["to"] == [{"namespaceSelector": {}}]
    assert opened["policyTypes"] == ["Ingress"]
    assert "egress" not in opened


def test_a_prometheus_without_the_operator_is_told_where_to_look(render: Render) -> None:
    values = {"scrapeAnnotations": {"enabled": True}, "exporter": {"port": 9000}}
    plain = one(render(), "Service")
    service = one(render(values | {"service": {"annotations": {"prometheus.io/path": "/x", "a": "b"}}}), "Service")
    asked = one(render(values), "Service")["metadata"]["annotations"]

    assert "annotations" not in plain["metadata"]
    assert asked == {"prometheus.io/scrape": "true", "prometheus.io/port": "9000", "prometheus.io/path": "/metrics"}
    assert asked["prometheus.io/port"] == str(service["spec"]["ports"][0]["port"])
    assert service["metadata"]["annotations"] == asked | {"prometheus.io/path": "/x", "a": "b"}


def test_the_readme_of_the_chart_names_values_that_exist() -> None:
    text = (CHART / "README.md").read_text()
    values = yaml.safe_load((CHART / "values.yaml").read_text())
    [rows] = re.findall(r"^\| to \| set \|\n\|---\|---\|\n((?:\|.*\n)+)", text, re.MULTILINE)
    named = [n.split(":")[0] for n in re.findall(r"`([a-zA-Z.]+(?:: \w+)?)`", rows)]

    assert len(named) > 10
    for name in named:
        place = values
        for part in name.split("."):
            assert part in place, name
            place = place[part]


def test_the_icon_is_where_the_chart_says() -> None:
    icon = yaml.safe_load((CHART / "Chart.yaml").read_text())["icon"]
    path = ROOT / icon.partition("/jhubdoctor/jhubdoctor/main/")[2]

    assert ET.parse(path).getroot().tag.endswith("svg")  # noqa: S314  - it is ours


def test_selectors_agree(render: Render) -> None:
    found = render(EVERYTHING)
    labels = one(found, "Deployment")["spec"]["template"]["metadata"]["labels"]
    selectors = [
        one(found, "Deployment")["spec"]["selector"]["matchLabels"],
        one(found, "Service")["spec"]["selector"],
        one(found, "NetworkPolicy")["spec"]["podSelector"]["matchLabels"],
    ]

    assert all(s.items() <= labels.items() for s in selectors)
    service = one(found, "Service")
    assert (
        one(found, "ServiceMonitor")["spec"]["selector"]["matchLabels"].items() <= service["metadata"]["labels"].items()
    )
    ports = {p["name"]: p["containerPort"] for p in pod(found)["containers"][0]["ports"]}
    assert service["spec"]["ports"][0]["targetPort"] in ports
    assert ports["metrics"] == 9000
    assert one(found, "ServiceMonitor")["spec"]["endpoints"][0]["port"] == service["spec"]["ports"][0]["name"]


def test_the_configuration_is_mounted_where_the_command_looks(render: Render) -> None:
    found = render({"config": EVERYTHING["config"]})
    place = arguments(found)[arguments(found).index("--config") + 1]
    mount = pod(found)["containers"][0]["volumeMounts"][0]

    assert place == f"{mount['mountPath']}/jhubdoctor.toml"
    assert one(found, "ConfigMap")["data"]["jhubdoctor.toml"].strip() == str(EVERYTHING["config"]).strip()


def test_two_releases_do_not_share_a_cluster_role(render: Render) -> None:
    names = {one(render(release=r), "ClusterRole")["metadata"]["name"] for r in ("a", "b")}

    assert len(names) == 2


def test_the_chart_is_of_this_release() -> None:
    chart = yaml.safe_load((CHART / "Chart.yaml").read_text())

    assert str(chart["version"]) == str(chart["appVersion"]) == __version__


# --- alerts and dashboard --------------------------------------------------------------------------------------------


def alerts() -> list[dict[str, Any]]:
    groups = yaml.safe_load((CHART / "files" / "alerts.yaml").read_text())["groups"]
    return [rule for g in groups for rule in g["rules"]]


def dashboard() -> dict[str, Any]:
    found: dict[str, Any] = json.loads((CHART / "files" / "dashboard.json").read_text())
    return found


def expressions() -> list[str]:
    return [t["expr"] for p in dashboard()["panels"] for t in p["targets"]]


@pytest.fixture
def metric_names() -> set[str]:
    """Every metric that the exporter has."""
    from jhubdoctor.engine.result import CheckStatus, Result

    result = Result(registry().select()[0], None, CheckStatus.OK)
    report = Report(datetime(2026, 1, 5, tzinfo=UTC), 1.0, "live", "", "", (), (result,), (), ())
    exporter = Exporter(lambda **_: report)
    exporter.run()
    return set(re.findall(r"^# TYPE (\S+)", exporter.page("/metrics", "").body.decode(), re.MULTILINE))


def test_alerts_and_dashboard_ask_for_metrics_that_exist(metric_names: set[str]) -> None:
    asked = {
        name
        for text in (*(a["expr"] for a in alerts()), *expressions())
        for name in re.findall(r"\bjhubdoctor_\w+", text)
    }

    assert asked <= metric_names
    assert {"jhubdoctor_root_causes", "jhubdoctor_run_complete", "jhubdoctor_last_run_timestamp_seconds"} <= asked


def test_links_are_those_of_this_release() -> None:
    links = [a["annotations"]["runbook_url"] for a in alerts()]
    links += [link["url"] for p in dashboard()["panels"] for link in p["fieldConfig"]["defaults"].get("links", [])]

    assert all(link.startswith(HOME) for link in links)
    assert {a["labels"]["severity"] for a in alerts()} <= {"critical", "warning", "info"}


@promtool
def test_promtool_takes_the_alerts() -> None:
    file = str(CHART / "files" / "alerts.yaml")
    done = subprocess.run(
        ["promtool", "check", "rules", "--lint=all", file], check=False, capture_output=True, text=True
    )

    assert done.returncode == 0, done.stdout + done.stderr


@promtool
def test_alerts_fire_when_they_should() -> None:
    file = str(Path(__file__).parent / "alerts_test.yaml")
    done = subprocess.run(["promtool", "test", "rules", file], check=False, capture_output=True, text=True)

    assert done.returncode == 0, done.stdout + done.stderr


@promtool
def test_promtool_takes_the_expressions_of_the_dashboard(tmp_path: Path) -> None:
    rules = [{"record": f"panel:number:{i}", "expr": e.replace("$hub", ".*")} for i, e in enumerate(expressions())]
    file = tmp_path / "panels.yaml"
    file.write_text(yaml.safe_dump({"groups": [{"name": "dashboard", "rules": rules}]}))
    done = subprocess.run(["promtool", "check", "rules", str(file)], check=False, capture_output=True, text=True)

    assert done.returncode == 0, done.stdout + done.stderr


def test_the_panels_of_the_dashboard_do_not_overlap() -> None:
    taken: set[tuple[int, int]] = set()
    for p in dashboard()["panels"]:
        at = p["gridPos"]
        cells = {(x, y) for x in range(at["x"], at["x"] + at["w"]) for y in range(at["y"], at["y"] + at["h"])}
        assert not cells & taken, p["title"]
        assert at["x"] + at["w"] <= 24
        taken |= cells
    assert len({p["id"] for p in dashboard()["panels"]}) == len(dashboard()["panels"])


@promtool
def test_the_rule_and_the_dashboard_of_the_chart_are_the_files(render: Render, tmp_path: Path) -> None:
    found = render(EVERYTHING)
    [board] = [d for d in found if d["kind"] == "ConfigMap" and "jhubdoctor.json" in d["data"]]
    spec = one(found, "PrometheusRule")["spec"]
    (tmp_path / "rules.yaml").write_text(yaml.safe_dump(spec))
    done = subprocess.run(
        ["promtool", "check", "rules", str(tmp_path / "rules.yaml")], check=False, capture_output=True, text=True
    )

    assert json.loads(board["data"]["jhubdoctor.json"]) == dashboard()
    assert spec == yaml.safe_load((CHART / "files" / "alerts.yaml").read_text())
    assert done.returncode == 0, done.stdout


# --- the image -------------------------------------------------------------------------------------------------------


def test_the_image_is_slim_and_not_root() -> None:
    lines = [x.strip() for x in (ROOT / "Containerfile").read_text().splitlines() if not x.lstrip().startswith("#")]
    stages = [i for i, x in enumerate(lines) if x.startswith("FROM ")]
    final = lines[stages[-1] :]
    users = [x.split()[1] for x in final if x.startswith("USER ")]

    assert len(stages) == 2
    assert "-slim" in final[0]
    assert re.fullmatch(r"[1-9]\d*:[1-9]\d*", users[-1]), "a number, so that runAsNonRoot can be checked"
    assert not [x for x in final if x.startswith(("ADD ", "RUN "))], "what is built is built in the stage before"
    copied = [path for x in lines if re.match(r"COPY (?!--from)", x) for path in x.split()[1:-1]]
    assert all((ROOT / path).exists() for path in copied)
    assert {f"!{path}" for path in copied} <= set((ROOT / ".containerignore").read_text().split())


@pytest.mark.skipif(
    sys.platform != "linux" or os.geteuid() != 0 or not (shutil.which("unshare") and shutil.which("setpriv")),
    reason="a read-only root needs Linux, root, unshare and setpriv",
)
def test_it_runs_without_root_where_nothing_can_be_written() -> None:
    script = (
        "for m in $(awk '{print $2}' /proc/self/mounts); do mount -o remount,bind,ro \"$m\" 2>/dev/null; done; "
        "touch /tmp/x 2>/dev/null && exit 99; "
        'exec setpriv --reuid 65532 --regid 65532 --clear-groups --no-new-privs "$@"'
    )
    command = [sys.executable, "-m", "jhubdoctor", "demo", "-o", "json"]
    done = subprocess.run(
        ["unshare", "--mount", "sh", "-c", script, "sh", *command],
        check=False, capture_output=True, text=True, cwd="/", env={**os.environ, "HOME": "/nonexistent"}, timeout=120,
    )  # fmt: skip
    refused = ("Operation not permitted", "Permission denied", "error while loading shared libraries")
    if done.returncode == 99 or any(words in done.stderr for words in refused):
        pytest.skip("this machine lets nobody remount, or this Python is root's alone")

    assert done.returncode == 1, done.stderr
    assert json.loads(done.stdout)["findings"]


# --- krew ------------------------------------------------------------------------------------------------------------


def krew() -> dict[str, Any]:
    found: dict[str, Any] = yaml.safe_load((KREW / "jhubdoctor.yaml").read_text())
    return found


def test_the_manifest_keeps_krews_rules(tmp_path: Path) -> None:
    subprocess.run(
        [sys.executable, str(ROOT / "deploy" / "generate.py"), "--archive", str(tmp_path / "a.zip")],
        check=True,
    )
    content = (tmp_path / "a.zip").read_bytes()
    spec = krew()["spec"]
    [platform] = spec["platforms"]

    assert krew()["apiVersion"] == "krew.googlecontainertools.github.com/v1alpha2"
    assert krew()["metadata"]["name"] == "jhubdoctor"
    assert spec["version"] == f"v{__version__}"
    assert len(spec["shortDescription"]) <= 50
    assert platform["sha256"] == hashlib.sha256(content).hexdigest()
    with zipfile.ZipFile(io.BytesIO(content)) as z:
        assert {f["from"] for f in platform["files"]} == set(z.namelist())
        assert platform["bin"] in z.namelist()
        assert z.getinfo(platform["bin"]).external_attr >> 16 & 0o111


def test_the_script_runs_what_there_is(tmp_path: Path) -> None:
    script = str(KREW / "kubectl-jhubdoctor")
    shell = shutil.which("sh")
    assert shell

    def call(*tools: str) -> subprocess.CompletedProcess[str]:
        place = tmp_path / "-".join(tools or ("none",))
        place.mkdir()
        for tool in tools:
            (place / tool).write_text(f'#!{shell}\necho {tool} "$@"\n')
            (place / tool).chmod(0o755)
        return subprocess.run(
            [shell, script, "run", "-n", "a b"], check=False, capture_output=True, text=True, env={"PATH": str(place)}
        )

    assert call("jhubdoctor", "uvx", "pipx").stdout == "jhubdoctor run -n a b\n"
    assert call("uvx", "pipx").stdout == "uvx jhubdoctor run -n a b\n"
    assert call("pipx").stdout == "pipx run jhubdoctor run -n a b\n"
    assert call().returncode == 3
