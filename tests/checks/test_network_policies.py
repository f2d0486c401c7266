"""The rules of NetworkPolicies, one by one (https://kubernetes.io/docs/concepts/services-networking/network-policies/)."""

import json
import re
from typing import Any

import pytest

from jhubdoctor.api import NetworkPolicy
from jhubdoctor.sources.decode import convert
from jhubdoctor.testing import Example, diagnose, findings_of
from jhubdoctor_checks.facts.policies import End, walls
from tests import fixes

HUB = End("hub", {"component": "hub"}, ("10.1.0.4",), {"team": "hubs"}, ports={"http": 8081})
USER = End("user", {"component": "singleuser-server"}, ("10.1.0.9",), {"team": "hubs"}, ports={"notebook-port": 8888})
API = End("api", None, ("203.0.113.7", "10.0.0.1"), home=False)
DNS = End("dns", {"k8s-app": "kube-dns"}, ("10.2.0.2",), {"kubernetes.io/metadata.name": "kube-system"}, home=False)


def policy(selector: dict[str, Any] | None = None, **spec: Any) -> NetworkPolicy:
    found: NetworkPolicy = convert(
        NetworkPolicy, {"metadata": {"name": "p"}, "spec": {"podSelector": selector or {}, **spec}}
    )
    return found


def egress(*rules: dict[str, Any]) -> NetworkPolicy:
    return policy(policyTypes=["Egress"], egress=list(rules))


def ingress(*rules: dict[str, Any]) -> NetworkPolicy:
    return policy(policyTypes=["Ingress"], ingress=list(rules))


def blocking(policies: list[NetworkPolicy], source: End, target: End, port: int, protocol: str = "TCP") -> list[Any]:
    return next(iter(walls(policies, source, target, port, protocol).values()), [])


def block(cidr: str, *but: str) -> dict[str, Any]:
    return {"ipBlock": {"cidr": cidr, "except": list(but)}}


@pytest.mark.parametrize(
    ("target", "port", "protocol", "rules", "passes"),
    [
        # no rule at all denies, an empty rule allows all
        (API, 6443, "TCP", [], False),
        (API, 6443, "TCP", [{}], True),
        (API, 6443, "TCP", [{"to": [], "ports": []}], True),
        # addresses
        (API, 6443, "TCP", [{"to": [block("203.0.113.0/24")]}], True),
        (API, 6443, "TCP", [{"to": [block("192.168.0.0/16")]}], False),
        (API, 6443, "TCP", [{"to": [block("0.0.0.0/0", "10.0.0.0/8", "203.0.113.0/24")]}], False),
        (API, 6443, "TCP", [{"to": [block("::/0")]}], False),
        (API, 6443, "TCP", [{"to": [block("not an address")]}], False),
        (API, 6443, "TCP", [{"to": [{"podSelector": {}}]}], False),
        # ports: numbers, ranges, protocols
        (API, 6443, "TCP", [{"ports": [{"port": 443}]}], False),
        (API, 6443, "TCP", [{"ports": [{"port": 443}, {"port": 6443}]}], True),
        (API, 6443, "TCP", [{"ports": [{"port": 6000, "endPort": 7000}]}], True),
        (API, 6443, "TCP", [{"ports": [{"protocol": "UDP"}]}], False),
        (DNS, 53, "UDP", [{"ports": [{"port": 53}]}], False),
        (DNS, 53, "UDP", [{"ports": [{"port": 53, "protocol": "UDP"}]}], True),
        # named ports are those of the pod that is reached
        (USER, 8888, "TCP", [{"ports": [{"port": "notebook-port"}]}], True),
        (USER, 8888, "TCP", [{"ports": [{"port": "http"}]}], False),
        # pods of the same namespace, and of others
        (USER, 8888, "TCP", [{"to": [{"podSelector": {"matchLabels": {"component": "singleuser-server"}}}]}], True),
        (USER, 8888, "TCP", [{"to": [{"podSelector": {"matchLabels": {"component": "proxy"}}}]}], False),
        (DNS, 53, "TCP", [{"to": [{"podSelector": {}}]}], False),
        (DNS, 53, "TCP", [{"to": [{"namespaceSelector": {}}]}], True),
        (
            DNS,
            53,
            "TCP",
            [{"to": [{"namespaceSelector": {"matchLabels": {"kubernetes.io/metadata.name": "kube-system"}}}]}],
            True,
        ),
        (DNS, 53, "TCP", [{"to": [{"namespaceSelector": {"matchLabels": {"team": "hubs"}}}]}], False),
        (DNS, 53, "TCP", [{"to": [{"namespaceSelector": {}, "podSelector": {"matchLabels": {"a": "b"}}}]}], False),
        (USER, 8888, "TCP", [{"to": [{"namespaceSelector": {"matchLabels": {"team": "hubs"}}}]}], True),
        # one rule of several is enough; peer and port must be of the same rule
        (API, 6443, "TCP", [{"to": [block("10.9.0.0/16")]}, {"ports": [{"port": 6443}]}], True),
        (
            API,
            6443,
            "TCP",
            [{"to": [block("10.0.0.0/8")], "ports": [{"port": 53}]}, {"to": [block("10.9.0.0/16")]}],
            False,
        ),
    ],
)
def test_egress_rules(target: End, port: int, protocol: str, rules: list[dict[str, Any]], passes: bool) -> None:
    assert (not blocking([egress(*rules)], HUB, target, port, protocol)) is passes


