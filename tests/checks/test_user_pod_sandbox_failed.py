from jhubdoctor.testing import diagnose

WITHOUT_AN_ADDRESS = """
kind: Pod
metadata: {{name: {name}, creationTimestamp: -20m, labels: {{component: {component}}}}}
spec: {{nodeName: {node}}}
status: {{phase: Pending}}
---
kind: Event
metadata: {{name: event-{name}}}
involvedObject: {{kind: Pod, name: {name}, namespace: jhub}}
type: Warning
reason: FailedCreatePodSandBox
message: 'Failed to create pod sandbox: plugin type="calico" failed (add): no free IPs'
lastTimestamp: -1m
"""


def test_a_core_pod_that_is_there_is_no_server_that_is_gone() -> None:
    server = WITHOUT_AN_ADDRESS.format(name="jupyter-ada", component="singleuser-server", node="user-1")
    hub = WITHOUT_AN_ADDRESS.format(name="hub-7d9c", component="hub", node="core-1")

    report = diagnose(f"{server}---{hub}", "user-pod-sandbox-failed")
    [finding] = [f.finding for f in report.findings]

    assert [r.name for r in finding.on] == ["jupyter-ada"]
    assert [r.name for r in finding.affects] == []
