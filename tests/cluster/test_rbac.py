"""The rights that `jhubdoctor rbac` prints are enough, none is printed in vain, and all that is done is reading."""

from __future__ import annotations

import copy
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml

from jhubdoctor.engine.result import CheckStatus, Report
from jhubdoctor.model.hub import Scope
from jhubdoctor.sources.live import LiveReader
from jhubdoctor.sources.reads import READS, ReadState
from jhubdoctor.testing import judged, registry

from .conftest import MakeRelease
from .doctor import UNSURE, Diagnosis, call, diagnose
from .fate import crash_loop, oom_killed
from .kubelet import Kubelet
from .plane import ControlPlane
from .release import Release

pytestmark = pytest.mark.cluster

Object = dict[str, Any]
Rules = list[Object]
Account = tuple[str, Path]
"""A service account's full name, and a kubeconfig with its token."""
MakeAccount = Callable[[list[Object]], Account]

ROLES = "/apis/rbac.authorization.k8s.io/v1"
EVERYBODY = ("system:discovery", "system:public-info-viewer")
"""These let everyone who has signed in get /version, /livez and the like, whatever else they may do."""
SERVERS = [
    {"apiGroup": "rbac.authorization.k8s.io", "kind": kind, "name": name}
    for kind, name in (
        ("Group", "system:serviceaccounts:kube-system"),
        ("User", "system:kube-controller-manager"),
        ("User", "system:kube-scheduler"),
    )
]
VALUES = {
    "ingress": {"enabled": True, "hosts": ["hub.example.org"], "tls": [{"secretName": "tls"}]},
    "scheduling": {"podPriority": {"enabled": True}, "userPlaceholder": {"replicas": 1}},
}
NEEDED = [READS[name] for name in registry().reads(registry().select())]
RESOURCES = sorted({(read.group, read.resource) for read in NEEDED if read.resource})
PATHS = sorted({read.paths for read in NEEDED if read.paths})


@pytest.fixture(scope="module")
def hub(plane: ControlPlane, shared_kubelet: Kubelet, module_release: MakeRelease) -> Iterator[Release]:
    """A hub with a bit of everything, also of trouble, so that there is something to read of nearly every kind."""
    release = module_release(install=False)

    def mine(pod: Object) -> bool:
        return bool(pod["metadata"]["namespace"] == release.namespace)

    rules, logs = list(shared_kubelet.rules), list(shared_kubelet.logs)
    fates = {"hub": oom_killed(), "notebook": crash_loop()}
    shared_kubelet.rules.append(lambda pod, one: fates.get(one["name"]) if mine(pod) else None)
    shared_kubelet.logs.append(lambda pod, name, _: "[I 2026-01-05] a line" if mine(pod) and name == "hub" else None)
    release.install(VALUES, wait=False)  # the placeholder waits for ever: no user-scheduler runs
    release.user_pod("ada")
    release.user_pod("bob", schedulerName="default-scheduler")
    for component in ("hub", "singleuser-server"):
        plane.wait(lambda of=component: running(release, of), f"a pod of {component} to run")  # type: ignore[misc]
    yield release
    shared_kubelet.rules[:], shared_kubelet.logs[:] = rules, logs


def running(release: Release, component: str) -> bool:
    return any(one["status"]["phase"] == "Running" for one in release.pods(component))


@pytest.fixture(scope="module")
def make_account(plane: ControlPlane, hub: Release) -> Iterator[MakeAccount]:
    """Make service accounts, each bound to what is given: the YAML of `jhubdoctor rbac`, or a part of it."""
    made: list[str] = []

    def make(objects: list[Object]) -> Account:
        name = f"doctor-{len(made)}"
        role, binding = copy.deepcopy(objects)
        for each in (role["metadata"], binding["metadata"], binding["roleRef"]):
            each["name"] = f"{name}-{hub.name}"
        binding["subjects"] = [{"kind": "ServiceAccount", "name": name, "namespace": hub.namespace}]
        account = {"apiVersion": "v1", "kind": "ServiceAccount", "metadata": {"name": name}}
        plane.apply(account, namespace=hub.namespace)
        plane.apply(role)
        plane.apply(binding)
        made.append(f"{name}-{hub.name}")
        user = f"system:serviceaccount:{hub.namespace}:{name}"
        plane.wait(lambda: _grants(plane, user, hub.namespace, role["rules"][0]), "the binding to be in force")
        return user, plane.kubeconfig(token=plane.token(name, hub.namespace), namespace=hub.namespace)

    yield make
    for name in made:
        for kind in ("clusterrolebindings", "clusterroles"):
            if plane.get(f"{ROLES}/{kind}/{name}"):
                plane.request("DELETE", f"{ROLES}/{kind}/{name}")


