"""Where output goes: encodings, full disks, closed streams, devices, links, pipes; and how soon Ctrl-C ends a run."""

from __future__ import annotations

import json
import os
import re
import signal
import socket
import stat
import subprocess
import sys
import threading
from pathlib import Path

import pytest

from jhubdoctor.commands.deliver import Style, deliver, write_bytes
from jhubdoctor.model.errors import UsageError
from jhubdoctor.report import FORMATS
from jhubdoctor.sources import bundle
from jhubdoctor.sources.http import bounded
from jhubdoctor.testing import Example, diagnose

DOCTOR = [sys.executable, "-m", "jhubdoctor"]
DEMO = [*DOCTOR, "demo", "--fail-on", "never", "--select", "storage"]


@pytest.mark.parametrize("encoding", ["cp1252", "ascii"])
def test_an_encoding_without_our_signs_gets_others_and_documents_stay_utf8(encoding: str) -> None:
    env = {**os.environ, "PYTHONIOENCODING": encoding}
    text = subprocess.run(DEMO, env=env, capture_output=True, check=True)
    document = subprocess.run([*DEMO, "-o", "json"], env=env, capture_output=True, check=True)

    assert text.stderr == b""
    assert "? " not in text.stdout.decode(encoding)
    assert json.loads(document.stdout.decode())["schema"] == "jhubdoctor-report-v1"


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="there is no /dev/full here")
@pytest.mark.parametrize("words", [["demo"], ["--help"], ["--version"]], ids=" ".join)
@pytest.mark.parametrize("redirection", [">/dev/full", ">&-"])
def test_an_output_that_is_lost_is_one_sentence_and_no_verdict(words: list[str], redirection: str) -> None:
    ended = subprocess.run(["sh", "-c", f'"$@" {redirection}', "sh", *DOCTOR, *words], capture_output=True, check=False)

    assert ended.returncode == 3
    assert ended.stderr.startswith(b"jhubdoctor: Standard output cannot be written: ")
    assert len(ended.stderr.splitlines()) == 2


def test_what_is_no_regular_file_is_written_to_and_not_replaced(tmp_path: Path) -> None:
    pipe = tmp_path / "pipe"
    os.mkfifo(pipe)
    got: list[bytes] = []
    reads = threading.Thread(target=lambda: got.append(pipe.read_bytes()))
    reads.start()
    write_bytes(str(pipe), b"x")
    reads.join(10)

    assert got == [b"x"]
    assert stat.S_ISFIFO(pipe.stat().st_mode)


def test_a_link_stays_one_and_its_target_keeps_its_mode(tmp_path: Path) -> None:
    target, link = tmp_path / "target", tmp_path / "link"
    target.write_text("old")
    target.chmod(0o640)
    link.symlink_to(target)
    write_bytes(str(link), b"new")

    assert link.is_symlink()
    assert target.read_bytes() == b"new"
    assert stat.S_IMODE(target.stat().st_mode) == 0o640


