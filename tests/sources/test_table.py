"""Tables as a real API server (1.36) sends them, and what is not well by them."""

import json

import pytest

from jhubdoctor.sources.decode import NotJSON
from jhubdoctor.sources.table import Table, read_table

PODS = ["Name", "Ready", "Status", "Restarts", "Age", "IP", "Node", "Nominated Node", "Readiness Gates"]
CLAIMS = ["Name", "Status", "Volume", "Capacity", "Access Modes", "StorageClass", "VolumeAttributesClass", "Age"]


def table(columns: list[str], *rows: list[object]) -> bytes:
    return json.dumps(
        {
            "kind": "Table",
            "apiVersion": "meta.k8s.io/v1",
            "columnDefinitions": [{"name": c, "type": "string"} for c in columns],
            "rows": [{"cells": r, "object": None} for r in rows],
        }
    ).encode()


@pytest.mark.parametrize(
    ("ready", "status", "restarts", "well"),
    [
        ("1/1", "Running", 0, True),
        ("2/2", "Running", "0", True),
        ("0/1", "Running", 0, False),
        ("1/1", "Running", 3, False),
        ("1/1", "Running", "3 (5m ago)", False),
        ("0/1", "Pending", 0, False),
        ("0/1", "Init:0/1", 0, False),
        ("0/1", "CrashLoopBackOff", "7 (1m ago)", False),
        ("1/1", "Terminating", 0, False),
        ("0/1", "Completed", 0, False),
        ("", "Running", 0, False),
    ],
)
def test_a_pod_is_well_that_runs_is_ready_and_never_restarted(
    ready: str, status: str, restarts: object, well: bool
) -> None:
    found = read_table("pods", table(PODS, ["jupyter-ada", ready, status, restarts, "5m", "10.0.0.1", "user-1"]))

    assert found is not None
    assert found.count == 1
    assert found.unwell == (() if well else ("jupyter-ada",))


@pytest.mark.parametrize(("status", "well"), [("Bound", True), ("Pending", False), ("Lost", False), ("", False)])
def test_a_claim_is_well_that_is_bound(status: str, well: bool) -> None:
    found = read_table("persistentvolumeclaims", table(CLAIMS, ["claim-ada", status]))

    assert found is not None
    assert (found.unwell == ()) is well


VOLUMES = ["Name", "Capacity", "Access Modes", "Reclaim Policy", "Status", "Claim", "StorageClass", "Reason", "Age"]


@pytest.mark.parametrize(
    ("status", "well"), [("Bound", True), ("Available", True), ("Released", True), ("Failed", False), ("", False)]
)
def test_a_volume_is_well_that_is_in_use_free_or_left_over(status: str, well: bool) -> None:
    row: list[object] = ["pv-ada", "10Gi", "RWO", "Retain", status, "jhub/claim-ada", "standard", "", "5m"]
    found = read_table("persistentvolumes", table(VOLUMES, row))

    assert found is not None
    assert (found.unwell == ()) is well


@pytest.mark.parametrize(
    ("desired", "ready", "well"), [(3, 3, True), (0, 0, True), (3, 2, False), ("3", "3", True), (3, "", False)]
)
def test_a_daemon_set_is_well_that_is_ready_wherever_it_belongs(desired: object, ready: object, well: bool) -> None:
    columns = ["Name", "Desired", "Current", "Ready", "Up-to-date", "Available", "Node Selector", "Age"]
    found = read_table("daemonsets", table(columns, ["kube-proxy", desired, 3, ready, 3, 3, "<none>", "5d"]))

    assert found is not None
    assert (found.unwell == ()) is well


def test_a_column_that_is_not_there_makes_nothing_well() -> None:
    found = read_table("pods", table(["Name", "Age"], ["jupyter-ada", "5m"]))

    assert found is not None
    assert found.unwell == ("jupyter-ada",)


@pytest.mark.parametrize("columns", [["Age", "Status"], ["Status", "Name"]])
def test_a_row_without_a_name_is_not_taken_for_one_that_is_well(columns: list[str]) -> None:
    with pytest.raises(NotJSON, match="without a name"):
        read_table("pods", table(columns, ["Running"]))


def test_a_table_says_whether_another_page_follows_it() -> None:
    page = b'{"kind": "Table", "metadata": {"continue": "abc"}, "columnDefinitions": [], "rows": []}'
    found = read_table("pods", page)

    assert found is not None
    assert found.following == "abc"
    assert read_table("pods", page.replace(b'{"continue": "abc"}', b"null")) == Table(0, ())


def test_a_list_is_no_table() -> None:
    assert read_table("pods", b'{"kind": "PodList", "items": []}') is None


@pytest.mark.parametrize("body", [b"<html>", b"", b'{"kind": "Table", "rows": 7}', b'{"kind": "Table", "rows": [{'])
def test_what_is_no_json_of_that_shape_is_refused(body: bytes) -> None:
    with pytest.raises(NotJSON):
        read_table("pods", body)