@pytest.fixture(scope="module")
def printed() -> list[Object]:
    """The role that `jhubdoctor rbac` prints for all checks, and its binding."""
    return list(yaml.safe_load_all(call("rbac").stdout))[-2:]


def examine(kubeconfig: Path, hub: Release) -> Report:
    """Run all checks, as `jhubdoctor run` does; in here, since there are dozens of runs."""
    reader = LiveReader(str(kubeconfig))
    reader.connect()
    return judged(registry(), registry().select(), reader, Scope(hub.namespace))


def statuses(report: Report) -> dict[str, CheckStatus]:
    return {result.check.id: result.status for result in report.results}


def claims(report: Report) -> set[tuple[str, str, str]]:
    """What a report says is wrong; severity and folding aside, since they follow from it."""
    return {(one.check.id, one.finding.cause, one.finding.says) for one in report.findings}


def _grants(plane: ControlPlane, user: str, namespace: str, rule: Object) -> bool:
    """Ask the authorizer whether it knows of a rule yet."""
    resource, _, subresource = rule["resources"][0].partition("/")
    what = {"group": rule["apiGroups"][0], "resource": resource, "subresource": subresource, "verb": rule["verbs"][0]}
    return _may(plane, user, {"resourceAttributes": {"namespace": namespace, **what}})


def _may(plane: ControlPlane, user: str, what: Object) -> bool:
    spec = {"user": user, "groups": ["system:authenticated"], **what}
    review = {"apiVersion": "authorization.k8s.io/v1", "kind": "SubjectAccessReview", "metadata": {}, "spec": spec}
    answer = plane.request("POST", "/apis/authorization.k8s.io/v1/subjectaccessreviews", review)
    return bool(answer["status"]["allowed"])


def without(rules: Rules, group: str, resource: str) -> Rules:
    """The rules without one resource."""
    left = []
    for rule in rules:
        if group in rule.get("apiGroups", ()):
            rest = [one for one in rule["resources"] if one != resource]
            left += [{**rule, "resources": rest}] if rest else []
        else:
            left.append(rule)
    return left


def test_what_is_printed_is_enough_and_is_only_used_to_read(
    plane: ControlPlane, hub: Release, make_account: MakeAccount, printed: list[Object]
) -> None:
    user, kubeconfig = make_account(printed)

    seen = diagnose(kubeconfig, "-n", hub.namespace)

    asked = plane.audit(user)
    assert seen.stderr == ""
    assert seen.reads("forbidden") == {}
    assert seen.of(*UNSURE) == set()
    assert {request.verb for request in asked} == {"get", "list"}
    assert {request.code for request in asked} <= {200, 404}
    assert len(asked) == seen.requests


def test_nothing_is_printed_that_no_check_needs(printed: list[Object]) -> None:
    needed = {(READS[name].group, READS[name].resource) for name in registry().reads(registry().select())}

    shown = {
        (group, one) for rule in printed[0]["rules"] for group in rule.get("apiGroups", ()) for one in rule["resources"]
    }

    assert shown == {each for each in needed if each[1]}


@pytest.fixture(scope="class")
def only_what_is_bound(plane: ControlPlane) -> Iterator[None]:
    """Take from those who have signed in what Kubernetes gives to everybody."""
    paths = [f"{ROLES}/clusterrolebindings/{name}" for name in EVERYBODY]
    before = [plane.request("GET", path)["subjects"] for path in paths]

    def bind(subjects: list[list[Object]], *, allowed: bool) -> None:
        for path, some in zip(paths, subjects, strict=True):
            plane.request("PATCH", path, {"subjects": some}, content_type="application/merge-patch+json")
        version = {"nonResourceAttributes": {"path": "/version", "verb": "get"}}
        plane.wait(lambda: _may(plane, "anybody", version) == allowed, "the bindings to be in force")

    bind([SERVERS, SERVERS], allowed=False)
    yield
    bind(before, allowed=True)