def test_no_policy_blocks_nothing() -> None:
    assert not blocking([], HUB, USER, 8888)


def test_policies_of_others_hold_for_others() -> None:
    other = policy({"matchLabels": {"component": "db"}}, policyTypes=["Ingress", "Egress"])

    assert not blocking([other], HUB, USER, 8888)


def test_what_any_policy_allows_is_allowed() -> None:
    assert not blocking([egress(), egress({})], HUB, USER, 8888)


def test_both_ends_must_allow() -> None:
    closed = policy({"matchLabels": {"component": "singleuser-server"}}, policyTypes=["Ingress"])

    assert blocking([egress({}), closed], HUB, USER, 8888) == [closed]


def test_ingress_looks_at_where_it_comes_from() -> None:
    from_hub = ingress({"from": [{"podSelector": {"matchLabels": {"component": "hub"}}}], "ports": [{"port": 8888}]})

    assert not blocking([from_hub], HUB, USER, 8888)
    assert blocking([from_hub], USER, HUB, 8081)


def test_policies_of_this_namespace_do_not_hold_for_pods_of_another() -> None:
    assert not blocking([ingress()], HUB, DNS, 53, "UDP")


@pytest.mark.parametrize(("spec", "blocked"), [({}, False), ({"egress": [{"ports": [{"port": 1}]}]}, True)])
def test_a_policy_without_types_is_for_egress_only_with_such_rules(spec: dict[str, Any], blocked: bool) -> None:
    assert bool(blocking([policy(**spec)], HUB, API, 6443)) is blocked


def test_unknown_labels_of_a_namespace_count_in_favour() -> None:
    unknown = End("dns", {"a": "b"}, ("10.2.0.2",), None, home=False)

    assert not blocking([egress({"to": [{"namespaceSelector": {"matchLabels": {"x": "y"}}}]})], HUB, unknown, 53)


CILIUM = """
kind: NetworkPolicy
metadata: {name: hub, creationTimestamp: -1h}
spec:
  podSelector: {matchLabels: {component: hub}}
  policyTypes: [Egress]
  egress: [{to: [{ipBlock: {cidr: 0.0.0.0/0}}]}]
---
kind: Pod
metadata: {name: cilium-1, namespace: kube-system, labels: {k8s-app: cilium}}
spec: {nodeName: core-1, containers: [{name: cilium-agent}]}
status: {phase: Running, conditions: [{type: Ready, status: "True"}]}
---
kind: Log
pod: hub-7d9c
container: hub
text: |
  %s
  [E {-9m} JupyterHub reflector:414] Initial list of pods failed
      aiohttp.client_exceptions.%s: %s
"""


@pytest.mark.parametrize(
    ("before", "error", "blamed"),
    [
        ("[I {-50m} JupyterHub base:1] x", "ConnectionTimeoutError: Connection timeout to host", True),
        # it worked under the policy
        (
            "[I {-50m} JupyterHub base:1] User ada took 12.3 seconds to start",
            "ConnectionTimeoutError: Connection",
            False,
        ),
        # something answers
        ("[I {-50m} JupyterHub base:1] x", "ServerDisconnectedError: Server disconnected", False),
    ],
)
def test_cilium_is_blamed_where_nothing_refutes_it(before: str, error: str, blamed: bool) -> None:
    [found] = findings_of(CILIUM % (before, *error.split(": ", 1)), "hub-api-unreachable")

    assert ("Cilium" in found.finding.says) == blamed


@pytest.mark.parametrize(
    "case", [pytest.param(c, id=c.name) for c in fixes.cases() if c.name.startswith("network-policy-blocks-")]
)
def test_the_policies_that_a_fix_adds_open_what_was_kept_back(case: fixes.Case) -> None:
    """And select no pod that was open before: a first policy in a direction closes the rest of it."""
    [finding] = case.report.findings
    added = [
        item
        for command in finding.fix.commands
        if (told := re.match(r"echo '(.*)' \| kubectl .*apply", command))
        for item in json.loads(told[1])["items"]
    ]
    if not added:
        assert finding.fix.values
        return
    before = [
        convert(NetworkPolicy, {"metadata": {"name": "p"}, "spec": d["spec"]})
        for d in Example(case.text).documents
        if d["kind"] == "NetworkPolicy"
    ]

    assert not diagnose(Example([*case.whole, *added]), *case.ids).findings
    for item in added:
        [direction] = item["spec"]["policyTypes"]
        labels = item["spec"]["podSelector"]["matchLabels"]
        assert labels
        assert [p for p in before if p.spec.pod_selector.matches(labels) and direction in p.spec.policy_types]


def test_a_connection_that_is_kept_back_at_both_ends_is_opened_at_both() -> None:
    closed = policy(policyTypes=["Ingress", "Egress"])

    assert walls([closed], HUB, USER, 8888) == {"Egress": [closed], "Ingress": [closed]}
    assert walls([closed, egress({})], HUB, USER, 8888) == {"Ingress": [closed]}
