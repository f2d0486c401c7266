"""The phase that ate the time of a spawn, for each thing that a pod's events and status can say."""

from typing import Any

import pytest

from jhubdoctor.testing import Example, findings_of

FAILED = """\
[I {-900s} JupyterHub spawner:3001] Attempting to create pod jupyter-ada, with timeout 3
[W {-600s} JupyterHub user:999] ada's server failed to start in 300 seconds, giving up.
"""
USER = {"component": "singleuser-server"}
MAIN = "spec.containers{notebook}"


def event(reason: str, message: str, at: str = "-800s", path: str = "", **more: Any) -> dict[str, Any]:
    about = {"kind": "Pod", "namespace": "jhub", "name": "jupyter-ada", "uid": "a", "fieldPath": path}
    return {
        "kind": "Event",
        "involvedObject": about,
        "reason": reason,
        "message": message,
        "firstTimestamp": at,
        "lastTimestamp": at,
        **more,
    }


def pod(status: dict[str, Any], *, created: str = "-590s", node: str = "", **spec: Any) -> dict[str, Any]:
    return {
        "kind": "Pod",
        "metadata": {"name": "jupyter-ada", "labels": USER, "creationTimestamp": created},
        "spec": {"nodeName": node, "containers": [{"name": "notebook", "image": "x"}], **spec},
        "status": status,
    }


def container(state: dict[str, Any], **more: Any) -> dict[str, Any]:
    return {"name": "notebook", "ready": False, "restartCount": 0, "image": "x", "state": state, **more}


def claim(phase: str) -> dict[str, Any]:
    labels = {"component": "singleuser-storage", "hub.jupyter.org/username": "ada"}
    meta = {"name": "claim-ada", "labels": labels, "annotations": {"hub.jupyter.org/username": "ada"}}
    return {"kind": "PersistentVolumeClaim", "metadata": meta, "spec": {}, "status": {"phase": phase}}


