"""What no row knows is quoted, with what all of it shares, and gets no cause that other facts refute."""

import pytest

from jhubdoctor.testing import findings_of

HUB = """
kind: Log
pod: hub-7d9c
container: hub
text: |
  [I {-2h} JupyterHub app:3354] Running JupyterHub version 5.5.0
"""
CRASHED = """
kind: Pod
metadata: {name: hub-7d9c}
status:
  conditions: [{type: PodScheduled, status: "True"}, {type: Ready, status: "False"}]
  containerStatuses:
    - name: hub
      ready: false
      restartCount: 6
      state: {waiting: {reason: CrashLoopBackOff, message: "back-off 5m0s restarting failed container=hub"}}
      lastState: {terminated: {exitCode: 1, reason: Error, finishedAt: -1m}}
---
kind: Log
pod: hub-7d9c
container: hub
previous: true
text: |
  Loading extra config: 10-profiles
  [E 2026-01-05 11:58:51.212 JupyterHub app:3945]
      Traceback (most recent call last):
        File "/usr/local/lib/python3.12/site-packages/jupyterhub/app.py", line 3940, in launch_instance_async
          await self.initialize(argv)
"""


def says(example: str, check: str) -> list[str]:
    """What one check says of an example."""
    return [f.finding.says for f in findings_of(example, check)]


def waiting(name: str, node: str, reason: str, message: str) -> str:
    """A server that waits on a node, and what the kubelet says of it."""
    return f"""
kind: Pod
metadata: {{name: {name}, creationTimestamp: -5m, labels: {{component: singleuser-server}}}}
spec: {{nodeName: {node}, containers: [{{name: notebook}}]}}
status: {{phase: Pending}}
---
kind: Event
involvedObject: {{kind: Pod, name: {name}, namespace: jhub}}
type: Warning
reason: {reason}
message: '{message}'
source: {{component: kubelet, host: {node}}}
firstTimestamp: -4m
lastTimestamp: -10s
count: 9
"""


def test_an_exception_at_the_start_is_quoted_with_the_line_of_ones_own_code() -> None:
    own = (
        CRASHED
        + "        File \"<string>\", line 3, in limits\n      ValueError: could not convert string to float: '4G'\n"
    )

    [said] = says(own, "hub-crash-loop")

    assert "ValueError: could not convert string to float: '4G'" in said
    assert "hub.extraConfig (10-profiles, line 3)" in said


def test_a_cookie_secret_that_is_no_hexadecimal_number() -> None:
    last = '        File "/app.py", line 1, in init_secrets\n          secret = binascii.a2b_hex(secret_env)\n'

    assert says(f"{CRASHED}{last}      binascii.Error: Non-hexadecimal digit found\n", "hub-crash-loop") == [
        "the hub ends again and again: its cookie secret is not valid"
    ]


def test_mounts_are_one_finding_where_the_node_says_the_same_of_them() -> None:
    told = (("jupyter-ada", "the moon is full"), ("jupyter-bob", "the moon is full"), ("jupyter-eve", "no tide today"))
    ada, bob, eve = (
        waiting(name, "user-1", "FailedMount", f'MountVolume.SetUp failed for volume "pv-{name}" : {text}')
        for name, text in told
    )

    assert sorted(says(f"{ada}---{bob}---{eve}", "volume-mount-failed")) == [
        "2 pods wait on node user-1 for a volume that cannot be mounted: the moon is full",
        "a pod waits on node user-1 for a volume pv-jupyter-eve that cannot be mounted: no tide today",
    ]


def test_sandboxes_that_fail_are_told_with_their_node_and_its_words() -> None:
    text = 'Failed to create pod sandbox: plugin type="calico" failed (add): the moon is full: no tide'

    [said] = says(waiting("jupyter-ada", "user-1", "FailedCreatePodSandBox", text), "user-pod-sandbox-failed")

    assert said.startswith("1 server cannot start on node user-1: ")
    assert said.endswith("the moon is full: no tide")


@pytest.mark.parametrize(
    ("message", "expected"),
    [
        (
            "Pod ephemeral local storage usage exceeds the total limit of containers 5Gi. ",
            "more was written to the node's disk than the server may",
        ),
        (
            "The node was low on resource: ephemeral-storage. Container notebook was using 252Ki, which exceeds 0. ",
            "node user-1 ran short of disk (container notebook used 252Ki of it)",
        ),
    ],
)
def test_a_limit_of_ones_own_is_no_node_that_ran_short(message: str, expected: str) -> None:
    evicted = f"""
kind: Pod
metadata: {{name: jupyter-ada, creationTimestamp: -5m, labels: {{component: singleuser-server}}}}
spec: {{nodeName: user-1}}
status: {{phase: Failed, reason: Evicted, message: '{message}'}}
"""

    [found] = findings_of(evicted, "user-pod-evicted")

    assert expected in found.finding.says
    assert not found.finding.fix.values


@pytest.mark.parametrize(
    ("function", "expected"),
    [("_expand_user_properties", "a template in the values"), ("get_pod_manifest", "KeyError")],
)
def test_a_name_is_missing_from_a_template_only_where_one_is_filled(function: str, expected: str) -> None:
    failed = (
        f"{HUB}"
        "  [I {-2m} JupyterHub spawner:3001] Attempting to create pod jupyter-ada, with timeout 3\n"
        "  [E {-2m} JupyterHub user:1013] Unhandled error starting ada's server: 'claim'\n"
        "      Traceback (most recent call last):\n"
        f'        File "/usr/lib/python3.12/site-packages/kubespawner/spawner.py", line 2181, in {function}\n'
        "          rendered = names[key]\n"
        "      KeyError: 'claim'\n"
    )

    [said] = says(failed, "spawn-error")

    assert expected in said


def test_the_certificate_of_a_webhook_is_no_webhook_that_does_not_answer() -> None:
    body = (
        '{"kind": "Status", "status": "Failure", "message": "Internal error occurred: failed calling webhook '
        '\\"m.example.org\\": failed to call webhook: x509: certificate has expired", "code": 500}'
    )
    failed = (
        f"{HUB}"
        "  [I {-2m} JupyterHub spawner:3001] Attempting to create pod jupyter-ada, with timeout 3\n"
        "  [E {-2m} JupyterHub user:1013] Unhandled error starting ada's server: (500)\n"
        f"      HTTP response body: {body}\n"
    )

    [said] = says(failed, "spawn-rejected")

    assert "the certificate of the admission webhook m.example.org" in said
    assert said.endswith("x509: certificate has expired)")


def test_each_address_stands_beside_the_user_whose_server_it_is() -> None:
    lines = "".join(
        f"  [W {{-{n}m}} JupyterHub user:1049] {user}'s server never showed up at http://10.1.2.{n}:8888/user/{user}/ "
        "after 30 seconds. Giving up.\n"
        for n, user in ((4, "ada"), (3, "bob"))
    )

    [found] = findings_of(HUB + lines, "spawn-http-timeout")

    shown = [e.detail for e in found.finding.proof if "no answer" in e.detail]
    assert len(shown) == 2
    assert all(
        ("10.1.2.4" not in s or s.startswith("ada")) and ("10.1.2.3" not in s or s.startswith("bob")) for s in shown
    )
