"""Commands where their objects are."""

import pytest

from jhubdoctor.engine.place import placed
from jhubdoctor.model.finding import Ref

ADA = Ref("Pod", "jupyter-ada", "user-ada")
BOB = Ref("Pod", "jupyter-bob", "user-bob")
HUB = Ref("Pod", "hub-1", "jhub")
TWIN = Ref("Pod", "jupyter-ada", "jhub")


@pytest.mark.parametrize(
    ("command", "refs", "found"),
    [
        ("describe pod jupyter-ada", [ADA], ["user-ada describe pod jupyter-ada"]),
        ("logs pod/jupyter-ada", [ADA], ["user-ada logs pod/jupyter-ada"]),
        (
            "delete pod jupyter-ada jupyter-bob",
            [ADA, BOB],
            ["user-ada delete pod jupyter-ada", "user-bob delete pod jupyter-bob"],
        ),
        ("logs hub-1", [HUB, ADA], ["jhub logs hub-1"]),
        ("get pod jupyter-ada", [ADA, TWIN], ["jhub get pod jupyter-ada"]),
        ("get pod jupyter-ada", [TWIN, ADA], ["jhub get pod jupyter-ada"]),
    ],
)
def test_a_command_is_run_where_what_it_names_lies(command: str, refs: list[Ref], found: list[str]) -> None:
    start = "kubectl --namespace"
    assert list(placed([f"{start} jhub {command}"], "jhub", refs)) == [f"{start} {rest}" for rest in found]


def test_what_says_no_namespace_stays_as_it_is() -> None:
    assert list(placed(["kubectl get node jupyter-ada"], "jhub", [ADA])) == ["kubectl get node jupyter-ada"]
