"""Whose logs are read of what runs beside the hub: of what something points to, and no more than three."""

from jhubdoctor.testing import Example, diagnose

POD = """\
kind: Pod
metadata:
  name: {name}-0
  labels: {{component: {name}}}
  ownerReferences: [{{kind: StatefulSet, name: {name}}}]
spec: {{nodeName: core-1, containers: [{{name: main, image: "example/{image}:1"}}]}}
status: {{phase: Running, podIP: {ip}, conditions: [{{type: Ready, status: "True"}}]}}
---
"""
PROXY = """\
kind: Log
pod: proxy-6c99
container: chp
text: |
  2026-01-05T11:50:12.731Z [ConfigProxy] error: 503 GET /services/{name}/x connect ECONNREFUSED {host}:8000
"""


def pod(name: str, ip: str = "10.1.0.1", image: str = "thing") -> str:
    return POD.format(name=name, ip=ip, image=image)


def read(text: str) -> list[str]:
    report = diagnose(Example(text), "neighbours-failing")
    names = [c.query.name for c in report.coverage if c.query.read == "pods/log"]
    return sorted(n for n in names if n.endswith("/main"))


def test_what_nothing_points_to_is_left_alone() -> None:
    assert read(pod("grafana") + pod("postgres", image="postgres")) == []


def test_what_the_proxy_could_not_reach_by_its_address() -> None:
    assert read(pod("shiny", "10.1.0.7") + pod("grafana") + PROXY.format(name="shiny", host="10.1.0.7")) == [
        "shiny-0/main"
    ]


def test_what_the_proxy_could_not_reach_by_its_service() -> None:
    service = (
        "kind: Service\nmetadata: {name: shiny-web}\nspec: {selector: {component: shiny}, clusterIP: 10.0.0.99}\n---\n"
    )
    for host in ("10.0.0.99", "shiny-web.jhub.svc"):
        assert read(service + pod("shiny") + pod("grafana") + PROXY.format(name="shiny", host=host)) == ["shiny-0/main"]


def test_what_was_restarted_within_the_hour() -> None:
    ended = "{name: main, ready: true, restartCount: 1, lastState: {terminated: {exitCode: 1, finishedAt: -9m}}}"
    restarted = pod("ngshare").replace("{phase:", f"{{containerStatuses: [{ended}], phase:")

    assert read(restarted + pod("grafana")) == ["ngshare-0/main"]


def test_no_more_than_three() -> None:
    names = ["one", "two", "three", "four", "five"]
    services = "kind: Values\nvalues: {hub: {services: {" + ", ".join(f"{n}: {{}}" for n in names) + "}}}\n---\n"

    assert len(read(services + "".join(map(pod, names)))) == 3
