"""One fault of the API server is one finding, and nothing is folded under it that it need not have caused."""

from jhubdoctor.testing import diagnose, findings_of

ETCD = """
kind: Path
path: /readyz?verbose
text: "[+]ping ok\\n[-]etcd failed: reason withheld\\nREADYZreadyz check failed\\n"
---
kind: Path
path: /livez?verbose
text: "[+]ping ok\\nLIVEZlivez check failed\\n"
---
"""
FAILS = "[-]etcd failed: reason withheld\\n"
TIMED_OUT = """
kind: Log
pod: hub-7d9c
container: hub
text: |
  [I {-600s} JupyterHub spawner:3001] Attempting to create pod jupyter-ada, with timeout 3
  [I {-597s} JupyterHub spawner:3001] Attempting to create pod jupyter-ada, with timeout 3
  [I {-594s} JupyterHub spawner:3001] Attempting to create pod jupyter-ada, with timeout 3
  [W {-300s} JupyterHub user:999] ada's server failed to start in 300 seconds, giving up.
  [E {-300s} JupyterHub gen:630] Exception in Future <Task finished coro=<finish_user_spawn()> exception=TimeoutError('Could not create pod jhub/jupyter-ada')> after timeout
"""  # noqa: E501  - as the hub writes it


def says(readyz: str, livez: str) -> list[tuple[str, str]]:
    found = findings_of(ETCD.replace("READYZ", readyz).replace("LIVEZ", livez), "api-server-unhealthy")
    return [(f.finding.says, f.fingerprint) for f in found]


def test_what_fails_at_both_is_one_finding() -> None:
    [(both, print_both)] = says("", FAILS)
    [(ready, print_ready)] = says("", "")
    [(more, print_more)] = says("[-]informer-sync failed: reason withheld\\n", FAILS)

    assert both == "the API server says at /livez and /readyz that etcd fails"
    assert ready == "the API server says at /readyz that etcd fails"
    assert more == "the API server says at /livez and /readyz that etcd, informer-sync fail"
    # the same fault, now here and now there
    assert print_both == print_ready == print_more


def test_a_spawn_that_timed_out_stands_beside_it_for_nothing_says_since_when_it_fails() -> None:
    """The hub's failure lies minutes back; the answer of /readyz is of now, and has no time of its own."""
    text = ETCD.replace("READYZ", "").replace("LIVEZ", FAILS) + TIMED_OUT
    report = diagnose(text, "api-server-unhealthy", "spawn-timeout")

    assert [(f.check.id, f.explained_by) for f in report.findings] == [
        ("api-server-unhealthy", None),
        ("spawn-timeout", None),
    ]
