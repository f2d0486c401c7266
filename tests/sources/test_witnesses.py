"""Lists that come empty at HTTP 200: what other objects name must be in them, and nothing rests on such a list."""

from datetime import datetime
from typing import Any

import pytest

from jhubdoctor.engine.result import CheckStatus, Report
from jhubdoctor.model.hub import Scope
from jhubdoctor.sources.decode import convert
from jhubdoctor.sources.kept import Recorder
from jhubdoctor.sources.reader import Reader
from jhubdoctor.sources.reads import READS, Answer, Query, ReadState
from jhubdoctor.sources.witnesses import contradicted
from jhubdoctor.testing import Example, judged, registry
from tests.honesty import hushed, unearned

HERE = Scope(default_namespace="jhub")
CORE = Query("pods", "jhub", labels="component!=singleuser-server")
USERS = Query("pods", "jhub", labels="component=singleuser-server", survey=True)


class Filtered(Reader):
    """A cluster of which a proxy shows nothing of one kind."""

    def __init__(self, text: str, read: str) -> None:
        self.reader, self.read = Example(text).reader(), read
        self.namespace = self.reader.namespace

    def now(self) -> datetime:
        return self.reader.now()

    def answer(self, query: Query) -> Answer:
        nothing = query.asks == "list" and query.read == self.read
        return Answer(ReadState.OK, []) if nothing else self.reader.answer(query)


def look(reader: Reader) -> Report:
    return judged(registry(), registry().select(), reader, HERE, concurrency=1)


ADA = """
kind: Pod
metadata: {name: jupyter-ada, labels: {component: singleuser-server, hub.jupyter.org/username: ada}}
spec: {nodeName: user-1, containers: [{name: notebook, image: a}]}
status: {phase: Running, conditions: [{type: Ready, status: "True"}]}
---
kind: EndpointSlice
metadata: {name: hub-x, labels: {kubernetes.io/service-name: hub}}
endpoints: [{addresses: [10.1.0.1], conditions: {ready: true}, targetRef: {kind: Pod, name: hub-7d9c}}]
"""


@pytest.mark.engine
@pytest.mark.parametrize("read", ["nodes", "persistentvolumes", "persistentvolumeclaims", "pods", "services"])
def test_nothing_passes_and_nobody_is_accused_on_the_strength_of_it(read: str) -> None:
    whole, report = look(Example(ADA).reader()), look(Filtered(ADA, read))

    assert whole.findings == ()
    assert [f.finding.says for f in report.findings] == []
    assert hushed(whole, report) == []
    assert unearned(report) == {}
    assert report.exit_code == 3
    [why] = {r.detail for r in report.coverage if r.query.read == read and r.state is ReadState.MALFORMED}
    assert why.startswith("the list came empty, but ")


@pytest.mark.engine
def test_a_bundle_of_it_says_the_same() -> None:
    recorder = Recorder(Filtered(ADA, "nodes"))
    live = look(recorder)
    kept = look(recorder.collected(HERE).reader())

    assert [(r.check.id, r.status, r.reason) for r in kept.results] == [
        (r.check.id, r.status, r.reason) for r in live.results
    ]
    assert CheckStatus.UNKNOWN in {r.status for r in live.results}


def given(read: str, *objects: dict[str, Any]) -> Answer:
    meta = {"namespace": "jhub"}
    whole = [{**o, "metadata": {**meta, **o["metadata"]}} for o in objects]
    return Answer(ReadState.OK, [convert(READS[read].type, o) for o in whole])


RUNS: dict[str, Any] = {
    "metadata": {"name": "hub-7d9c", "ownerReferences": [{"kind": "StatefulSet", "name": "db"}]},
    "spec": {"nodeName": "core-1", "volumes": [{"persistentVolumeClaim": {"claimName": "hub-db-dir"}}]},
    "status": {"phase": "Running"},
}
READY: dict[str, Any] = {
    "metadata": {"name": "hub"},
    "spec": {"template": {"metadata": {"labels": {"component": "hub"}}}},
    "status": {"readyReplicas": 1},
}
BOUND: dict[str, Any] = {"metadata": {"name": "c"}, "spec": {"volumeName": "pv-1"}, "status": {"phase": "Bound"}}
SLICE: dict[str, Any] = {"metadata": {"name": "hub-x", "labels": {"kubernetes.io/service-name": "hub"}}}
UNBOUND = {
    **RUNS,
    "status": {
        "phase": "Pending",
        "conditions": [
            {"type": "PodScheduled", "message": "0/2 nodes: pod has unbound immediate PersistentVolumeClaims."}
        ],
    },
}
ROWS = [
    (Query("persistentvolumeclaims", "jhub"), CORE, given("pods", UNBOUND)),
    (Query("nodes"), CORE, given("pods", RUNS)),
    (Query("persistentvolumeclaims", "jhub", survey=True), CORE, given("pods", RUNS)),
    (Query("statefulsets", "jhub"), CORE, given("pods", RUNS)),
    (
        Query("persistentvolumes", survey=True),
        Query("persistentvolumeclaims", "jhub"),
        given("persistentvolumeclaims", BOUND),
    ),
    (CORE, Query("deployments", "jhub"), given("deployments", READY)),
    (Query("services", "jhub"), Query("endpointslices", "jhub"), given("endpointslices", SLICE)),
]


@pytest.mark.parametrize(("query", "by", "answer"), ROWS)
def test_an_empty_list_of_what_is_named_is_contradicted(query: Query, by: Query, answer: Answer) -> None:
    assert set(contradicted({query: Answer(ReadState.OK, []), by: answer})) == {query}


WAITS = {**RUNS, "spec": {**RUNS["spec"], "nodeName": ""}, "status": {"phase": "Pending"}}
GOES = {**RUNS, "metadata": {**RUNS["metadata"], "deletionTimestamp": "2026-01-05T11:00:00Z"}}
NOT_READY = {**READY, "status": {"readyReplicas": 0}}
LOST = {**BOUND, "status": {"phase": "Lost"}}


@pytest.mark.parametrize(
    ("query", "by", "answer"),
    [
        (Query("nodes"), CORE, given("pods", WAITS, GOES)),
        (Query("persistentvolumeclaims", "jhub"), CORE, given("pods", WAITS, GOES)),
        (Query("persistentvolumeclaims", "other"), CORE, given("pods", RUNS)),
        (Query("persistentvolumeclaims", "jhub", fields="metadata.name=x"), CORE, given("pods", RUNS)),
        (Query("persistentvolumes"), Query("persistentvolumeclaims", "jhub"), given("persistentvolumeclaims", LOST)),
        (CORE, Query("deployments", "jhub"), given("deployments", NOT_READY)),
        (USERS, Query("deployments", "jhub"), given("deployments", READY)),
    ],
)
def test_what_may_be_missing_contradicts_no_list(query: Query, by: Query, answer: Answer) -> None:
    assert contradicted({query: Answer(ReadState.OK, []), by: answer}) == {}


def test_a_list_that_holds_something_or_was_not_read_is_not_judged() -> None:
    pods = {CORE: given("pods", RUNS)}
    node = Answer(ReadState.OK, [convert(READS["nodes"].type, {"metadata": {"name": "core-2"}})])

    assert contradicted({Query("nodes"): node, **pods}) == {}
    assert contradicted({Query("nodes"): Answer(ReadState.FORBIDDEN, []), **pods}) == {}
