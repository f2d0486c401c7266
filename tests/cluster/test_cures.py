"""Fixes that were carried out: a hub is broken on a real control plane, and what the report says mends it.

What a kubelet, a cloud or a hub would do is played (`kubelet.py`): that a container gets no memory, what the hub logs.
Commands are run by the real kubectl, and by Helm 3 and 4 in turn, as they stand.
"""

from __future__ import annotations

import contextlib
import copy
import re
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
import yaml

from jhubdoctor.engine import notes
from jhubdoctor.testing import documents, registry

from . import proofs
from .conftest import MakeRelease
from .cures import Doctor, cure, load
from .fate import oom_killed
from .kubelet import MERGE, Kubelet
from .pharmacy import Pharmacy
from .plane import ApiError, ControlPlane
from .release import Release
from .test_scenarios import HEALTHY, NO_HOOK, NO_SCHEDULER, await_event

pytestmark = pytest.mark.cluster

Object = dict[str, Any]
VALUES: Object = {**HEALTHY, **NO_HOOK}
MakeDoctor = Callable[..., Doctor]


@pytest.fixture(scope="session")
def pharmacy(plane: ControlPlane, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Pharmacy]:
    with Pharmacy(plane.authority, tmp_path_factory.mktemp("pharmacy") / "charts", ["3.3.8", "4.4.0"]) as pharmacy:
        yield pharmacy


@pytest.fixture(scope="module")
def release(module_release: MakeRelease) -> Release:
    """A hub whose values are broken again and again."""
    return module_release(VALUES)


@pytest.fixture
def doctor(pharmacy: Pharmacy, tmp_path: Path, request: pytest.FixtureRequest) -> MakeDoctor:
    """One who does what the report says, with one Helm or the other."""

    def make(release: Release, **more: Any) -> Doctor:
        helm: Any = ("helm", "helm-4")[len(request.node.name) % 2]
        folder = tmp_path / "doctor"
        folder.mkdir()
        return Doctor(release, folder, pharmacy.environment, helm, **more)

    return make


@pytest.fixture(autouse=True)
def nodes_as_before(plane: ControlPlane) -> Iterator[None]:
    """Give the nodes, which all tests share, what they had: an example's Node is merged into them."""
    nodes = plane.request("GET", "/api/v1/nodes")["items"]
    before = {n["metadata"]["name"]: (n["metadata"]["labels"], n["spec"]) for n in nodes}
    yield
    for name, (labels, spec) in before.items():
        if now := plane.get(f"/api/v1/nodes/{name}"):
            gone = dict.fromkeys(now["metadata"]["labels"])
            was = {"taints": spec.get("taints"), "unschedulable": spec.get("unschedulable")}
            plane.request(
                "PATCH", f"/api/v1/nodes/{name}", {"metadata": {"labels": gone | labels}, "spec": was},
                content_type=MERGE,
            )  # fmt: skip


@pytest.fixture
def made(plane: ControlPlane, kubelet: Kubelet) -> Iterator[list[str]]:
    """What is outside a release's namespace, and goes with the test; the class that all claims need is as before."""
    paths: list[str] = []
    yield paths
    kubelet.storage_class()
    for path in paths:
        try:
            plane.request("DELETE", path)
        except ApiError as error:
            if error.code != 404:
                raise


def example(name: str) -> list[Object]:
    check, _, number = name.rpartition("-")
    return documents(notes.of(registry().checks[check]).fires_on[int(number)])


GIVEN = {
    "CHOOSE": "a-word-of-ours",
    "NAME OF A USER": "ada",
    "NAME OF THE CLAIM": "hub-db-dir",
    "NAME OF THE HOST": "hub.example.org",
    "postgresql+psycopg2://USER@HOST/DATABASE": "postgresql+psycopg2://hub@db/hub",
}
"""What only a person knows."""


def profile(number: int, **what: object) -> Callable[[Object], None]:
    def edit(values: Object) -> None:
        values["singleuser"]["profileList"][number].update(what)

    return edit


def at(path: str, what: object) -> Callable[[Object], None]:
    def edit(values: Object) -> None:
        *above, last = path.split(".")
        for key in above:
            values = values.setdefault(key, {})
        if what is None:
            del values[last]
        else:
            values[last] = what

    return edit


