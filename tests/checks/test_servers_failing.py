"""What servers that run log of what their users meet: which logs are read, what counts, and what is shown of it."""

from datetime import timedelta

import pytest

from jhubdoctor.model.finding import Severity
from jhubdoctor.privacy.text import LOG_SAMPLE
from jhubdoctor.testing import NOW, Example, diagnose, findings_of

CHECK = "servers-failing"
POD = """\
kind: Pod
metadata:
  name: jupyter-{user}
  labels: {{component: singleuser-server}}
  annotations: {{hub.jupyter.org/username: {user}}}
  creationTimestamp: -{age}
spec: {{nodeName: user-1, containers: [{{name: notebook}}]}}
status:
  phase: Running
  conditions: [{{type: Ready, status: "True", lastTransitionTime: -{age}}}]
---
"""
AGO = (15, 10, 5)


def server(user: str, *lines: str, age: str = "2h") -> str:
    """A server that logged each of these lines three times within the last minutes."""
    times = [f"{NOW - timedelta(minutes=m):%Y-%m-%d %H:%M:%S}.000" for m in AGO]
    text = "\n".join(f"  {line.format(at=at, user=user)}" for at in times for line in lines)
    log = f"kind: Log\npod: jupyter-{user}\ncontainer: notebook\ntext: |\n{text}\n---\n" if lines else ""
    return POD.format(user=user, age=age) + log


CHANNELS = "/user/ada/api/kernels/0b1f5c1e-7d4b-4a53-9a0e-2b54f7fdd0a1/channels?x=1"
ANSWER = "[E {{at}} JupyterHubSingleUser] {} (ada@10.1.0.9) 3.10ms"
FULL = "[E {at} ServerApp] Error while saving file: a.ipynb [Errno 28] No space left on device"


@pytest.mark.parametrize(
    ("word", "line"),
    [
        ("disk-full", FULL),
        ("origin", "[W {at} ServerApp] Blocking Cross Origin WebSocket Attempt.  Origin: https://a.org, Host: b.org"),
        (
            "no-upgrade",
            f"{ANSWER.format(f'400 GET {CHANNELS}')} referer=None",
        ),
        (
            "database-malformed",
            "[E {at} ServerApp] Bad history: sqlite3.DatabaseError: database disk image is malformed",
        ),
        ("hub-no-way", "[E {at} JupyterHubSingleUser] Error notifying Hub of activity: HTTP 599: Timeout"),
        ("hub-silent", "[E {at} JupyterHubSingleUser] Error notifying Hub of activity: something new"),
        ("403 /tree", "[W {at} JupyterHubSingleUser] 403 GET /user/ada/tree (ada@10.1.0.9) 3.10ms"),
        ("xsrf", "[W {at} ServerApp] 403 POST /user/ada/api/sessions (10.1.0.9): '_xsrf' argument missing from POST"),
        ("500 /api/sessions", ANSWER.format("500 POST /user/ada/api/sessions?1767612000000")),
        ("503 /rstudio", ANSWER.format("503 GET /user/ada/rstudio/auth-sign-in")),
        ("500 /api/contents", ANSWER.format("500 PUT /user/ada/gpu/api/contents/private%20diary.ipynb")),
    ],
)
def test_what_is_told(word: str, line: str) -> None:
    [found] = findings_of(server("ada", line), CHECK)

    assert found.finding.cause == word
    assert found.severity is Severity.WARNING
    assert [o.name for o in found.finding.on] == ["jupyter-ada"]
    assert "diary" not in repr(found.finding)


def test_why_a_kernel_ends_as_it_starts_is_what_it_printed() -> None:
    restarts = "[I {at} ServerApp] AsyncIOLoopKernelRestarter: restarting kernel (1/5), new random ports"

    [found] = findings_of(server("ada", "ImportError: cannot import name 'Bool'", restarts), CHECK)

    assert found.finding.cause == "kernel-start"
    assert "cannot import name" in repr(found.finding.proof)


