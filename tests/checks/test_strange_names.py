"""Users whose names hold what programs split names at: they are the same user in the log, the pod and the path."""

from urllib.parse import quote

import pytest

from jhubdoctor.facts.logs import parse_log
from jhubdoctor.testing import findings_of
from jhubdoctor_checks.facts.traffic import parse_traffic

NAMES = ["urn:lti:4711", "a/b", "ada@example.org", "ada lovelace", "müller", "user", "domain\\ada"]
POD = """\
kind: Pod
metadata:
  name: jupyter-x
  creationTimestamp: -2h
  labels: {{component: singleuser-server}}
  annotations: {{hub.jupyter.org/username: '{name}', hub.jupyter.org/servername: '{server}'}}
spec: {{nodeName: user-1, containers: [{{name: notebook}}]}}
status: {{phase: Running, conditions: [{{type: Ready, status: "True"}}]}}
---
kind: Log
pod: hub-7d9c
container: hub
text: |
  [I {{-5h}} JupyterHub app:3354] Running JupyterHub version 5.5.0
  [I {{-50m}} JupyterHub pages:400] {shown} is pending stop
  [I {{-20m}} JupyterHub pages:400] {shown} is pending stop
"""


@pytest.mark.parametrize("server", ["", "gpu"])
@pytest.mark.parametrize("name", NAMES)
def test_the_pod_of_a_server_that_never_stops(name: str, server: str) -> None:
    [found] = findings_of(POD.format(name=name, server=server, shown=f"{name}:{server}".rstrip(":")), "servers-pending")

    assert [o.name for o in found.finding.on] == ["jupyter-x"]


@pytest.mark.parametrize("name", NAMES)
def test_a_start_that_has_to_wait_is_no_request_that_failed(name: str) -> None:
    path = f"/hub/spawn/{quote(name, safe='')}"
    lines = "".join(
        f"  [I {{-{m}m}} JupyterHub base:1] {name}:gpu is pending stop\n"
        f"  [E {{-{m}m}} JupyterHub log:192] 503 GET {path} ({name}@10.0.0.1) 3.10ms\n"
        for m in (9, 6, 3)
    )
    text = "kind: Log\npod: hub-7d9c\ncontainer: hub\nmore: |\n"

    assert not findings_of(text + lines, "requests-failing")


@pytest.mark.parametrize("name", NAMES)
def test_a_route_has_no_name_in_it(name: str) -> None:
    path = f"/hub/user/{quote(name, safe='')}/lab"
    line = f"[I 2026-01-05 11:20:18.123 JupyterHub log:192] 200 GET {path} (@10.0.0.1) 1.00ms"

    [request] = parse_traffic(parse_log(line)).requests

    assert (request.route, request.about) == ("/hub/user/{name}/lab", name)
