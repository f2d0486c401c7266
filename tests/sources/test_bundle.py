"""The same doctor without the cluster: bundles, dumps of other tools, and what changed between two of them."""

from __future__ import annotations

import gzip
import io
import json
import random
import tarfile
from collections.abc import Callable, Iterator
from dataclasses import replace
from datetime import UTC, datetime
from importlib import resources
from pathlib import Path
from typing import Any

import jsonschema
import pytest
import yaml
from click.testing import CliRunner, Result

from jhubdoctor.commands.group import cli
from jhubdoctor.engine.result import CheckStatus, Report
from jhubdoctor.model.errors import DoctorError
from jhubdoctor.model.hub import Scope
from jhubdoctor.report import FORMATS, formatter
from jhubdoctor.report.schemas import schema
from jhubdoctor.sources import bundle
from jhubdoctor.sources.kept import Collected, KeptReader, Recorder
from jhubdoctor.sources.live import LiveReader
from jhubdoctor.sources.reader import Reader
from jhubdoctor.sources.reads import READS, Query, ReadState
from jhubdoctor.testing import Example, judged, registry
from tests.fakeapi import FakeAPI
from tests.honesty import unearned
from tests.sources.test_recordings import RECORDINGS, served

HERE = Scope(default_namespace="jhub")
DEMO = resources.files("jhubdoctor.example").joinpath("demo.yaml").read_text(encoding="utf-8")


def report_of(reader: Reader, scope: Scope = HERE) -> Report:
    return judged(registry(), registry().select(), reader, scope)


def taken(reader: Reader, scope: Scope = HERE) -> tuple[Report, Collected]:
    recorder = Recorder(reader)
    report = report_of(recorder, scope)
    return report, recorder.collected(scope)


def through_a_file(kept: Collected) -> KeptReader:
    reader = bundle.loads(io.BytesIO(bundle.dumps(kept)), "b.tar.gz").reader()
    assert isinstance(reader, KeptReader)
    return reader


def plain(report: Report) -> dict[str, str]:
    """All formats, but for where the answers come from and how long it took."""
    results = tuple(replace(r, duration=0.0) for r in report.results)
    same = replace(report, source="somewhere", duration=0.0, requests=0, bytes_read=0, results=results)
    return {name: formatter(name)(same) for name in FORMATS}


def statuses(report: Report) -> dict[tuple[str, str], CheckStatus]:
    return {(r.check.id, r.hub.label if r.hub else ""): r.status for r in report.results}


# --- the same as live ------------------------------------------------------------------------------------------------

CLUSTERS = {
    "healthy": "",
    "demo": DEMO,
    "two hubs": (
        "kind: Deployment\nmetadata: {name: hub, namespace: other, labels: {component: hub, release: b, "
        "chart: jupyterhub-3.3.8}}\nspec: {template: {spec: {containers: [{name: hub, image: k8s-hub:3.3.8}]}}}"
    ),
}


@pytest.mark.parametrize("faults", [{}, {"secrets": "403", "nodes": "500", "pods/log": "404"}, {"deployments": "bare"}],
                         ids=["all read", "some refused", "odd objects"])  # fmt: skip
