"""Why a server that runs does not answer: as jupyterhub-singleuser 6.1 logged it against hubs that were not there."""

import pytest

from jhubdoctor.facts.logs import PodLog
from jhubdoctor.model.kube.meta import Meta
from jhubdoctor.model.kube.pods import Pod
from jhubdoctor_checks.facts.server_logs import reason_in

HUB = "[E 2026-01-05 11:59:50.000 JupyterHubSingleUser] Failed to connect to my Hub at http://hub:8081/hub/api (1/5)."
AIO = "aiohttp.client_exceptions"
RUNS = "[I 2026-01-05 11:59:50.000 ServerApp]"


def read(*lines: str) -> tuple[str, str]:
    row, line = reason_in([PodLog(Pod(metadata=Meta(name="jupyter-ada")), "notebook", lines)], ["jupyter-ada"])
    return (row.word if row else "", line)


@pytest.mark.parametrize(
    ("word", "raised"),
    [
        ("hub-name", f"{AIO}.ClientConnectorDNSError: Cannot connect to host hub:8081 [Domain name not found]"),
        ("hub-no-way", f"{AIO}.ClientConnectorError: Cannot connect [Connect call failed ('10.0.0.5', 8081)]"),
        ("hub-path", f"{AIO}.ClientResponseError: 404, message='Not Found', url='http://hub:8081/api'"),
        ("hub-unreachable", "RuntimeError: something new"),
    ],
)
def test_the_exception_says_more_than_the_entry_that_it_belongs_to(word: str, raised: str) -> None:
    assert read(HUB, "    Traceback (most recent call last):", f"    {raised}")[0] == word


def test_a_server_that_listens_on_all_addresses_lists_its_loopback_one_too() -> None:
    listed = (f"{RUNS} http://jupyter-ada:8888/user/ada/lab?token=x", f"{RUNS}     http://127.0.0.1:8888/user/ada/lab")

    assert read(*listed) == ("", "")


def test_what_no_row_knows_is_the_last_exception() -> None:
    assert read(
        "Traceback (most recent call last):", "  raise X(", "course.Broken: no", "course.SetupError: no disk"
    ) == (
        "",
        "course.SetupError: no disk",
    )