def together(*edits: Callable[[Object], None]) -> Callable[[Object], None]:
    def edit(values: Object) -> None:
        for each in edits:
            each(values)

    return edit


BY_HAND: dict[str, Callable[[Object], None]] = {
    "hub-config-section-invalid-0": together(
        at("hub.loadRoles", {"reader": {"scopes": ["x"]}}), at("hub.config.loadRoles", None)
    ),
    "profile-list-invalid-0": profile(1, display_name="B"),
    "profile-list-invalid-1": profile(1, display_name="B"),
    "profile-list-invalid-2": profile(0, kubespawner_override={"image": "a/b:1"}),
    "resource-value-invalid-1": profile(1, profile_options={}),
    "resource-value-invalid-4": profile(0, kubespawner_override={"mem_limit": "2G"}),
    "resource-value-invalid-6": profile(1, kubespawner_override={"cpu_guarantee": 4}),
    "value-has-moved-0": at("auth", None),
    "value-has-moved-1": at("proxy.networkPolicy", None),
    "values-overridden-by-code-0": at("hub.extraConfig", None),
}
"""What a person writes into the values where the fix says it in words."""


def test_every_edit_is_of_a_proof() -> None:
    assert {n for n, how in proofs.EXAMPLES.items() if how == "values, by hand"} == set(BY_HAND)


@pytest.mark.usefixtures("kubelet")
@pytest.mark.parametrize("name", [n for n, how in proofs.EXAMPLES.items() if how.startswith("values")])
def test_values(name: str, release: Release, doctor: MakeDoctor) -> None:
    load(release, example(name), VALUES)

    cure(doctor(release, given=GIVEN, edit=BY_HAND.get(name)), name.rpartition("-")[0])


@pytest.mark.parametrize("name", [n for n, how in proofs.EXAMPLES.items() if how == "objects"])
def test_objects(name: str, hub_release: MakeRelease, doctor: MakeDoctor, made: list[str], kubelet: Kubelet) -> None:
    release = hub_release(VALUES)
    made += load(release, example(name), VALUES, kubelet)

    cure(doctor(release, given=GIVEN, minutes=15), name.rpartition("-")[0])


# What no example makes: each breaks a hub as its name says.


def hub_oom_killed(release: Release, kubelet: Kubelet, doctor: MakeDoctor) -> None:
    def rule(pod: Object, one: Object) -> Any:
        # the pod of before, which has no limit and goes, is not the one that is asked about
        little = (one.get("resources", {}).get("limits") or {}).get("memory") == "256Mi"
        return oom_killed(restarts=3) if one["name"] == "hub" and little else None

    kubelet.rules.append(lambda pod, one: rule(pod, one) if pod["metadata"]["namespace"] == release.namespace else None)
    release.upgrade({**VALUES, "hub": {**VALUES["hub"], "resources": {"limits": {"memory": "256Mi"}}}}, wait=False)
    release.plane.wait(lambda: any(s.get("restartCount") for s in statuses(release, "hub")), "the hub to be killed")
    cure(doctor(release), "hub-oom-killed")


def statuses(release: Release, component: str) -> list[Object]:
    return [s for p in release.pods(component) for s in p["status"].get("containerStatuses", ())]


def culler_failing(release: Release, kubelet: Kubelet, doctor: MakeDoctor) -> None:
    logged(release, kubelet, "culler-failing-0")
    cure(doctor(release), "culler-failing")


def reflector_frozen(release: Release, kubelet: Kubelet, doctor: MakeDoctor) -> None:
    logged(release, kubelet, "reflector-frozen-0")
    cure(doctor(release), "reflector-frozen")


def logged(release: Release, kubelet: Kubelet, name: str) -> None:
    """The hub that runs now logs what an example has it log; the next one does not."""
    [pod] = release.pods("hub")
    text = next(d["text"] for d in example(name) if d["kind"] == "Log" and d.get("container", "hub") == "hub")
    now = datetime.now(UTC)
    text = re.sub(
        r"\{-(\d+)m\}", lambda m: (now - timedelta(minutes=int(m[1]))).strftime("%Y-%m-%d %H:%M:%S.000"), text
    )
    kubelet.logs.append(
        lambda of, one, _: text if one == "hub" and of["metadata"]["uid"] == pod["metadata"]["uid"] else None
    )


