"""The net under every check: what nobody knows is told all the same, as what users asked for and did not get."""

import pytest

from jhubdoctor.engine.result import Reported
from tests import accuracy

# What is found before anybody suffers from it, or where nothing that is read shows who does: without the check there is
# nothing to tell.
LEAVES_NO_TRACE = {
    "consecutive-failure-abort": "failed starts are told; nothing else tells that the hub ends over them",
    "cull-settings-contradict": "servers are stopped as by a culler that is set up well",
    "claim-stuck-terminating": "the server runs, and its claim goes when it ends",
    "database-url-missing": "the hub runs on a database of its own",
    "disruption-budget-blocks-drain": "it hurts when a node is drained",
    "dummy-authenticator-exposed": "strangers who log in look like users",
    "duplicate-user-claims": "a home that is empty looks like a new one",
    "errors-go-on": "it is a vital sign itself, and nothing but the hub's log tells of its own tasks",
    "hub-database-not-persistent": "it hurts at the hub's next restart",
    "ingress-controller-down": "where the Ingress kept its address, the hub only hears of nobody",
    "neighbours-failing": "it is a vital sign itself, and what is asked of a neighbour is logged by nobody else",
    "placeholders-hold-no-room": "it hurts when users come",
    "placeholders-without-priority": "it hurts when users come",
    "requests-refused": "it is a vital sign itself, and what else is refused by others is read nowhere",
    "servers-elsewhere-not-ready": "it is a vital sign itself, and nothing else looks into namespaces of users",
    "servers-failing": "it is a vital sign itself, and nothing but the server's own log tells what its user meets",
    "servers-restarted": "it is a vital sign itself, and what runs again was away for a moment",
    "short-lived-pods-failing": "it is a vital sign itself, and nothing but the builds tells of them",
    "starts-slow": "it is a vital sign itself, and all starts come to a good end",
    "tls-certificate-expiring": "it hurts when it ends",
    "value-has-moved": "what is not applied is not seen",
}
# Of the scenarios in which users suffer.
ENOUGH = 0.9


def named(findings: list[Reported]) -> set[tuple[str, str, str]]:
    """The objects that findings are about, and those that they affect."""
    return {o.key for f in findings for o in (*f.finding.on, *f.finding.affects)}


@pytest.mark.engine
@pytest.mark.parametrize("name", [n for n in accuracy.scenarios() if n.startswith("failure.")])
def test_what_one_check_finds_is_not_silent_without_it(name: str) -> None:
    cluster = accuracy.cluster(accuracy.text_of(name))
    whole = cluster.without()
    found = {c: named([f for f in whole if f.check.id == c]) for c in {f.check.id for f in whole}}
    silent = [c for c in found if c not in LEAVES_NO_TRACE and not found[c] & named(cluster.without(c))]

    assert silent == []


@pytest.mark.engine
def test_with_nothing_known_most_suffering_is_still_told() -> None:
    names = accuracy.suffering()
    heard = [n for n in names if accuracy.cluster(accuracy.text_of(n)).vital()]

    assert len(heard) >= ENOUGH * len(names), f"silent on {sorted(set(names) - set(heard))}"


@pytest.mark.engine
@pytest.mark.parametrize("name", [n for n in accuracy.scenarios() if not n.startswith("failure.")])
def test_no_vital_sign_where_all_is_well(name: str) -> None:
    found = accuracy.cluster(accuracy.text_of(name)).vital()

    assert [f"{f.check.id}: {f.finding.says}" for f in found] == []
