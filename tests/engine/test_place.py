"""Commands where their objects are."""

import pytest

from jhubdoctor.engine.place import placed
from jhubdoctor.model.finding import Ref

ADA, BOB, HUB = (
    Ref("Pod", "jupyter-ada", "user-ada"),
    Ref("Pod", "jupyter-bob", "user-bob"),
    Ref("Pod", "hub-1", "jhub"),
)
TWIN = Ref("Pod", "jupyter-ada", "jhub")


@pytest.mark.parametrize(
    ("command", "refs", "found"),
    [
        (
            "kubectl --namespace jhub describe pod jupyter-ada",
            [ADA],
            ["kubectl --namespace user-ada describe pod jupyter-ada"],
        ),
        ("kubectl --namespace jhub logs pod/jupyter-ada", [ADA], ["kubectl --namespace user-ada logs pod/jupyter-ada"]),
        (
            "kubectl --namespace jhub delete pod jupyter-ada jupyter-bob",
            [ADA, BOB],
            [
                "kubectl --namespace user-ada delete pod jupyter-ada",
                "kubectl --namespace user-bob delete pod jupyter-bob",
            ],
        ),
        ("kubectl --namespace jhub logs hub-1", [HUB, ADA], ["kubectl --namespace jhub logs hub-1"]),
        ("kubectl --namespace jhub get pod jupyter-ada", [ADA, TWIN], ["kubectl --namespace jhub get pod jupyter-ada"]),
        ("kubectl --namespace jhub get pod jupyter-ada", [TWIN, ADA], ["kubectl --namespace jhub get pod jupyter-ada"]),
        ("kubectl get node jupyter-ada", [ADA], ["kubectl get node jupyter-ada"]),
        ("helm upgrade jupyter-ada", [ADA], ["helm upgrade jupyter-ada"]),
    ],
)
def test_a_command_is_run_where_what_it_names_lies(command: str, refs: list[Ref], found: list[str]) -> None:
    assert list(placed([command], "jhub", refs)) == found