def release_object_missing(release: Release, kubelet: Kubelet, doctor: MakeDoctor) -> None:
    for path in ("/api/v1/namespaces/{}/services/proxy-public", "/api/v1/namespaces/{}/serviceaccounts/hub"):
        release.plane.request("DELETE", path.format(release.namespace))
    cure(doctor(release), "release-object-missing")


def proxy_no_external_address(release: Release, kubelet: Kubelet, doctor: MakeDoctor) -> None:
    kubelet.load_balancer = lambda _: None
    path = release.plane.path("v1", "Service", release.namespace, "proxy-public")
    gone = {"status": {"loadBalancer": {"ingress": None}}}
    release.plane.request("PATCH", f"{path}/status", gone, content_type=MERGE)
    cure(doctor(release, minutes=30), "proxy-no-external-address")


def helm_release_not_deployed(release: Release, kubelet: Kubelet, doctor: MakeDoctor) -> None:
    changed = copy.deepcopy(VALUES) | {"debug": {"enabled": False}}
    release.upgrade({**changed, "hub": {**VALUES["hub"], "concurrentSpawnLimit": 9}}, wait=False)
    secret = f"/api/v1/namespaces/{release.namespace}/secrets/sh.helm.release.v1.{release.name}.v2"
    pending(release, secret)
    cure(doctor(release), "helm-release-not-deployed")


def pending(release: Release, path: str) -> None:
    """Leave a revision as Helm leaves one that it was stopped in, two hours ago."""
    import base64
    import gzip
    import json

    found = release.plane.request("GET", path)
    body = json.loads(gzip.decompress(base64.b64decode(base64.b64decode(found["data"]["release"]))))
    body["info"]["status"] = "pending-upgrade"
    data = base64.b64encode(base64.b64encode(gzip.compress(json.dumps(body).encode()))).decode()
    long_ago = str(int((datetime.now(UTC) - timedelta(hours=2)).timestamp()))
    change = {"data": {"release": data}, "metadata": {"labels": {"status": "pending-upgrade", "modifiedAt": long_ago}}}
    release.plane.request("PATCH", path, change, content_type=MERGE)


def taint_not_tolerated(release: Release, kubelet: Kubelet, doctor: MakeDoctor) -> None:
    release.upgrade({**VALUES, **NO_SCHEDULER, "singleuser": {"nodeSelector": {"pool": "gpu"}}}, wait=False)
    taint = {"key": "nvidia.com/gpu", "value": "present", "effect": "NoSchedule"}
    kubelet.node("gpu-2", labels={"pool": "gpu"}, taints=[taint])
    release.user_pod("ada", nodeSelector={"pool": "gpu"}, schedulerName="default-scheduler")
    await_event(release, "FailedScheduling", "jupyter-ada")

    def again() -> None:
        """The user starts the server once more: the hub makes it of the values of now."""
        path = release.plane.path("v1", "Pod", release.namespace, "jupyter-ada")
        release.plane.request("DELETE", f"{path}?gracePeriodSeconds=0")
        values = release.values
        tolerations = [*values["scheduling"]["userPods"]["tolerations"], *values["singleuser"]["extraTolerations"]]
        release.user_pod(
            "ada", nodeSelector={"pool": "gpu"}, schedulerName="default-scheduler", tolerations=tolerations
        )

    cure(doctor(release, minutes=5), "taint-not-tolerated", after_it=again)


def chart_outdated(release: Release, kubelet: Kubelet, doctor: MakeDoctor) -> None:
    one = doctor(release)
    (one.folder / "today.json").write_text("{}")
    one.run(
        f"helm upgrade {release.name} jupyterhub --repo https://hub.jupyter.org/helm-chart/ --version 3.3.8"
        f" --namespace {release.namespace} --reuse-values"
    )
    cure(one, "chart-outdated")


def certificates(release: Release, doctor: MakeDoctor, host: str, **more: Any) -> Doctor:
    """Whoever mends it has a good certificate."""
    one = doctor(release, **more)
    certificate, key = release.plane.authority.issue(f"good-{release.name}", host, hosts=[host], days=300)
    (one.folder / "fullchain.pem").write_bytes(certificate.read_bytes())
    (one.folder / "privkey.pem").write_bytes(key.read_bytes())
    return one


