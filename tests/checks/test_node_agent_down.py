"""What fails on the node where an agent is down stands under it, and what fails elsewhere does not."""

from typing import Any

import pytest

from jhubdoctor.testing import Example, diagnose, findings_of

AGENT = "kube-system/calico-node"
SANDBOX = 'Failed to create pod sandbox: rpc error: code = Unknown desc = failed to setup network for sandbox "b"'


def agent(name: str = "calico-node", *, wanted: int = 2, there: int = 2, ready: int = 1, **spec: Any) -> dict[str, Any]:
    template = {"spec": {"tolerations": [{"operator": "Exists"}], **spec}}
    return {
        "kind": "DaemonSet",
        "metadata": {"name": name, "namespace": "kube-system"},
        "spec": {"selector": {"matchLabels": {"k8s-app": name}}, "template": template},
        "status": {"desiredNumberScheduled": wanted, "currentNumberScheduled": there, "numberReady": ready},
    }


def pod_of(name: str, node: str, *, since: str = "-30m", ready: bool = False) -> dict[str, Any]:
    condition = {"type": "Ready", "status": str(ready), "lastTransitionTime": since}
    return {
        "kind": "Pod",
        "metadata": {"name": f"{name}-{node}", "namespace": "kube-system", "labels": {"k8s-app": name}},
        "spec": {"nodeName": node, "containers": [{"name": name}]},
        "status": {"phase": "Running", "conditions": [condition]},
    }


def server(user: str, node: str) -> dict[str, Any]:
    labels = {"component": "singleuser-server", "hub.jupyter.org/username": user}
    placed = {"type": "PodScheduled", "status": "True", "lastTransitionTime": "-9m"}
    return {
        "kind": "Pod",
        "metadata": {"name": f"jupyter-{user}", "creationTimestamp": "-9m", "labels": labels},
        "spec": {"nodeName": node, "containers": [{"name": "notebook"}]},
        "status": {"phase": "Pending", "conditions": [placed]},
    }


def refused(user: str, node: str, message: str = SANDBOX, reason: str = "FailedCreatePodSandBox") -> dict[str, Any]:
    return {
        "kind": "Event",
        "involvedObject": {"kind": "Pod", "name": f"jupyter-{user}"},
        "reason": reason,
        "type": "Warning",
        "source": {"component": "kubelet", "host": node},
        "message": message,
        "lastTimestamp": "-1m",
    }


def node(name: str, **taint: str) -> dict[str, Any]:
    ready = {"type": "Ready", "status": "True", "lastTransitionTime": "-5d"}
    spec = {"taints": [taint]} if taint else {}
    return {"kind": "Node", "metadata": {"name": name}, "spec": spec, "status": {"conditions": [ready]}}


ILL = [agent(), pod_of("calico-node", "user-1"), pod_of("calico-node", "core-1", ready=True)]


def test_what_fails_on_another_node_has_a_cause_of_its_own() -> None:
    here = [server("ada", "user-1"), refused("ada", "user-1")]
    there = [node("user-2"), server("bob", "user-2"), refused("bob", "user-2", SANDBOX + ": no space left on device")]

    report = diagnose(Example([*ILL, *here, *there]))

    roots = {f.check.id for f in report.findings if f.explained_by is None and f.severity.value == "error"}
    [told] = [f for f in report.findings if f.check.id == "node-agent-down"]
    assert roots >= {"node-agent-down", "user-pod-sandbox-failed"}
    assert {r.name for r in told.finding.affects} == {"jupyter-ada"}


def test_a_server_that_is_gone_was_refused_on_that_node() -> None:
    log = {
        "kind": "Log",
        "pod": "hub-7d9c",
        "container": "hub",
        "more": "[I {-20m} JupyterHub spawner:3042] Attempting to create pod jupyter-eve, with timeout 3\n"
        "[W {-15m} JupyterHub user:1020] eve's server failed to start in 300 seconds, giving up.\n"
        "[I {-15m} JupyterHub spawner:3260] Deleting pod jhub/jupyter-eve",
    }

    [told] = findings_of(Example([*ILL, log, refused("eve", "user-1")]), "node-agent-down")

    assert told.severity.value == "error"
    assert {r.name for r in told.finding.affects} == {"jupyter-eve"}


@pytest.mark.parametrize(
    "documents",
    [
        # its pod was not ready for a moment
        [agent(), pod_of("calico-node", "user-1", since="-1m"), pod_of("calico-node", "core-1", ready=True)],
        # it does not belong on this node: another flavour of it does
        [
            agent(wanted=1, there=0, ready=0, nodeSelector={"pool": "other"}),
            agent("canal", wanted=1, there=1, ready=1),
            pod_of("canal", "user-1", ready=True),
        ],
        # nobody lives on it
        [agent("node-exporter"), pod_of("node-exporter", "user-1")],
    ],
)
def test_nothing_is_wrong_with_what_is_needed(documents: list[dict[str, Any]]) -> None:
    given = [*documents, server("ada", "user-1"), refused("ada", "user-1")]

    assert findings_of(Example(given), "node-agent-down") == []


def test_a_pod_that_was_never_made_for_the_node() -> None:
    given = [agent(there=1), pod_of("calico-node", "core-1", ready=True), server("ada", "user-1")]

    [told] = findings_of(Example([*given, refused("ada", "user-1")]), "node-agent-down")

    assert told.finding.cause == "missing"
    assert "user-1" in told.finding.says


@pytest.mark.parametrize("path", ["/var/lib/kubelet/plugins/files.example.org/csi.sock", ""])
def test_a_driver_is_known_by_its_registrar(path: str) -> None:
    arguments = [f"--kubelet-registration-path={path}"] if path else []
    driver = agent("files-node", containers=[{"name": "node-driver-registrar", "args": arguments}])
    text = "driver name files.example.org not found in the list of registered CSI drivers"

    found = findings_of(
        Example([
            driver, pod_of("files-node", "user-1"), pod_of("files-node", "core-1", ready=True),
            server("ada", "user-1"), refused("ada", "user-1", text, "FailedMount"),
        ]), "node-agent-down",
    )  # fmt: skip

    assert len(found) == bool(path)