PLACED = event("Scheduled", "Successfully assigned jhub/jupyter-ada to user-1", "-890s")
PULL = event("Pulling", 'Pulling image "quay.io/x:1"', "-880s", MAIN)
OLD = event("Scheduled", "Successfully assigned jhub/jupyter-eve to user-1", "-3000s") | {
    "involvedObject": {"kind": "Pod", "namespace": "jhub", "name": "jupyter-eve", "uid": "e"}
}
UNBOUND = "0/3 nodes are available: pod has unbound immediate PersistentVolumeClaims."
CASES = {
    # what the scheduler said, in the words of 1.20, 1.24 and 1.36
    "taint 1.20": (
        "no-node",
        [
            event(
                "FailedScheduling", "0/3 nodes are available: 3 node(s) had taint {a: b}, that the pod didn't tolerate."
            )
        ],
    ),
    "taint 1.24": (
        "no-node",
        [
            event(
                "FailedScheduling",
                "0/3 nodes are available: 3 node(s) had untolerated taint {a: b}. preemption: 0/3 nodes are available",
            )
        ],
    ),
    "taint 1.36": (
        "no-node",
        [
            event(
                "FailedScheduling",
                "0/3 nodes are available: 3 node(s) had untolerated taint(s). no new claims to deallocate, "
                "preemption: 0/3",
            )
        ],
    ),
    "no node at all": ("no-node", [event("FailedScheduling", "no nodes available to schedule pods")]),
    "unbound claim": ("volume-pending", [event("FailedScheduling", UNBOUND)]),
    "unbound claim that is still there": ("volume-pending", [event("FailedScheduling", UNBOUND), claim("Pending")]),
    "a claim that was bound soon, and a series of events that keeps its first text": (
        "no-node",
        [event("FailedScheduling", UNBOUND), claim("Bound")],
    ),
    "autoscaler at work": (
        "scaling-up",
        [
            event("FailedScheduling", "0/3 nodes are available: 3 Insufficient cpu."),
            event("TriggeredScaleUp", "pod triggered scale-up"),
        ],
    ),
    "no event though others are kept": ("nobody-schedules", [OLD]),
    "no event, and none are kept so long": ("no-trace", []),
    "gate": ("gated", [pod({"phase": "Pending"}, schedulingGates=[{"name": "example.org/wait"}])]),
    # what the kubelet said
    "pull": ("pulling", [PLACED, PULL]),
    "pull that ended after the limit": (
        "pulling",
        [PLACED, PULL, event("Pulled", 'Successfully pulled image "quay.io/x:1" in 6m40s', "-480s", MAIN)],
    ),
    "pull of the init container, then of the main one": (
        "pulling",
        [
            PLACED,
            event("Pulling", 'Pulling image "tools:1"', "-885s", "spec.initContainers{block-cloud-metadata}"),
            event("Pulled", 'Successfully pulled image "tools:1" in 2s', "-883s"),
            PULL,
        ],
    ),
    "pull refused": (
        "pull-failed",
        [PLACED, PULL, event("Failed", 'Failed to pull image "quay.io/x:1": rpc error: not found', path=MAIN)],
    ),
    "pull backs off": ("pull-failed", [PLACED, event("BackOff", 'Back-off pulling image "quay.io/x:1"', path=MAIN)]),
    "attach": (
        "volume-mount",
        [
            PLACED,
            event(
                "FailedAttachVolume",
                'Multi-Attach error for volume "pvc-1" Volume is already used by pod(s) jupyter-ada',
            ),
        ],
    ),
    "mount that worked at last": (
        "pulling",
        [PLACED, event("FailedMount", "timed out waiting for the condition", "-885s"), PULL],
    ),
    "sandbox": ("sandbox", [PLACED, event("FailedCreatePodSandBox", "Failed to create pod sandbox: rpc error")]),
    "crash 1.20": (
        "crash",
        [
            PLACED,
            event("Started", "Started container notebook", "-870s", MAIN),
            event("BackOff", "Back-off restarting failed container", path=MAIN),
        ],
    ),
    "crash 1.36": (
        "crash",
        [
            PLACED,
            event("Started", "Container started", "-870s", MAIN),
            event("BackOff", "Back-off restarting failed container notebook in pod jupyter-ada_jhub(a)", path=MAIN),
        ],
    ),
    "crash of the init container": (
        "init-failed",
        [
            PLACED,
            event("BackOff", "Back-off restarting failed container", path="spec.initContainers{block-cloud-metadata}"),
        ],
    ),
    "crash of the init container, told by its name alone": (
        "init-failed",
        [
            PLACED,
            event("BackOff", "Back-off restarting failed container block-cloud-metadata in pod jupyter-ada_jhub(a)"),
        ],
    ),
    "the pod runs since before, and the hub does not see it": (
        "not-noticed",
        [
            pod(
                {
                    "phase": "Running",
                    "conditions": [{"type": "Ready", "status": "True"}],
                    "containerStatuses": [container({"running": {"startedAt": "-3000s"}}, ready=True)],
                },
                created="-3000s",
                node="user-1",
            )
        ],
    ),
    "postStart": ("crash", [PLACED, event("FailedPostStartHook", "PostStartHook failed", path=MAIN)]),
    "config": ("container-config", [PLACED, event("Failed", 'Error: secret "course" not found', path=MAIN)]),
    "evicted": ("evicted", [PLACED, event("Evicted", "The node was low on resource: memory.")]),
    "spot node gone": ("evicted", [PLACED, event("TaintManagerEviction", "Marking for deletion Pod jhub/jupyter-ada")]),
    "nothing after the node": ("node-silent", [PLACED]),
    "started and not ready": (
        "not-ready",
        [
            PLACED,
            event("Started", "Started container notebook", "-870s", MAIN),
            event("Unhealthy", "Readiness probe failed"),
        ],
    ),
    "late node": (
        "late-node",
        [
            event("FailedScheduling", "0/3 nodes are available: 3 Insufficient cpu."),
            event("Scheduled", "Successfully assigned", "-650s"),
            event("Pulling", 'Pulling image "x"', "-640s", MAIN),
        ],
    ),
    # what is there now tells of the same fault at the next attempt
    "oom now": (
        "oom",
        [
            pod(
                {
                    "phase": "Running",
                    "containerStatuses": [
                        container(
                            {"waiting": {"reason": "CrashLoopBackOff"}},
                            lastState={"terminated": {"exitCode": 137, "reason": "OOMKilled"}},
                        )
                    ],
                },
                node="user-1",
            )
        ],
    ),
    "image now": (
        "pull-failed",
        [
            pod(
                {"phase": "Pending", "containerStatuses": [container({"waiting": {"reason": "ImagePullBackOff"}})]},
                node="user-1",
            )
        ],
    ),
    "failed pod left behind": (
        "evicted",
        [
            pod(
                {
                    "phase": "Failed",
                    "reason": "NodeShutdown",
                    "message": "Pod was rejected as the node is shutting down.",
                },
                created="-899s",
                node="user-1",
            )
        ],
    ),
    "pod that runs and was never seen": (
        "not-noticed",
        [
            pod(
                {"phase": "Running", "conditions": [{"type": "Ready", "status": "True"}]},
                created="-899s",
                node="user-1",
            )
        ],
    ),
}


