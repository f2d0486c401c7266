"""What a run says when the cluster cannot be asked: a sentence, what to do next, exit code 3, and in time."""

from __future__ import annotations

import contextlib
import socket
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest

from .doctor import Diagnosis, diagnose
from .pki import Authority
from .plane import ControlPlane

pytestmark = pytest.mark.cluster

PODS = 1100
"""More than two pages of 500."""


def assert_says(seen: Diagnosis, *fragments: str, within: float = 15) -> None:
    """It ends with one sentence that has these in it and one on what to do, and with nothing else."""
    assert seen.code == 3, seen.stderr
    assert seen.stdout == ""
    first, advice = seen.stderr.splitlines()
    assert first.startswith("jhubdoctor: The cluster at https://127.0.0.1:")
    for fragment in fragments:
        assert fragment in first
    assert advice.startswith("  ")
    assert advice.endswith(".")
    assert seen.seconds < within


def test_a_wrong_authority(plane: ControlPlane, tmp_path: Path) -> None:
    seen = diagnose(plane.kubeconfig(ca=Authority(tmp_path, "other").path))

    assert_says(seen, "cannot be reached", "its certificate is not signed by the authority that the kubeconfig names")


def test_an_expired_client_certificate(plane: ControlPlane) -> None:
    seen = diagnose(plane.kubeconfig(user="ada", groups=["system:masters"], days=-1))

    assert_says(seen, "refused the credentials", "401")


def test_a_refused_bearer_token(plane: ControlPlane) -> None:
    seen = diagnose(plane.kubeconfig(token="nobody-knows-this"))

    assert_says(seen, "refused the credentials", "401")
    assert "nobody-knows-this" not in seen.stderr


def test_nobody_there(plane: ControlPlane) -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))  # and does not listen
        seen = diagnose(plane.kubeconfig(server=f"https://127.0.0.1:{taken.getsockname()[1]}"))

    assert_says(seen, "cannot be reached", "the connection was refused")


@pytest.fixture
def silence() -> Iterator[int]:
    """The port of a server that takes every connection and never says a word."""
    with socket.create_server(("127.0.0.1", 0)) as server, contextlib.ExitStack() as kept:

        def accept() -> None:
            with contextlib.suppress(OSError):
                while True:
                    kept.enter_context(server.accept()[0])

        thread = threading.Thread(target=accept, daemon=True)
        thread.start()
        yield server.getsockname()[1]
        server.shutdown(socket.SHUT_RDWR)
        thread.join()


def test_a_name_that_nobody_knows(plane: ControlPlane) -> None:
    seen = diagnose(plane.kubeconfig(server="https://cluster.invalid:6443"))

    assert seen.code == 3
    assert seen.stderr.startswith(
        "jhubdoctor: The cluster at https://cluster.invalid:6443 cannot be reached: its name cannot be resolved.\n"
    )


def test_a_server_that_never_answers(plane: ControlPlane, silence: int) -> None:
    kubeconfig = plane.kubeconfig(server=f"https://127.0.0.1:{silence}")

    assert_says(diagnose(kubeconfig), "cannot be reached", "no answer within 5 s", within=15)
    assert_says(diagnose(kubeconfig, "--timeout", "2"), "cannot be reached", "no answer within", within=12)