@pytest.mark.parametrize("scope", [HERE, Scope(all_namespaces=True), Scope("jhub", release="jhub")], ids=str)
@pytest.mark.parametrize("cluster", CLUSTERS.values(), ids=CLUSTERS.keys())
def test_a_bundle_gives_what_the_live_run_gave_byte_for_byte(
    cluster: str, scope: Scope, faults: dict[str, str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("jhubdoctor.sources.live.BACKOFF", 0.001)
    with FakeAPI(Example(cluster), faults=faults).serve() as api:
        live = LiveReader(api.kubeconfig(tmp_path), timeout=30)
        live.connect()
        report, kept = taken(live, scope)
    offline = through_a_file(kept)
    again = report_of(offline, offline.scope)

    assert len(report.results) > 60
    assert (again.source, again.exit_code, again.verdict) == ("bundle", report.exit_code, report.verdict)
    assert plain(again) == plain(report)


@pytest.mark.parametrize("recording", RECORDINGS)
def test_a_bundle_of_a_real_api_server_gives_the_same_report(recording: Path) -> None:
    with served(recording) as kubeconfig:
        live = LiveReader(kubeconfig, timeout=30)
        live.connect()
        report, kept = taken(live, Scope(default_namespace=live.namespace))
    offline = through_a_file(kept)

    assert plain(report_of(offline, offline.scope)) == plain(report)


def test_the_same_answers_give_the_same_bytes() -> None:
    _, kept = taken(Example(DEMO).reader())
    shuffled = dict(random.Random(3).sample(list(kept.answers.items()), len(kept.answers)))

    body = bundle.dumps(kept)
    assert bundle.dumps(Collected(shuffled, kept.taken_at, kept.context, kept.namespace, kept.scope)) == body
    # what was read from a bundle makes the same bundle again
    again = bundle.loads(io.BytesIO(body), "b")
    assert bundle.dumps(again) == body


def test_its_files_can_be_read_by_people_and_by_tar() -> None:
    _, kept = taken(Example(DEMO).reader())

    with tarfile.open(fileobj=io.BytesIO(bundle.dumps(kept))) as archive:
        files = {m.name: json.loads(archive.extractfile(m).read()) for m in archive}  # type: ignore[union-attr]

    manifest = files.pop("manifest.json")
    assert manifest["schema"] == "jhubdoctor-bundle-v1"
    assert manifest["answers"] == len(files) == len(kept.answers)
    assert manifest["taken_at"] == "2026-01-05T12:00:00Z"
    assert all(set(f) == {"query", "state", "detail", "asked", "left_out", "surveyed", "items", "text"}
               for f in files.values())  # fmt: skip


def test_what_the_first_release_wrote_is_read() -> None:
    """Its keys, and what of them may be missing, as docs/bundles.md tells them."""
    manifest = {"schema": "jhubdoctor-bundle-v1", "taken_at": "2026-01-05T12:00:00Z", "answers": 4}
    quiet = {"state": "forbidden", "detail": "HTTP 403", "items": [], "text": "", "left_out": 0, "surveyed": 0}
    files: dict[str, Any] = {
        "manifest.json": manifest | {"scope": {"namespace": "jhub", "all_namespaces": False, "release": None}},
        "answers/0001-pods.json": {"query": {"read": "pods", "namespace": "jhub", "labels": "component!=x"}} | quiet,
        "answers/0002-nodes.json": {"query": {"read": "nodes"}, "state": "ok", "items": [{"metadata": {"name": "n"}}]},
        "answers/0003-dragons.json": {"query": {"read": "dragons"}, "state": "ok"},
        "answers/0004-pods.json": {"query": {"read": "pods"}, "state": "asleep"},
    }
    kept = bundle.loads(rewritten(lambda _: files), "b")

    assert kept.scope == Scope("jhub")
    assert {q: a.state for q, a in kept.answers.items()} == {
        Query("pods", "jhub", labels="component!=x"): ReadState.FORBIDDEN,
        Query("nodes"): ReadState.OK,
    }
    assert [n.name for n in kept.answers[Query("nodes")].items] == ["n"]


def test_what_was_not_asked_for_is_unknown_and_not_absent() -> None:
    recorder = Recorder(Example("").reader())
    judged(registry(), registry().select(["node"]), recorder, HERE)
    offline = through_a_file(recorder.collected(HERE))

    report = report_of(offline)
    states = {r.check.id: r.status for r in report.results}
    assert unearned(report) == {}
    assert states["httproute-not-accepted"] is CheckStatus.UNKNOWN
    assert states["quota-exhausted"] is CheckStatus.UNKNOWN
    assert offline.answer(Query("httproutes", "jhub")).state is ReadState.ABSENT


# --- refusals --------------------------------------------------------------------------------------------------------


def rewritten(change: Callable[[dict[str, Any]], dict[str, Any]]) -> io.BytesIO:
    """A good bundle with its files changed."""
    _, kept = taken(Example(DEMO).reader())
    out = io.BytesIO()
    with tarfile.open(fileobj=io.BytesIO(bundle.dumps(kept))) as old:
        files: dict[str, Any] = {m.name: json.loads(old.extractfile(m).read()) for m in old}  # type: ignore[union-attr]
    with tarfile.open(fileobj=out, mode="w:gz") as new:
        for name, content in change(files).items():
            body = content if isinstance(content, bytes) else json.dumps(content).encode()
            info = tarfile.TarInfo(name)
            info.size = len(body)
            new.addfile(info, io.BytesIO(body))
    out.seek(0)
    return out


def with_manifest(**changed: Any) -> Callable[[dict[str, Any]], dict[str, Any]]:
    return lambda files: {**files, "manifest.json": {**files["manifest.json"], **changed}}


@pytest.mark.parametrize(
    ("change", "says"),
    [
        (with_manifest(schema="jhubdoctor-bundle-v2"), "newer format (jhubdoctor-bundle-v2)"),
        (with_manifest(schema="jhubdoctor-bundle-v17"), "newer format"),
        (with_manifest(schema="something-else"), "no bundle of jhubdoctor"),
        (with_manifest(taken_at="0001-01-01T00:00:00+14:00"), "nobody took it in 1"),
        (with_manifest(taken_at="9999-12-31T23:59:59-14:00"), "nobody took it in 9999"),
        (with_manifest(schema=None), "no bundle of jhubdoctor"),
        (with_manifest(taken_at="yesterday"), "manifest"),
        (with_manifest(answers="many"), "manifest"),
        (with_manifest(answers=99999), "not whole"),
        (lambda files: {**files, "manifest.json": b"[1]"}, "no bundle of jhubdoctor"),
        (lambda files: {**files, "manifest.json": b"{"}, "manifest"),
        (lambda files: {**files, "manifest.json": b"[" * 100_000}, "manifest"),
        (lambda files: {k: v for k, v in files.items() if "0003" not in k}, "not whole"),
        (lambda files: {k: v for k, v in files.items() if k != "manifest.json"}, "no bundle of jhubdoctor"),
    ],
)
def test_what_is_no_bundle_of_ours_is_refused_with_a_sentence(change: Any, says: str) -> None:
    with pytest.raises(DoctorError) as e:
        bundle.loads(rewritten(change), "b.tar.gz")

    assert says in e.value.what
    assert e.value.next_step


def test_a_newer_format_is_refused_before_anything_of_it_is_understood(tmp_path: Path) -> None:
    newer = {"manifest.json": {"schema": "jhubdoctor-bundle-v2", "everything": "is different"}}
    (tmp_path / "new.tar.gz").write_bytes(rewritten(lambda _: newer).getvalue())

    result = CliRunner().invoke(cli, ["run", "--from", str(tmp_path / "new.tar.gz")])

    assert result.exit_code == 3
    assert "newer format" in result.stderr
    assert "Update jhubdoctor" in result.stderr


def leaves(value: Any, path: tuple[Any, ...] = ()) -> Iterator[tuple[Any, ...]]:
    yield path
    if isinstance(value, dict):
        for k in value:
            yield from leaves(value[k], (*path, k))
    elif isinstance(value, list):
        for i, v in enumerate(value):
            yield from leaves(v, (*path, i))


def damaged(document: Any, rng: random.Random) -> Any:
    """The document with one part, anywhere, replaced by something else."""
    path = rng.choice(list(leaves(document)))
    odd = rng.choice([None, [], {}, "x", "\x1b]0;x\x07", -1, 10**30, True, [None], {"a": None}, "9" * 400, 1.5])
    if not path:
        return odd
    copy = json.loads(json.dumps(document))
    at = copy
    for part in path[:-1]:
        at = at[part]
    at[path[-1]] = odd
    return copy


@pytest.mark.parametrize("seed", range(40))
def test_no_bundle_however_odd_crashes_a_check(seed: int) -> None:
    rng = random.Random(seed)

    def change(files: dict[str, Any]) -> dict[str, Any]:
        return {k: damaged(v, rng) if k != "manifest.json" else v for k, v in files.items()}

    offline = bundle.loads(rewritten(change), "b").reader()
    report = report_of(offline)

    assert [r.reason for r in report.results if r.status is CheckStatus.BROKEN] == []
    for name in FORMATS:
        assert "\x1b" not in formatter(name)(report)


# --- dumps of other tools --------------------------------------------------------------------------------------------

BROKEN = """
kind: Pod
metadata: {name: jupyter-ada, labels: {component: singleuser-server}, creationTimestamp: -30m}
spec: {containers: [{name: notebook, image: "quay.io/x/y:1"}], nodeName: user-1}
status:
  phase: Pending
  containerStatuses:
    - name: notebook
      state: {waiting: {reason: ImagePullBackOff, message: 'Back-off pulling image "quay.io/x/y:1"'}}
---
kind: Event
involvedObject: {kind: Pod, name: jupyter-ada}
reason: Failed
type: Warning
message: 'Failed to pull image "quay.io/x/y:1": manifest unknown'
lastTimestamp: -2m
"""
LISTS = {
    "events": "Event", "services": "Service", "daemonsets": "DaemonSet", "deployments": "Deployment",
    "replicasets": "ReplicaSet", "pods": "Pod",
}  # fmt: skip


def objects_of(example: Example) -> dict[str, list[dict[str, Any]]]:
    found: dict[str, list[dict[str, Any]]] = example.reader()._objects
    return found


def cluster_info_dump(example: Example, place: Path, form: str = "json") -> Path:
    """As `kubectl cluster-info dump --output-directory` writes it."""
    write = json.dumps if form == "json" else yaml.safe_dump
    reader = example.reader()
    objects = objects_of(example)
    place.mkdir(parents=True, exist_ok=True)
    (place / f"nodes.{form}").write_text(write({"kind": "NodeList", "items": objects["nodes"]}), encoding="utf-8")
    for namespace in ("kube-system", "jhub"):
        (place / namespace).mkdir()
        for stem, kind in LISTS.items():
            items = [o for o in objects.get(stem, []) if o["metadata"].get("namespace") == namespace]
            body = write({"kind": f"{kind}List", "apiVersion": "v1", "items": items})
            (place / namespace / f"{stem}.{form}").write_text(body, encoding="utf-8")
    for pod in objects["pods"]:
        folder = place / "jhub" / pod["metadata"]["name"]
        folder.mkdir()
        text = ""
        for c in pod["spec"]["containers"]:
            where = f"logs for container {c['name']} of pod jhub/{pod['metadata']['name']} ====\n"
            log = reader._logs.get(f"jhub/{pod['metadata']['name']}/{c['name']}", "")
            text += f"==== START {where}{log}==== END {where}"
        (folder / "logs.txt").write_text(text, encoding="utf-8")
    return place


def troubleshoot(example: Example, place: Path, *, bare: bool = False) -> Path:
    """As troubleshoot.sh writes it: lists, or before 0.40 bare arrays of objects without a kind."""
    root = place / "support-bundle-2026" / "cluster-resources"
    names = {"persistentvolumeclaims": "pvcs", "persistentvolumes": "pvs", "storageclasses": "storage-classes",
             "networkpolicies": "network-policy", "ingresses": "ingress"}  # fmt: skip
    for resource, found in objects_of(example).items():
        folder = names.get(resource, resource)
        if resource in {"secrets", "configmaps", "csidrivers"}:
            continue
        read = next(r for r in READS.values() if r.resource == resource)
        items = [{k: v for k, v in o.items() if k != "kind"} if bare else o for o in found]
        body = json.dumps(items if bare else {"kind": f"{found[0]['kind']}List", "items": items})
        path = root / folder / "jhub.json" if read.namespaced else root / f"{folder}.json"
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(body, encoding="utf-8")
    for key, log in example.reader()._logs.items():
        namespace, pod, container = key.split("/")[:3]
        path = root / "pods" / "logs" / namespace / pod / f"{container}.log"
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(log, encoding="utf-8")
    version = root.parent / "cluster-info" / "cluster_version.json"
    version.parent.mkdir()
    version.write_text(json.dumps({"info": {"gitVersion": "v1.33.4"}, "string": "v1.33.4"}), encoding="utf-8")
    return place / "support-bundle-2026"


def packed(folder: Path, place: Path, *, top: str = "dump") -> Path:
    with tarfile.open(place, "w:gz") as archive:
        archive.add(folder, arcname=top)
    return place


def offline_report(path: Path) -> Report:
    reader = bundle.open_reader(str(path))
    return report_of(reader, Scope(default_namespace=reader.namespace))


def judge_dump(report: Report, whole: Report) -> None:
    """It finds what the whole cluster would show, and passes nothing that it could not look at."""
    missing = {row.query.read for row in report.coverage if row.state is not ReadState.OK}
    assert not [r.reason for r in report.results if r.status is CheckStatus.BROKEN]
    assert {"secrets", "livez"} <= missing
    assert unearned(report) == {}
    found = {f.check.id for f in report.findings}
    assert "image-pull-failed" in found
    assert found <= {f.check.id for f in whole.findings}
    assert report.source == "bundle"


@pytest.mark.parametrize("form", ["json", "yaml"])
@pytest.mark.parametrize("as_archive", [False, True])
def test_the_dump_of_kubectl_is_read_as_far_as_it_goes(form: str, as_archive: bool, tmp_path: Path) -> None:
    example = Example(BROKEN)
    place = cluster_info_dump(example, tmp_path / "dump", form)
    report = offline_report(packed(place, tmp_path / "d.tgz") if as_archive else place)

    judge_dump(report, report_of(example.reader()))
    assert report.started_at == datetime(2026, 1, 5, 11, 58, tzinfo=UTC), "the newest time in it"
    assert {r.status for r in report.results if r.check.id == "hub-oom-killed"} == {CheckStatus.OK}
    assert {r.status for r in report.results if r.check.id == "hub-volume-pending"} == {CheckStatus.UNKNOWN}
    assert any(row.query.read == "pods/log" and row.state is ReadState.OK for row in report.coverage)


@pytest.mark.parametrize("bare", [False, True])
@pytest.mark.parametrize("as_archive", [False, True])
def test_a_support_bundle_is_read_as_far_as_it_goes(bare: bool, as_archive: bool, tmp_path: Path) -> None:
    example = Example(BROKEN)
    place = troubleshoot(example, tmp_path / "t", bare=bare)
    report = offline_report(packed(place, tmp_path / "d.tgz", top="support-bundle-2026") if as_archive else place)

    judge_dump(report, report_of(example.reader()))
    assert report.server_version == "v1.33.4"
    assert {r.status for r in report.results if r.check.id == "hub-volume-pending"} == {CheckStatus.OK}


def test_a_page_of_a_list_is_not_taken_for_the_list(tmp_path: Path) -> None:
    for place in (cluster_info_dump(Example(BROKEN), tmp_path / "dump"), troubleshoot(Example(BROKEN), tmp_path / "t")):
        pages = [
            p for p in place.rglob("*") if p.name in {"pods.json", "pvcs.json"} or p.parent.name in {"pods", "pvcs"}
        ]
        for path in (p for p in pages if p.suffix == ".json"):
            held = json.loads(path.read_text(encoding="utf-8"))
            path.write_text(json.dumps({**held, "metadata": {"continue": "more"}}), encoding="utf-8")
        report = offline_report(place)

        assert "ok" not in {r.status.value for r in report.results if r.check.id == "hub-oom-killed"}, place


def as_list(objects: list[dict[str, Any]]) -> str:
    return json.dumps({"apiVersion": "v1", "kind": "List", "items": objects})


FILES: dict[str, Callable[[list[dict[str, Any]]], str]] = {
    "a List as JSON": as_list,
    "a List as YAML": lambda o: yaml.safe_dump({"apiVersion": "v1", "kind": "List", "items": o}),
    "a stream of YAML": yaml.safe_dump_all,
    "one JSON after the other": lambda o: "\n".join(json.dumps(x, indent=2) for x in o),
    "JSON with a mark before it": lambda o: "\ufeff" + as_list(o),
}


@pytest.mark.parametrize("write", FILES.values(), ids=FILES.keys())
@pytest.mark.parametrize("compressed", [False, True])
def test_a_file_of_kubectl_get_shows_its_faults_and_passes_nothing(
    write: Callable[[list[dict[str, Any]]], str], compressed: bool, tmp_path: Path
) -> None:
    example = Example(BROKEN)
    objects = [o for found in objects_of(example).values() for o in found if o["kind"] != "Secret"]
    body = write(objects).encode()
    path = tmp_path / "objects"
    path.write_bytes(gzip.compress(body) if compressed else body)

    report = offline_report(path)

    judge_dump(report, report_of(example.reader()))
    # the file may have been made with any selector
    assert {row.state for row in report.coverage if not row.query.name} <= {ReadState.TRUNCATED, ReadState.ABSENT}


def test_objects_can_come_from_standard_input() -> None:
    objects = [o for found in objects_of(Example(BROKEN)).values() for o in found]

    result = CliRunner().invoke(cli, ["run", "--from", "-", "-o", "json"], input=as_list(objects))

    report = json.loads(result.stdout)
    assert result.exit_code == 1
    assert "image-pull-failed" in {f["check"] for f in report["findings"]}
    assert "standard input is no bundle" in report["run"]["notices"][0]


@pytest.mark.parametrize("content", ["", "hello", "{}", "[]", "a: [", "\x00\x01", '{"kind": "Config"}', "{" * 100_000])
def test_a_file_that_says_nothing_is_refused_with_a_sentence(content: str, tmp_path: Path) -> None:
    (tmp_path / "f").write_text(content, encoding="utf-8")

    result = CliRunner().invoke(cli, ["run", "--from", str(tmp_path / "f")])

    assert result.exit_code == 2
    assert result.stdout == ""
    assert result.stderr.startswith("jhubdoctor: f ")
    assert result.stderr.count("\n") == 2


@pytest.mark.parametrize("content", ['{"items": ' * 20_000, "[" * 20_000 + "]" * 20_000, "- " * 3000])
def test_a_file_that_is_nested_without_end_is_called_so(content: str, tmp_path: Path) -> None:
    (tmp_path / "f").write_text(content, encoding="utf-8")

    assert "nested" in CliRunner().invoke(cli, ["run", "--from", str(tmp_path / "f")]).stderr


def test_a_file_that_is_not_there_is_wrong_usage() -> None:
    result = CliRunner().invoke(cli, ["run", "--from", "/nowhere/x"])

    assert result.exit_code == 2
    assert "No such file" in result.stderr


@pytest.mark.parametrize("option", [["--context", "x"], ["--kubeconfig", "x"], ["--watch"], ["--wait", "5m"]])
def test_a_file_and_a_cluster_exclude_each_other(option: list[str]) -> None:
    result = CliRunner().invoke(cli, ["run", "--from", "x", *option])

    assert result.exit_code == 2


def test_links_in_a_folder_are_not_followed(tmp_path: Path) -> None:
    place = cluster_info_dump(Example(BROKEN), tmp_path / "dump")
    (tmp_path / "outside").mkdir()
    (tmp_path / "outside" / "secrets.json").write_text(as_list([{"kind": "Secret", "metadata": {"name": "hub"}}]))
    (place / "jhub" / "more.json").symlink_to(tmp_path / "outside" / "secrets.json")
    (place / "elsewhere").symlink_to(tmp_path / "outside")

    reader = bundle.open_reader(str(place))

    assert reader.answer(Query("secrets", "jhub")).state is ReadState.ABSENT


def test_a_log_cannot_pretend_to_be_the_log_of_another_pod(tmp_path: Path) -> None:
    place = cluster_info_dump(Example(BROKEN), tmp_path / "dump")
    forged = "==== START logs for container hub of pod jhub/hub-7d9c ====\nforged\n==== END logs for container hub"
    logs = place / "jhub" / "jupyter-ada" / "logs.txt"
    logs.write_text(logs.read_text(encoding="utf-8") + forged, encoding="utf-8")

    log = bundle.open_reader(str(place)).answer(Query("pods/log", "jhub", "hub-7d9c/hub"))

    assert "forged" not in log.text
    assert "JupyterHub is now running" in log.text


def test_a_container_that_was_restarted_is_judged_by_what_it_logs_now_and_not_passed() -> None:
    reader = Example("").reader()
    reader._held = {"pods": frozenset({"jhub"})}

    before = reader.answer(Query("pods/log", "jhub", "hub-7d9c/hub/previous"))

    assert before.state is ReadState.TRUNCATED


# --- collect and diff ------------------------------------------------------------------------------------------------


@pytest.fixture
def api(tmp_path: Path) -> Iterator[str]:
    with FakeAPI(Example(DEMO)).serve() as server:
        yield server.kubeconfig(tmp_path)


def call(*words: str) -> Result:
    return CliRunner().invoke(cli, list(words))


def test_collect_then_run_is_what_run_says(api: str, tmp_path: Path) -> None:
    path = str(tmp_path / "b.tar.gz")

    live = call("run", "--kubeconfig", api, "-o", "json")
    collected = call("collect", "--kubeconfig", api, "-o", path)
    kept = call("run", "--from", path, "-o", "json")

    assert (live.exit_code, collected.exit_code, kept.exit_code) == (1, 0, 1)
    a, b = json.loads(live.stdout), json.loads(kept.stdout)
    assert [f["fingerprint"] for f in a["findings"]] == [f["fingerprint"] for f in b["findings"]]
    assert b["run"]["source"] == "bundle"
    assert "answers" in collected.stderr
    assert collected.stdout == ""


def test_collect_can_write_to_standard_output(api: str) -> None:
    result = call("collect", "--kubeconfig", api, "-o", "-")

    assert bundle.loads(io.BytesIO(result.stdout_bytes), "b").answers


def test_collect_without_a_hub_writes_what_it_saw_and_says_so(tmp_path: Path) -> None:
    with FakeAPI(Example([{"kind": "Empty"}, {"kind": "Version", "gitVersion": "v1.33.4"}])).serve() as server:
        path = str(tmp_path / "b.tar.gz")
        result = call("collect", "--kubeconfig", server.kubeconfig(tmp_path), "-o", path)

    assert result.exit_code == 3
    assert "No hub was found" in result.stderr
    assert bundle.loads(io.BytesIO(Path(path).read_bytes()), "b").answers


FULL = """
kind: Node
metadata: {name: user-1}
status:
  conditions: [{type: Ready, status: "False", reason: KubeletNotReady, lastTransitionTime: -30m}]
"""


def bundled(text: str, place: Path) -> str:
    _, kept = taken(Example(text).reader())
    place.write_bytes(bundle.dumps(kept))
    return str(place)


def test_diff_tells_new_gone_and_unchanged(tmp_path: Path) -> None:
    a, b = bundled(BROKEN, tmp_path / "a"), bundled(BROKEN + "---" + FULL, tmp_path / "b")

    forth, back, same = (call("diff", x, y, "-o", "json") for x, y in ((a, b), (b, a), (a, a)))

    found = json.loads(forth.stdout)
    for result in (forth, back, same):
        jsonschema.Draft202012Validator(json.loads(schema("diff"))).validate(json.loads(result.stdout))
    assert "node-not-ready" in {f["check"] for f in found["new"]}
    assert "image-pull-failed" in {f["check"] for f in found["unchanged"]}
    assert forth.exit_code == 1
    assert "node-not-ready" in {f["check"] for f in json.loads(back.stdout)["gone"]}
    assert back.exit_code == 0
    assert json.loads(same.stdout)["summary"]["new"] == 0
    assert same.exit_code == 0


def test_a_list_that_need_not_hold_all_tells_of_the_hub_that_it_holds() -> None:
    kinds = {"Deployment", "Pod", "Service", "Event"}
    items = [o for found in Example("").reader()._objects.values() for o in found if o["kind"] in kinds]
    found = json.loads(
        CliRunner()
        .invoke(cli, ["run", "--from", "-", "-o", "json"], input=json.dumps({"kind": "List", "items": items}))
        .stdout
    )

    assert found["verdict"] == "unknown"
    assert found["findings"] == []
    per_hub = [c for c in found["checks"] if c["hub"] == "jhub/jhub"]
    assert len(per_hub) > 60
    assert not {c["id"] for c in per_hub} & {c["id"] for c in found["checks"] if c["hub"] is None}


def test_what_nobody_knows_is_as_the_schema_says(tmp_path: Path) -> None:
    a, b = bundled(BROKEN, tmp_path / "a"), bundled(BROKEN + "---\nkind: Missing\nread: pods", tmp_path / "b")
    found = json.loads(call("diff", a, b, "-o", "json").stdout)

    jsonschema.Draft202012Validator(json.loads(schema("diff"))).validate(found)
    assert {f["could_not_look"] for f in found["unclear"]} == {"b"}


def upgraded(*arguments: str) -> tuple[int, Any, Any, Any]:
    """Without the words: the two were looked at a second apart."""
    result = call("upgrade", "--to-kubernetes", "1.37", "--to-chart", "4.4.0", "-o", "json", *arguments)
    found = json.loads(result.stdout)
    jsonschema.Draft202012Validator(json.loads(schema("upgrade"))).validate(found)
    findings = [f["fingerprint"] for f in found["report"]["findings"]]
    checks = [(c["id"], c["hub"], c["status"], c["reason"]) for c in found["report"]["checks"]]
    return result.exit_code, found["plans"], checks, findings


@pytest.mark.parametrize("recording", RECORDINGS[:4])
def test_an_upgrade_is_told_from_a_bundle_as_from_the_cluster(recording: Path, tmp_path: Path) -> None:
    kept = str(tmp_path / "b.tar.gz")
    with served(recording) as kubeconfig:
        call("collect", "--kubeconfig", kubeconfig, "-o", kept)
        live = upgraded("--kubeconfig", kubeconfig)

    assert live[1]
    assert upgraded("--from", kept) == live


@pytest.mark.parametrize("words", [["run"], ["upgrade", "--to-kubernetes", "1.37"], ["run", "--redact-users"]])
def test_no_name_is_no_file(words: list[str]) -> None:
    """As where the variable of a script is empty: neither this folder nor a cluster is meant."""
    result = call(*words, "--from", "")

    assert result.exit_code == 2
    assert "names no file" in result.stderr


@pytest.mark.parametrize("more", [["--offline", "-f", "x"], ["--kubeconfig", "x"], ["--context", "x"]])
def test_an_upgrade_looks_at_a_file_or_at_a_cluster(more: list[str]) -> None:
    result = call("upgrade", "--from", "x", "--to-chart", "4.4.0", *more)

    assert result.exit_code == 2
    assert "not at a cluster" in result.stderr


def test_diff_of_reports_is_that_of_the_bundles(tmp_path: Path) -> None:
    a, b = bundled(BROKEN, tmp_path / "a"), bundled(BROKEN + "---" + FULL, tmp_path / "b")
    for path in (a, b):
        call("run", "--from", path, "-o", f"json={path}.json")

    bundles, reports = call("diff", a, b, "-o", "json"), call("diff", f"{a}.json", f"{b}.json", "-o", "json")
    mixed = call("diff", a, f"{b}.json")

    one, two = json.loads(bundles.stdout), json.loads(reports.stdout)
    assert one["new"] == two["new"]
    assert one["summary"] == two["summary"]
    assert mixed.exit_code == 1
    assert "New (" in mixed.stdout


def test_what_one_side_could_not_see_is_neither_new_nor_gone(tmp_path: Path) -> None:
    blind = "kind: Missing\nread: nodes\n---\n"
    a, b = bundled(FULL, tmp_path / "a"), bundled(blind + FULL, tmp_path / "b")

    forth, back = call("diff", a, b, "-o", "json"), call("diff", b, a, "-o", "json")

    for result, letter in ((forth, "b"), (back, "a")):
        found = json.loads(result.stdout)
        unclear = {f["check"]: f["could_not_look"] for f in found["unclear"]}
        assert unclear["node-not-ready"] == letter
        assert "node-not-ready" not in {f["check"] for f in found["new"] + found["gone"]}
        assert result.exit_code == 3
    assert "its check could not look in B" in call("diff", a, b).stdout
    assert call("diff", a, b, "--accept-unknown").exit_code == 0


@pytest.mark.parametrize(("searched", "state"), [(None, "gone"), ("jhub", "unclear"), ("other", "gone")])
def test_what_a_hub_had_is_gone_only_where_that_hub_was_searched_for(
    tmp_path: Path, searched: str | None, state: str
) -> None:
    a, b = str(tmp_path / "a.json"), str(tmp_path / "b.json")
    call("run", "--from", bundled(FULL, tmp_path / "bundle"), "-o", f"json={a}")
    report = json.loads(Path(a).read_text())
    assert report["run"]["searched"] == {"namespace": "jhub", "release": None}
    report["run"]["searched"]["namespace"] = searched
    Path(b).write_text(json.dumps(report))
    one = next(f for f in report["findings"] if f["hub"])
    Path(a).write_text(json.dumps(report | {"findings": [one | {"hub": "other/other", "fingerprint": "0" * 16}]}))

    found = json.loads(call("diff", a, b, "-o", "json").stdout)

    assert [f["hub"] for f in found[state] if f["hub"] == "other/other"] == ["other/other"]


def test_two_that_saw_nothing_do_not_say_that_nothing_is_new(tmp_path: Path) -> None:
    one = bundled("kind: Missing\nread: nodes", tmp_path / "a")

    result = call("diff", one, one, "-o", "json")

    found = json.loads(result.stdout)
    jsonschema.Draft202012Validator(json.loads(schema("diff"))).validate(found)
    assert (found["new"], found["unclear"], result.exit_code) == ([], [], 3)
    assert "forbidden" in {b["check"]: b["reason"] for b in found["blind"]}["node-not-ready"]
    assert "nobody knows what is new, for they could not look in B" in call("diff", one, one).stdout
    assert call("diff", one, one, "--accept-unknown").exit_code == 0


@pytest.mark.parametrize(
    ("content", "says"),
    [
        ('{"schema": "jhubdoctor-report-v2"}', "newer format"),
        ('{"schema": "jhubdoctor-report-v1"}', "no JSON report"),
        ('{"schema": "jhubdoctor-report-v1", "findings": [3]}', "no JSON report"),
        ('{"schema": "jhubdoctor-report-v1", "findings": {}, "checks": 1}', "no JSON report"),
    ],
)
def test_diff_refuses_what_is_no_report(content: str, says: str, tmp_path: Path) -> None:
    (tmp_path / "r.json").write_text(content, encoding="utf-8")

    result = call("diff", str(tmp_path / "r.json"), str(tmp_path / "r.json"))

    assert result.exit_code == 3
    assert says in result.stderr


def test_a_report_of_a_stranger_cannot_move_the_terminal(tmp_path: Path) -> None:
    path = bundled(BROKEN, tmp_path / "a")
    report = json.loads(call("run", "--from", path, "-o", "json").stdout)
    for f in report["findings"]:
        f["message"] = "\x1b]0;owned\x07\x1b[31m\u202edlrow"
        f["check"] = "x\x1b[2J"
    (tmp_path / "r.json").write_text(json.dumps(report), encoding="utf-8")

    for form in ("text", "json"):
        shown = call("diff", str(tmp_path / "r.json"), str(tmp_path / "r.json"), "-o", form).stdout
        assert "\x1b" not in shown
        assert "\u202e" not in shown
        assert "owned" not in shown


# --- shapes that no tool writes --------------------------------------------------------------------------------------

HUB = {"kind": "Deployment", "metadata": {"name": "hub", "namespace": "jhub", "labels": {"component": "hub"}}}
ODD: dict[str, Any] = {
    "kind": {"kind": {"a": 1}},
    "kinds": {"kind": ["Pod"]},
    "label": {"metadata": {"name": "hub", "labels": {"component": ["hub"]}}},
    "labels": {"metadata": {"name": "hub", "labels": ["component"]}},
    "metadata": {"metadata": "hub"},
    "long ago": {"metadata": {"name": "hub", "creationTimestamp": "0001-01-01T00:00:00+14:00"}},
    "never": {"metadata": {"name": "hub", "creationTimestamp": "9999-12-31T23:59:59-23:59"}},
    "namespace": {"metadata": {"name": "hub", "namespace": {"a": 1}, "labels": {"component": "hub"}}},
}


@pytest.mark.parametrize("odd", ODD.values(), ids=ODD)
def test_an_odd_object_in_a_dump_is_left_out_or_taken_as_it_is(odd: dict[str, Any], tmp_path: Path) -> None:
    path = tmp_path / "dump.json"
    path.write_text(json.dumps({"kind": "List", "items": [HUB, {**HUB, **odd}]}), encoding="utf-8")

    answer = bundle.open_reader(str(path)).answer(Query("deployments", "jhub"))

    assert "hub" in {d.name for d in answer.items}