def ingress(release: Release, host: str = "hub.example.org") -> None:
    backend = {"service": {"name": "proxy-public", "port": {"name": "http"}}}
    rule = {"host": host, "http": {"paths": [{"path": "/", "pathType": "Prefix", "backend": backend}]}}
    release.plane.apply({
        "apiVersion": "networking.k8s.io/v1", "kind": "Ingress",
        "metadata": {"name": "jupyterhub", "namespace": release.namespace, "labels": {
            "app": "jupyterhub", "release": release.name}},
        "spec": {"rules": [rule], "tls": [{"hosts": [host], "secretName": "hub-tls"}]},
    })  # fmt: skip


def secret_of(release: Release, *, days: float, host: str) -> None:
    import base64

    pair = release.plane.authority.issue(f"bad-{release.name}", host, hosts=[host], days=days)
    crt, key = (base64.b64encode(p.read_bytes()).decode() for p in pair)
    release.plane.apply({
        "apiVersion": "v1", "kind": "Secret", "type": "kubernetes.io/tls", "data": {"tls.crt": crt, "tls.key": key},
        "metadata": {"name": "hub-tls", "namespace": release.namespace},
    })  # fmt: skip


def tls_secret_missing(release: Release, kubelet: Kubelet, doctor: MakeDoctor) -> None:
    ingress(release)
    cure(certificates(release, doctor, "hub.example.org"), "tls-secret-missing")


def tls_certificate_expiring(release: Release, kubelet: Kubelet, doctor: MakeDoctor) -> None:
    ingress(release)
    secret_of(release, days=0.2, host="hub.example.org")
    cure(certificates(release, doctor, "hub.example.org"), "tls-certificate-expiring")


def tls_certificate_wrong_host(release: Release, kubelet: Kubelet, doctor: MakeDoctor) -> None:
    ingress(release)
    secret_of(release, days=300, host="www.example.org")
    cure(certificates(release, doctor, "hub.example.org"), "tls-certificate-wrong-host")


def tls_secret_without_a_key(release: Release, kubelet: Kubelet, doctor: MakeDoctor) -> None:
    ingress(release)
    release.plane.apply({
        "apiVersion": "v1", "kind": "Secret", "type": "Opaque", "data": {"ca.crt": ""},
        "metadata": {"name": "hub-tls", "namespace": release.namespace},
    })  # fmt: skip
    cure(certificates(release, doctor, "hub.example.org"), "tls-secret-missing")


@contextlib.contextmanager
def the_only_class(release: Release) -> Iterator[Callable[[], None]]:
    """An IngressClass, and what its controller does: it gives the Ingress that names the class an address."""
    body = {
        "apiVersion": "networking.k8s.io/v1", "kind": "IngressClass", "metadata": {"name": "traefik"},
        "spec": {"controller": "traefik.io/ingress-controller"},
    }  # fmt: skip
    release.plane.apply(body)
    path = release.plane.path("networking.k8s.io/v1", "Ingress", release.namespace, "jupyterhub")

    def serve() -> None:
        if release.plane.request("GET", path)["spec"].get("ingressClassName") == "traefik":
            served = {"status": {"loadBalancer": {"ingress": [{"ip": "203.0.113.9"}]}}}
            release.plane.request("PATCH", f"{path}/status", served, content_type=MERGE)

    try:
        yield serve
    finally:
        release.plane.request("DELETE", "/apis/networking.k8s.io/v1/ingressclasses/traefik")


def ingress_class_missing(release: Release, kubelet: Kubelet, doctor: MakeDoctor) -> None:
    way = {"enabled": True, "ingressClassName": "nginx", "hosts": ["hub.example.org"]}
    release.upgrade({**VALUES, "ingress": way}, wait=False)
    with the_only_class(release) as serve:
        cure(doctor(release, minutes=30), "ingress-class-missing", after_it=serve)


def ingress_by_hand_without_a_class(release: Release, kubelet: Kubelet, doctor: MakeDoctor) -> None:
    ingress(release)
    secret_of(release, days=300, host="hub.example.org")
    with the_only_class(release) as serve:
        cure(certificates(release, doctor, "hub.example.org", minutes=30), "ingress-class-missing", after_it=serve)


def disruption_budget_blocks_drain(release: Release, kubelet: Kubelet, doctor: MakeDoctor) -> None:
    # the very number that is the chart's default: a null for it would bring it back
    budget = {"enabled": True, "minAvailable": 1}
    release.upgrade({**VALUES, "hub": {**VALUES["hub"], "pdb": budget}}, wait=False)
    counted(release, "hub")
    cure(doctor(release), "disruption-budget-blocks-drain")


