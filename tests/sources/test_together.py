"""Many hubs in one cluster: each kind is asked for once, and each hub hears what its own namespace would have said."""

import copy
import json
from pathlib import Path
from typing import Any

import pytest

from jhubdoctor.engine.result import Report
from jhubdoctor.model.hub import Scope
from jhubdoctor.sources import live
from jhubdoctor.sources.kept import Recorder
from jhubdoctor.sources.live import LiveReader
from jhubdoctor.sources.reads import Query
from jhubdoctor.sources.together import FEW
from jhubdoctor.testing import Example, judged, registry
from tests.fakeapi import FakeAPI

ALL = Scope(all_namespaces=True, default_namespace="default")
FAULTY = """
kind: Pod
metadata: {name: jupyter-ada, labels: {component: singleuser-server, hub.jupyter.org/username: ada}}
spec: {nodeName: user-1, containers: [{name: notebook, image: "quay.io/jupyter/base-notebook:nowhere"}]}
status:
  phase: Pending
  containerStatuses:
  - {name: notebook, state: {waiting: {reason: ImagePullBackOff, message: "manifest unknown"}}}
"""


@pytest.fixture(autouse=True)
def quick(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(live, "BACKOFF", 0.01)


def moved(value: Any, place: str) -> Any:
    """An object of the namespace jhub, with its release, as one of another namespace."""
    text = json.dumps(value).replace('"namespace": "jhub"', f'"namespace": "{place}"')
    return json.loads(text)


def many(number: int, text: str = "", **options: Any) -> FakeAPI:
    """A cluster with so many hubs; the example's faults are those of the second."""
    api, faulty = FakeAPI(Example(""), **options), FakeAPI(Example(text))
    places = [f"hub-{i:02}" for i in range(number)]
    for resource in {*api.objects, *faulty.objects}:
        ours, theirs = api.objects.get(resource, []), faulty.objects.get(resource, [])
        found = [o for o in ours if o["metadata"].get("namespace") != "jhub"]
        for i, place in enumerate(places):
            inside = [o for o in (theirs if i == 1 else ours) if o["metadata"].get("namespace") == "jhub"]
            found += [moved(o, place) for o in inside]
        api.objects[resource] = found
    for o in [n for n in api.objects["namespaces"] if n["metadata"]["name"] == "jhub"]:
        for place in places:
            api.objects["namespaces"].append({**copy.deepcopy(o), "metadata": {**o["metadata"], "name": place}})
    for key in [k for k in api.logs if k.startswith("jhub/")]:
        for place in places:
            api.logs[key.replace("jhub/", f"{place}/", 1)] = api.logs[key]
    return api


def paths(api: FakeAPI) -> list[str]:
    return [r.path.partition("?")[0] for r in api.requests]


def look(api: FakeAPI, tmp_path: Path) -> tuple[Report, Recorder]:
    recorder = Recorder(LiveReader(api.kubeconfig(tmp_path), timeout=60))
    return judged(registry(), registry().select(), recorder, ALL), recorder


def said(report: Report) -> dict[str, list[str]]:
    """The findings and statuses of each hub."""
    found: dict[str, list[str]] = {h.label: [] for h in report.hubs}
    for r in report.results:
        if r.hub:
            found[r.hub.label].append(f"{r.check.id} {r.status} {r.reason}")
    for f in report.findings:
        if f.hub:
            found[f.hub.label].append(f"{f.check.id} {f.finding.says} {f.fingerprint}")
    return found


def test_what_is_said_of_each_hub_is_what_is_said_of_it_alone(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with many(FEW + 2, FAULTY).serve() as api:
        together, recorder = look(api, tmp_path)
        requests = len(api.requests)
        monkeypatch.setattr("jhubdoctor.sources.together.FEW", 99)
        alone, apart = look(api, tmp_path)
        separate = len(api.requests) - requests

    assert any("image" in f.check.id for f in together.findings)
    assert said(together) == said(alone)
    assert recorder.answers.keys() == apart.answers.keys()
    assert requests < separate / 2


def test_one_more_hub_costs_its_logs_alone(tmp_path: Path) -> None:
    cost = []
    for number in (8, 12):
        with many(number).serve() as api:
            look(api, tmp_path)
        cost.append(len(api.requests))
        logs = len([r for r in api.requests if r.read == "pods/log"])

    assert cost[1] - cost[0] <= 4 * logs // 12


@pytest.mark.parametrize("fault", ["403", "500", "nulls"])
def test_where_a_list_of_all_fails_each_namespace_is_asked_by_itself(fault: str, tmp_path: Path) -> None:
    everywhere = [Query("services"), Query("pods", labels="component!=singleuser-server"), Query("namespaces")]
    with many(FEW + 1, FAULTY).serve() as api:
        whole, _ = look(api, tmp_path)
    with many(FEW + 1, FAULTY, faults=dict.fromkeys(everywhere, fault)).serve() as api:
        report, _ = look(api, tmp_path)

    assert said(report) == said(whole)
    assert "/api/v1/namespaces/hub-03/services" in paths(api)


def test_a_list_that_is_mostly_of_others_is_not_read_to_its_end(tmp_path: Path) -> None:
    api = many(FEW + 1, page=500)
    others = ({"name": f"s{i}", "namespace": "shop"} for i in range(600))
    api.objects["services"] += [{"kind": "Service", "metadata": m} for m in others]
    with api.serve():
        look(api, tmp_path)

    assert paths(api).count("/api/v1/services") == 1
    assert "/api/v1/namespaces/hub-03/services" in paths(api)


def test_few_hubs_are_asked_by_themselves(tmp_path: Path) -> None:
    with many(FEW).serve() as api:
        look(api, tmp_path)

    assert "/api/v1/services" not in paths(api)