def test_a_pipe_is_read_like_a_file_and_one_that_nobody_writes_to_is_not_waited_for(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    pipe = tmp_path / "pipe"
    os.mkfifo(pipe)
    made = tmp_path / "list.json"
    pod = {"apiVersion": "v1", "kind": "Pod", "metadata": {"name": "x", "namespace": "y"}}
    made.write_text(json.dumps({"apiVersion": "v1", "kind": "List", "items": [pod]}))
    writes = threading.Thread(target=lambda: pipe.write_bytes(made.read_bytes()))
    writes.start()
    assert type(bundle.open_reader(str(pipe))) is type(bundle.open_reader(str(made)))
    writes.join(10)

    monkeypatch.setattr(bundle, "PIPE_SECONDS", 0.05)
    with pytest.raises(UsageError, match="nobody wrote to it"):
        bundle.open_reader(str(pipe))


ORDERS = "\r::stop-commands::x\n  ::error::y ##[add-mask]z\n##vso[task.complete]\n"


def obeyed(text: str) -> list[str]:
    """Lines that GitHub Actions, Azure's agents or TeamCity obey; a carriage return ends a line to them."""
    return [line for line in re.split(r"[\r\n]", text) if line.lstrip().startswith("::") or re.search(r"##\w*\[", line)]


@pytest.mark.parametrize("stream", ["stdout", "stderr"])
def test_nothing_that_is_written_is_a_command_to_the_ci(stream: str) -> None:
    """Whoever writes it: an error of click's, a pack that prints, a note."""
    code = (
        "import sys; from jhubdoctor.output import standard_output\n"
        f"with standard_output(): print('a::b', {ORDERS!r}, file=sys.{stream})"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    told = getattr(done, stream)

    assert obeyed("\n" + ORDERS)
    assert obeyed(told) == []
    assert told.startswith("a::b")
    assert "add-mask]z" in told


@pytest.mark.parametrize("words", [("--context", ORDERS), ("--select", ORDERS), ("--kubeconfig", ORDERS), (ORDERS,)])
def test_no_error_repeats_a_command_to_the_ci(words: tuple[str, ...]) -> None:
    done = subprocess.run(
        [sys.executable, "-m", "jhubdoctor", "run", *words], capture_output=True, text=True, check=False
    )

    assert done.returncode in {2, 3}
    assert done.stderr
    assert obeyed(done.stdout + done.stderr) == []


def test_a_text_in_a_file_holds_no_command_to_the_ci(tmp_path: Path) -> None:
    """It may be shown later; documents hold none that begins a line, and of the older kind none at all."""
    told = "Back-off pulling image " + ORDERS.replace("\r", " ").replace("\n", " ") * 20
    pod = {
        "kind": "Pod",
        "metadata": {"name": "hub-7d9c"},
        "status": {
            "containerStatuses": [
                {"name": "hub", "ready": False, "state": {"waiting": {"reason": "ImagePullBackOff", "message": told}}}
            ]
        },
    }
    report = diagnose(Example([pod]), "image-pull-failed")
    outputs: list[tuple[str, str | None]] = [(name, str(tmp_path / name)) for name in FORMATS]
    deliver(report, outputs, Style(verbose=True))

    texts = {name: (tmp_path / name).read_text(encoding="utf-8") for name in FORMATS}
    assert "stop-commands" in texts["text"]
    assert {name: lines for name, text in texts.items() if (lines := obeyed(text))} == {}


# --- Ctrl-C ----------------------------------------------------------------------------------------------------------

KUBECONFIG = """
apiVersion: v1
kind: Config
clusters: [{{name: c, cluster: {{server: "http://127.0.0.1:{port}"}}}}]
contexts: [{{name: x, context: {{cluster: c, user: u, namespace: jhub}}}}]
current-context: x
users: [{{name: u, user: {{token: t}}}}]
"""
VERSION = b'{"gitVersion":"v1.31.0","major":"1","minor":"31"}'


def test_ctrl_c_ends_a_run_whose_reads_hang(tmp_path: Path) -> None:
    """Without letting go of them it takes as long as the requests: longer than this waits."""
    hangs, over = threading.Event(), threading.Event()

    def talk(one: socket.socket) -> None:
        with one:
            while asked := one.recv(65536):
                if b"GET /version" not in asked:
                    hangs.set()
                    over.wait(60)
                    return
                one.sendall(b"HTTP/1.1 200 OK\r\nContent-Length: %d\r\n\r\n" % len(VERSION) + VERSION)

    with socket.create_server(("127.0.0.1", 0)) as server:

        def serve() -> None:
            while not over.is_set():
                try:
                    one, _ = server.accept()
                except OSError:
                    return
                threading.Thread(target=talk, args=(one,), daemon=True).start()

        threading.Thread(target=serve, daemon=True).start()
        config = tmp_path / "config"
        config.write_text(KUBECONFIG.format(port=server.getsockname()[1]))
        with subprocess.Popen(
            [*DOCTOR, "run", "--kubeconfig", str(config)],
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            # a shell that runs the tests in the background has it ignored, and so would whatever they start
            preexec_fn=lambda: signal.signal(signal.SIGINT, signal.SIG_DFL),  # noqa: PLW1509  - it does no more than that
        ) as doctor:
            assert hangs.wait(30)
            doctor.send_signal(signal.SIGINT)
            try:
                _, said = doctor.communicate(timeout=8)
            finally:
                doctor.kill()
                over.set()

    assert doctor.returncode == 130
    assert said == b"jhubdoctor: interrupted\n"


def test_a_wait_ends_as_soon_as_it_is_told() -> None:
    stop = threading.Event()
    stop.set()
    with pytest.raises(TimeoutError):
        bounded(lambda: threading.Event().wait(60), 60, stop)
