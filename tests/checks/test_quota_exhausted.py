"""How many more servers fit, and which quotas count them."""

from typing import Any

import pytest

from jhubdoctor.testing import Example, findings_of


def quota(hard: dict[str, str], used: dict[str, str], **spec: Any) -> dict[str, Any]:
    return {
        "kind": "ResourceQuota",
        "metadata": {"name": "q"},
        "spec": {"hard": hard, **spec},
        "status": {"hard": hard, "used": used},
    }


def values(**singleuser: Any) -> dict[str, Any]:
    return {"kind": "Values", "values": {"singleuser": singleuser}}


def says(*documents: dict[str, Any]) -> list[str]:
    return [f.finding.says for f in findings_of(Example(documents), "quota-exhausted")]


@pytest.mark.parametrize(
    ("resource", "hard", "used", "said"),
    [
        # the chart's guarantee is 1G, which KubeSpawner takes as 1024^3
        ("requests.memory", "10Gi", "7Gi", []),
        ("requests.memory", "10Gi", "8Gi", ["room for 2 more servers"]),
        ("memory", "10Gi", "9Gi", ["room for 1 more server ("]),
        ("memory", "10Gi", "9.5Gi", ["room for no other server"]),
        ("pods", "3", "3", ["room for no other server"]),
        ("count/pods", "3", "4", ["room for no other server"]),
        ("persistentvolumeclaims", "5", "5", ["room for no other user without a home"]),
        ("requests.storage", "100Gi", "85Gi", ["room for 1 more user without a home"]),
        # no limit is set, so it cannot be told how many fit; quota-needs-limits tells that none does
        ("limits.cpu", "4", "4", []),
        ("services", "1", "1", []),
    ],
)
def test_how_many_more(resource: str, hard: str, used: str, said: list[str]) -> None:
    found = says(quota({resource: hard}, {resource: used}))

    assert len(found) == len(said)
    for text, part in zip(found, said, strict=True):
        assert part in text


@pytest.mark.parametrize(
    ("scopes", "counts"),
    [
        ({}, True),
        ({"scopes": ["NotTerminating"]}, True),
        ({"scopes": ["NotBestEffort"]}, True),
        ({"scopes": ["Terminating"]}, False),
        ({"scopes": ["BestEffort"]}, False),
        (
            {
                "scopeSelector": {
                    "matchExpressions": [{"scopeName": "PriorityClass", "operator": "In", "values": ["x"]}]
                }
            },
            False,
        ),
    ],
)
def test_scopes(scopes: dict[str, Any], counts: bool) -> None:
    assert bool(says(quota({"pods": "3"}, {"pods": "3"}, **scopes))) is counts


def test_a_tenth_of_many_is_few() -> None:
    pods = [
        {"kind": "Pod", "metadata": {"name": f"jupyter-{i}", "labels": {"component": "singleuser-server"}}}
        for i in range(50)
    ]

    assert says(*pods, quota({"pods": "60"}, {"pods": "55"}))
    assert not says(*pods, quota({"pods": "60"}, {"pods": "54"}))


def test_the_profile_that_fits_least_is_named() -> None:
    profiles = [
        {"display_name": "Small", "kubespawner_override": {"mem_guarantee": "1G"}},
        {"display_name": "Large", "kubespawner_override": {"mem_guarantee": "16G"}},
    ]

    [found] = says(values(profileList=profiles), quota({"requests.memory": "40Gi"}, {"requests.memory": "20Gi"}))

    assert 'room for 1 more server of profile "Large"' in found


def test_limits_count_with_what_a_limit_range_gives() -> None:
    given = {
        "kind": "LimitRange",
        "metadata": {"name": "l"},
        "spec": {"limits": [{"type": "Container", "default": {"cpu": "2"}}]},
    }

    [found] = says(given, quota({"limits.cpu": "10"}, {"limits.cpu": "7"}))

    assert "room for 1 more server" in found


def test_a_count_of_pods_that_are_gone_is_told_and_only_the_quota_that_comes_back_is_deleted() -> None:
    told = {}
    for name in ("gke-resource-quotas", "compute"):
        found = quota({"pods": "15k"}, {"pods": "15k"})
        found["metadata"]["name"] = name
        (told[name],) = findings_of(Example([found]), "quota-exhausted")

    assert all("pods that are gone" in f.fix.text for f in told.values())
    assert any(" delete resourcequota gke-resource-quotas" in c for c in told["gke-resource-quotas"].fix.commands)
    assert not any(" delete " in c for c in told["compute"].fix.commands)


def test_a_count_that_may_be_right_is_not_doubted() -> None:
    (found,) = findings_of(Example([quota({"pods": "50"}, {"pods": "50"})]), "quota-exhausted")

    assert "gone" not in found.fix.text