@pytest.mark.parametrize(("times", "told"), [(5, True), (4, False)])
def test_an_exception_of_no_request_that_comes_again_and_again(times: int, told: bool) -> None:
    raises = "\n".join(
        f"  [E {NOW - timedelta(minutes=3 * m):%Y-%m-%d %H:%M:%S}.000 ServerApp] Exception in callback x\n"
        "      Traceback (most recent call last):\n"
        '        File "/opt/room.py", line 1, in open\n'
        "      TypeError: no room"
        for m in range(times, 0, -1)
    )
    text = f"{POD.format(user='ada', age='2h')}kind: Log\npod: jupyter-ada\ncontainer: notebook\ntext: |\n{raises}\n"

    assert [("TypeError: no room" in f.finding.says) for f in findings_of(text, CHECK)] == [True] * told


def test_a_visitor_who_may_not_come_in_is_refused_with_reason() -> None:
    text = server("ada", "[W {at} JupyterHubSingleUser] 403 GET /user/ada/tree (eve@10.1.0.9) 3.10ms")

    assert not findings_of(text, CHECK)


def test_the_same_in_two_servers_is_no_matter_of_one_user() -> None:
    [found] = findings_of(server("ada", FULL) + server("bob", FULL), CHECK)

    assert found.severity is Severity.ERROR
    assert {o.name for o in found.finding.on} == {"jupyter-ada", "jupyter-bob"}


def test_the_newest_servers_are_a_sample_and_no_more_than_three_logs_are_read() -> None:
    text = "".join(
        server(u, age=age) for u, age in [("ada", "9h"), ("bob", "8h"), ("eve", "7h"), ("new", "1m"), ("dan", "6h")]
    )

    report = diagnose(Example(text), CHECK)

    read = {c.query.name for c in report.coverage if c.query.read == "pods/log"}
    assert {n for n in read if n.startswith("jupyter-")} == {"jupyter-eve/notebook", "jupyter-dan/notebook"}


def test_an_error_that_came_to_a_good_end_since() -> None:
    fails = server("ada", ANSWER.format("500 POST /user/ada/api/sessions"))
    works = (
        f"  [I {NOW:%Y-%m-%d %H:%M:%S}.000 JupyterHubSingleUser] 201 POST /user/ada/api/sessions (ada@10.1.0.9) 3.10ms"
    )

    assert findings_of(fails, CHECK)
    assert not findings_of(fails.rstrip("-\n") + f"\n{works}\n", CHECK)


def test_who_is_sent_in_circles_is_looked_at_first() -> None:
    circle = "[W {-2m} JupyterHub base:1500] Redirect loop detected on /hub/user/old/lab"
    lines = "\n".join(
        f"  [E {{-{m}m}} JupyterHub web:1871] 500 GET /hub/user/old/lab (10.1.0.9): Redirect loop detected.\n"
        f"  [E {{-{m}m}} JupyterHub log:192] 500 GET /hub/user/old/lab (old@10.1.0.9) 2.10ms"
        for m in (3, 2)
    )
    hub = f"kind: Log\npod: hub-7d9c\ncontainer: hub\nmore: |\n  {circle}\n{lines}\n---\n"
    text = hub + server("old", age="9h") + server("eve", age="7h") + server("dan", age="6h")

    report = diagnose(Example(text), CHECK)

    assert "jupyter-old/notebook" in {c.query.name for c in report.coverage}


def test_of_a_long_log_the_end_is_read() -> None:
    text = server("ada", FULL)
    later = (
        f"  [I {NOW:%Y-%m-%d %H:%M:%S}.000 JupyterHubSingleUser] 200 GET /user/ada/api/kernels (ada@10.1.0.9) 1.00ms\n"
    )
    more = text.rstrip("-\n") + "\n"

    assert findings_of(more + (LOG_SAMPLE - 3) * later, CHECK)
    assert not findings_of(more + (LOG_SAMPLE + 1) * later, CHECK)


def test_without_the_log_nothing_is_said() -> None:
    denied = "kind: Missing\nread: pods/log\n---\n"

    assert not diagnose(Example(denied + server("ada", FULL)), CHECK).findings