def budget_by_hand(release: Release, kubelet: Kubelet, doctor: MakeDoctor) -> None:
    chosen = {"component": "proxy", "release": release.name}
    release.plane.apply({
        "apiVersion": "policy/v1", "kind": "PodDisruptionBudget",
        "metadata": {"name": "ours", "namespace": release.namespace},
        "spec": {"minAvailable": 1, "selector": {"matchLabels": chosen}},
    })  # fmt: skip
    counted(release, "ours")
    cure(doctor(release), "disruption-budget-blocks-drain")


def network_policy_blocks_users(release: Release, kubelet: Kubelet, doctor: MakeDoctor) -> None:
    off = {"networkPolicy": {"enabled": False}}
    closed = {**VALUES, "hub": {**VALUES["hub"], **off}, "proxy": {"chp": off}, "singleuser": off}
    release.upgrade(closed, wait=False)
    release.plane.apply({
        "apiVersion": "networking.k8s.io/v1", "kind": "NetworkPolicy",
        "metadata": {"name": "default-deny", "namespace": release.namespace},
        "spec": {"podSelector": {}, "policyTypes": ["Ingress"]},
    })  # fmt: skip
    cure(doctor(release), "network-policy-blocks-users")


def service_without_endpoints(release: Release, kubelet: Kubelet, doctor: MakeDoctor) -> None:
    path = release.plane.path("apps/v1", "Deployment", release.namespace, "hub")
    release.plane.request("PATCH", path, {"spec": {"replicas": 0}}, content_type=MERGE)
    release.plane.wait(lambda: not release.pods("hub"), "the hub to be gone")
    cure(doctor(release, minutes=15), "service-without-endpoints")


def counted(release: Release, budget: str) -> None:
    """Wait until the cluster has counted the pods of a budget."""
    path = release.plane.path("policy/v1", "PodDisruptionBudget", release.namespace, budget)
    release.plane.wait(
        lambda: release.plane.request("GET", path).get("status", {}).get("currentHealthy"), "a budget to be counted"
    )


PLAYED = [
    hub_oom_killed, culler_failing, reflector_frozen, release_object_missing, proxy_no_external_address,
    helm_release_not_deployed, taint_not_tolerated, chart_outdated, tls_secret_missing,
    tls_certificate_expiring, tls_certificate_wrong_host, tls_secret_without_a_key, ingress_class_missing,
    ingress_by_hand_without_a_class, budget_by_hand, network_policy_blocks_users,
    service_without_endpoints, disruption_budget_blocks_drain,
]  # fmt: skip


@pytest.mark.parametrize("broken", [pytest.param(f, id=f.__name__.replace("_", "-")) for f in PLAYED])
def test_played(broken: Callable[..., None], hub_release: MakeRelease, kubelet: Kubelet, doctor: MakeDoctor) -> None:
    broken(hub_release(VALUES), kubelet, doctor)


@pytest.mark.usefixtures("kubelet")
@pytest.mark.parametrize("today", [{}, {"cmd": "start.sh"}], ids=["of-the-chart", "set-today"])
@pytest.mark.parametrize("helm", ["helm", "helm-4"])
def test_a_null_takes_out_what_is_there(helm: Any, today: Object, hub_release: MakeRelease, doctor: MakeDoctor) -> None:
    """Whoever has set it: the chart's default does not come back, and all else stays."""
    release = hub_release({**VALUES, "singleuser": {**today, "startTimeout": 77}})
    one = doctor(release)
    one.helm = helm
    [hub] = one.ask().hubs
    patch: Object = {"singleuser": {"cmd": None}}
    (one.folder / hub.patch_file).write_text(yaml.safe_dump(patch))

    for command in hub.setting(patch):
        one.run(command)

    values = release.values
    assert values["singleuser"].get("cmd") is None
    assert values["singleuser"]["startTimeout"] == 77
    assert values["hub"]["config"]["JupyterHub"]["authenticator_class"] == "github"


def test_what_is_said_to_be_played_is() -> None:
    assert {f.__name__.replace("_", "-") for f in PLAYED} == set(proofs.PLAYED)