@pytest.mark.parametrize(("cause", "objects"), CASES.values(), ids=CASES)
def test_phase(cause: str, objects: list[dict[str, Any]]) -> None:
    [found] = findings_of(
        Example([{"kind": "Log", "pod": "hub-7d9c", "container": "hub", "text": FAILED}, *objects]), "spawn-timeout"
    )

    assert found.finding.cause.partition(" ")[0] == cause
    assert [r.name for r in found.finding.on] == ["jupyter-ada"]
    if cause not in {"no-trace", "nobody-schedules"}:
        assert len(found.finding.proof) > 2


def timeout_set_to(*objects: dict[str, Any]) -> Any:
    [found] = findings_of(
        Example([{"kind": "Log", "pod": "hub-7d9c", "container": "hub", "text": FAILED}, *objects]), "spawn-timeout"
    )
    return found.finding.fix.values


def test_time_limit_that_is_suggested_follows_from_what_the_pull_took() -> None:
    pulled = event("Pulled", 'Successfully pulled image "quay.io/x:1" in 6m40s', "-480s", MAIN)

    assert timeout_set_to(PLACED, PULL, pulled) == {"singleuser": {"startTimeout": 600}}
    assert timeout_set_to(PLACED, PULL) == {"singleuser": {"startTimeout": 600}}


def test_time_limit_is_changed_where_it_is_set() -> None:
    values = {"kind": "Values", "values": {"hub": {"config": {"KubeSpawner": {"start_timeout": 300}}}}}

    assert timeout_set_to(values, PLACED, PULL) == {"hub": {"config": {"KubeSpawner": {"start_timeout": 600}}}}


def test_one_finding_groups_all_users_of_a_cause() -> None:
    text = "\n".join(
        f"[W {{-{600 - i}s}} JupyterHub user:999] user{i}'s server failed to start in 300 seconds, giving up."
        for i in range(30)
    )
    [found] = findings_of(
        Example([{"kind": "Log", "pod": "hub-7d9c", "container": "hub", "text": text}]), "spawn-timeout"
    )

    assert found.finding.says.startswith("30 servers did not start")
    assert len(found.finding.proof) < 8