@pytest.fixture(scope="class")
def before(hub: Release, make_account: MakeAccount, printed: list[Object]) -> Report:
    """What is found with all rights that are printed and no others."""
    return examine(make_account(printed)[1], hub)


@pytest.mark.usefixtures("only_what_is_bound")
class TestWithout:
    """Take each right away in turn: whatever could not do without it is unknown and says why, all else is as it was."""

    @pytest.mark.parametrize(("group", "resource"), RESOURCES, ids=[resource for _, resource in RESOURCES])
    def test_a_resource(
        self, group: str, resource: str, hub: Release, make_account: MakeAccount, printed: list[Object], before: Report
    ) -> None:
        role, binding = printed
        rules = without(role["rules"], group, resource)
        lost = {name for name, read in READS.items() if (read.group, read.resource) == (group, resource)}

        after = examine(make_account([{**role, "rules": rules}, binding])[1], hub)

        self.compare(lost, before, after)

    @pytest.mark.parametrize("paths", PATHS, ids=[paths[0] for paths in PATHS])
    def test_a_path(
        self, paths: tuple[str, ...], hub: Release, make_account: MakeAccount, printed: list[Object], before: Report
    ) -> None:
        role, binding = printed
        *rules, urls = role["rules"]
        left = [one for one in urls["nonResourceURLs"] if one not in paths]
        lost = {name for name, read in READS.items() if read.paths == paths}

        after = examine(make_account([{**role, "rules": [*rules, {**urls, "nonResourceURLs": left}]}, binding])[1], hub)

        self.compare(lost, before, after)

    @staticmethod
    def compare(lost: set[str], before: Report, after: Report) -> None:
        checks = registry().select()
        required = {one for name in lost for one in registry().reads(checks, required=True).get(name, ())}
        declared = {one for name in lost for one in registry().reads(checks).get(name, ())}
        asked = {one for row in before.coverage if row.query.read in lost for one in row.needed_by}
        was, now = statuses(before), statuses(after)
        idle = {name for name, status in was.items() if status is CheckStatus.NOT_APPLICABLE}
        unknown = {name for name, status in now.items() if status is CheckStatus.UNKNOWN}

        assert (required & asked) - idle <= unknown
        # What has two ways to know is unknown without the one where the other says nothing.
        assert unknown <= declared
        assert {name: now[name] for name in now if name not in unknown} == {
            name: was[name] for name in was if name not in unknown
        }
        assert claims(after) <= claims(before)
        assert {row.query.read for row in after.coverage if row.state is ReadState.FORBIDDEN} <= lost
        for result in after.results:
            if result.check.id in unknown:
                assert {gap.query.read for gap in result.gaps} <= lost
                assert "forbidden" in result.reason
                assert [gap.rule for gap in result.gaps] == [READS[gap.query.read].rule() for gap in result.gaps]


def test_in_one_namespace_exactly_what_is_listed_stays_unknown(
    plane: ControlPlane, hub: Release, make_account: MakeAccount
) -> None:
    shown = call("rbac", "-n", hub.namespace)
    _, role, binding = yaml.safe_load_all(shown.stdout)
    listed = {line.removeprefix("#   ") for line in shown.stdout.splitlines() if line.startswith("#   ")}
    whole = everything(plane, hub)

    seen = diagnose(make_account([role, binding])[1], "-n", hub.namespace)

    assert (role["kind"], binding["kind"]) == ("Role", "RoleBinding")
    outside = {one for row in whole.report["coverage"] if not inside(row["read"], hub) for one in row["needed_by"]}
    assert seen.of(*UNSURE) <= listed
    assert (listed & outside) - whole.of("not-applicable") <= seen.of(*UNSURE)
    assert {one["check"] for one in seen.report["findings"]} <= {one["check"] for one in whole.report["findings"]}
    assert seen.code == (1 if seen.report["summary"]["errors"] else 3)


def inside(read: str, hub: Release) -> bool:
    """Whether a read is of the hub's namespace, or of what everyone may read."""
    open_to_all = {"version", "livez", "readyz", "discovery"}
    return f"in {hub.namespace}" in read or read.split(maxsplit=1)[0] in {"namespaces", *open_to_all}


def everything(plane: ControlPlane, hub: Release) -> Diagnosis:
    """What an administrator sees."""
    return diagnose(plane.kubeconfig(), "-n", hub.namespace)