@pytest.mark.parametrize(
    ("text", "severity"),
    [
        ("[W {-50m} JupyterHub user:1] ada's server failed to start in 300 seconds, giving up.", "error"),
        ("[W {-5h} JupyterHub user:1] ada's server failed to start in 300 seconds, giving up.", "warning"),
        (
            (
                "[W {-5h} JupyterHub user:1] ada's server failed to start in 300 seconds, giving up.\n"
                "[I {-4h} JupyterHub base:1] User grace took 9.000 seconds to start"
            ),
            "info",
        ),
    ],
)
def test_what_is_long_past_weighs_less(text: str, severity: str) -> None:
    [found] = findings_of(
        Example([{"kind": "Log", "pod": "hub-7d9c", "container": "hub", "text": text}]), "spawn-timeout"
    )

    assert found.severity.value == severity


def test_without_events_nobody_says_that_a_node_did_nothing() -> None:
    waiting = pod({"phase": "Pending", "containerStatuses": [container({"waiting": {"reason": "ContainerCreating"}})]})
    waiting["metadata"]["creationTimestamp"], waiting["spec"]["nodeName"] = "-900s", "user-1"
    log = {"kind": "Log", "pod": "hub-7d9c", "container": "hub", "text": FAILED}
    example = Example([log, waiting, {"kind": "Missing", "read": "events"}])

    assert [f.finding.cause for f in findings_of(example, "spawn-timeout")] == ["no-trace"]


def test_without_events_and_values_the_failure_is_still_told() -> None:
    missing = [{"kind": "Missing", "read": r} for r in ("events", "persistentvolumeclaims", "secrets")]
    example = Example([{"kind": "Log", "pod": "hub-7d9c", "container": "hub", "text": FAILED}, *missing])

    assert [f.finding.cause for f in findings_of(example, "spawn-timeout")] == ["no-trace"]


def test_a_log_without_a_request_for_a_pod_blames_no_scheduler() -> None:
    failed = "[W {-600s} JupyterHub user:999] ada's server failed to start in 300 seconds, giving up.\n"
    log = {"kind": "Log", "pod": "hub-7d9c", "container": "hub", "text": failed}

    [found] = findings_of(Example([log, OLD]), "spawn-timeout")

    assert found.finding.cause == "not-asked"


def test_what_happened_in_another_namespace_is_not_judged_by_the_events_of_the_hub_s() -> None:
    """KubeSpawner's enable_user_namespaces: no event is seen here, and schedulers are not to blame for that."""
    text = """
kind: Event
involvedObject: {kind: Pod, name: hub-7d9c}
reason: Pulled
firstTimestamp: -50m
lastTimestamp: -50m
---
kind: Log
pod: hub-7d9c
container: hub
text: |
  [I {-900s} JupyterHub spawner:3001] Attempting to create pod jupyter-bob, with timeout 3
  [W {-600s} JupyterHub user:999] bob's server failed to start in 300 seconds, giving up.
  [I {-600s} JupyterHub spawner:3397] Deleting pod PLACE/jupyter-bob
"""
    [here] = findings_of(text.replace("PLACE", "jhub"), "spawn-timeout")
    [there] = findings_of(text.replace("PLACE", "user-bob"), "spawn-timeout")

    assert "no scheduler looked at it" in here.finding.says
    assert "the namespace user-bob, which is not looked into" in there.finding.says
    assert [str(r) for r in there.finding.on] == ["Pod user-bob/jupyter-bob"]
    assert there.fix.commands[0] == "kubectl --namespace user-bob describe pod jupyter-bob"


def test_a_log_that_begins_after_the_pod_was_asked_for_is_about_the_users_pod() -> None:
    failed = "[W {-600s} JupyterHub user:999] ada's server failed to start in 300 seconds, giving up.\n"
    log = {"kind": "Log", "pod": "hub-7d9c", "container": "hub", "text": failed}
    waiting = pod({"phase": "Pending", "containerStatuses": [container({"waiting": {"reason": "ImagePullBackOff"}})]})
    waiting["metadata"]["annotations"] = {"hub.jupyter.org/username": "ada"}
    waiting["spec"]["nodeName"] = "user-1"

    [found] = findings_of(Example([log, waiting]), "spawn-timeout")

    assert [r.name for r in found.finding.on] == ["jupyter-ada"]
