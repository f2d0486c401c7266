"""`--redact-users`: no name of a user leaves, in any spelling, and the hub's faults are told as before."""

from __future__ import annotations

import base64
import hashlib
import json
import os
import re
import stat
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from urllib.parse import quote

import pytest
from click.testing import CliRunner
from hypothesis import given, settings
from hypothesis import strategies as st

from jhubdoctor.commands.group import cli
from jhubdoctor.engine.result import Report
from jhubdoctor.model.hub import Scope
from jhubdoctor.model.slugs import pod_of
from jhubdoctor.report import FORMATS, formatter
from jhubdoctor.sources import bundle, pseudonyms
from jhubdoctor.sources.kept import Collected, Recorder
from jhubdoctor.sources.pseudonyms import Pseudonyms
from jhubdoctor.testing import Example, judged, registry
from tests import accuracy
from tests.fakeapi import FakeAPI
from tests.privacy.test_secrets import unpacked

KEY = b"k" * 32
HERE = Scope(default_namespace="jhub")
USERS = ("ada.lovelace@example.org", "grace", "Kurt Gödel", "x", "hub", "2024117", "test")


def slug(user: str) -> str:
    """As KubeSpawner 6 writes a name."""
    safe = "abcdefghijklmnopqrstuvwxyz0123456789"
    return "".join(c if c in safe else "".join(f"-{b:02x}" for b in c.encode()) for c in user)


def safe_slug(user: str) -> str:
    """As KubeSpawner 7 writes a name: with a hash where it is not safe by itself."""
    if re.fullmatch(r"[a-z]([a-z0-9-]*[a-z0-9])?", user) and "--" not in user:
        return user
    name = re.sub(r"[^a-z0-9]+", "-", user.lower()).strip("-")
    return f"{'' if name[0].isalpha() else 'x-'}{name}---{hashlib.sha256(user.encode()).hexdigest()[:8]}"


def server(user: str, pod: str) -> str:
    """A user's server whose image cannot be pulled, with its claim, an event and what the hub logged."""
    return f"""
kind: Pod
metadata:
  name: "{pod}"
  creationTimestamp: -20m
  labels: {{component: singleuser-server, hub.jupyter.org/username: "{slug(user)}"}}
  annotations: {{hub.jupyter.org/username: "{user}"}}
spec:
  nodeName: user-1
  containers: [{{name: notebook, image: "quay.io/x/y:1"}}]
  volumes: [{{name: v, persistentVolumeClaim: {{claimName: "claim-{slug(user)}"}}}}]
status:
  phase: Pending
  containerStatuses:
    - name: notebook
      state: {{waiting: {{reason: ImagePullBackOff, message: 'Back-off pulling image "quay.io/x/y:1"'}}}}
---
kind: PersistentVolumeClaim
metadata:
  name: "claim-{slug(user)}"
  labels: {{component: singleuser-storage, hub.jupyter.org/username: "{slug(user)}"}}
  annotations: {{hub.jupyter.org/username: "{user}"}}
spec: {{storageClassName: standard, volumeName: "pv-{slug(user)}"}}
status: {{phase: Bound}}
---
kind: PersistentVolume
metadata: {{name: "pv-{slug(user)}"}}
spec: {{claimRef: {{namespace: jhub, name: "claim-{slug(user)}"}}, persistentVolumeReclaimPolicy: Delete}}
---
kind: Event
metadata: {{name: "{pod}.17ab"}}
involvedObject: {{kind: Pod, name: "{pod}", namespace: jhub}}
reason: Failed
type: Warning
lastTimestamp: -2m
message: 'Failed to pull image "quay.io/x/y:1" for pod jhub/{pod}: manifest unknown'
---"""


LATE = (
    "[E {{-14m}} JupyterHub gen:1] Exception in Future <Task coro=<finish_user_spawn()> "
    "exception=TimeoutError('pod jhub/{pod} did not start in 300 seconds!')> after timeout"
)


def cluster() -> str:
    lines = ["[I {-30m} JupyterHub app:1] Running JupyterHub version 5.5.0"]
    documents = ""
    for i, user in enumerate(USERS):
        pod = f"jupyter-{safe_slug(user) if i % 2 else slug(user)}"
        documents += server(user, pod)
        path = quote(user, safe="@~")
        lines += [
            f"[I {{-19m}} JupyterHub log:192] 302 GET /hub/spawn/{path} ({user}@10.0.0.{i}) 12.3ms",
            f"[I {{-19m}} JupyterHub spawner:1] Attempting to create pod {pod}, with timeout 3",
            f"[W {{-14m}} JupyterHub user:1] {user}'s server failed to start in 300 seconds, giving up",
            LATE.format(pod=pod),
            f"[I {{-13m}} JupyterHub base:1] User logged in: {user}",
            f"[W {{-13m}} JupyterHub log:192] 403 GET /user/{path}/api (@10.0.0.9) 1.2ms",
            f"[I {{-12m}} JupyterHub proxy:1] Adding user {user} to proxy /user/{path}/ => http://10.1.2.3:8888",
        ]
    lines += [
        "[I {-9m} JupyterHub spawner:1] Deleting pod jhub/jupyter-gone-2duser",
        "[W {-9m} JupyterHub x:1] mail to nobody.known@example.org bounced",
    ]
    log = "\n  ".join(lines)
    return f"{documents}\nkind: Log\npod: hub-7d9c\ncontainer: hub\ntext: |\n  {log}\n"


def spellings(user: str) -> set[str]:
    return {user, slug(user), quote(user), quote(user, safe="@~"), safe_slug(user), user.upper(),
            safe_slug(user).partition("---")[0], hashlib.sha256(user.encode()).hexdigest()[:8]}  # fmt: skip


TELLING = [u for u in USERS if u not in {"x", "hub", "test"}]
"""Those whose names are no words of the system, so that they may be searched for."""


@pytest.fixture(scope="module")
def kept() -> Collected:
    recorder = Recorder(Example(cluster()).reader())
    judged(registry(), registry().select(), recorder, HERE)
    return recorder.collected(HERE)


@pytest.fixture(scope="module")
def private(kept: Collected) -> Collected:
    return pseudonyms.replaced(kept, KEY)


def report_of(found: Collected) -> Report:
    return judged(registry(), registry().select(), found.reader(), HERE)


def named(text: str) -> list[str]:
    return [s for u in TELLING for s in spellings(u) if s in text] + [
        s for s in ("gone-2duser", "nobody.known") if s in text
    ]


def test_the_names_are_there_before(kept: Collected) -> None:
    content = unpacked(bundle.dumps(kept))

    assert len(named(content)) >= 10


def test_no_spelling_of_a_name_is_in_the_bundle(private: Collected) -> None:
    assert named(unpacked(bundle.dumps(private))) == []


@pytest.mark.parametrize("form", sorted(FORMATS))
def test_no_spelling_of_a_name_is_in_a_report(form: str, private: Collected) -> None:
    assert named(formatter(form)(report_of(private))) == []


def test_a_namespace_that_bears_its_users_name_goes_and_what_is_there_is_still_told() -> None:
    text = accuracy.text_of("failure.claims-in-namespaces-of-users-get-no-volume").replace("bob", "lovelace")
    recorder = Recorder(Example(text).reader())
    before = judged(registry(), registry().select(), recorder, HERE)
    private = pseudonyms.replaced(recorder.collected(HERE), KEY)
    after = report_of(private)

    assert "lovelace" in unpacked(bundle.dumps(recorder.collected(HERE)))
    assert "lovelace" not in unpacked(bundle.dumps(private))
    assert [f.check.id for f in after.findings] == [f.check.id for f in before.findings]


def test_a_name_that_is_a_word_goes_where_the_user_stands_and_stays_elsewhere(private: Collected) -> None:
    content = unpacked(bundle.dumps(private))

    for line in ("hub's server failed", "(hub@10", "/user/hub/", "jupyter-hub---", "claim-test", "User logged in: x\n"):
        assert line not in content
    assert "k8s-hub:4.4.0" in content
    assert '"component": "hub"' in content


def test_the_findings_are_the_same_but_for_the_names(kept: Collected, private: Collected) -> None:
    before, after = report_of(kept), report_of(private)

    def shape(report: Report) -> list[tuple[str, str, int, int]]:
        return sorted(
            (f.check.id, f.severity.value, len(f.finding.on), len(f.finding.affects)) for f in report.findings
        )

    assert shape(after) == shape(before)
    assert {"image-pull-failed", "spawn-timeout"} <= {f.check.id for f in after.findings}
    statuses = [[(r.check.id, r.status) for r in r_.results] for r_ in (before, after)]
    assert statuses[0] == statuses[1]
    assert len([f for f in before.findings if f.explained_by]) == len([f for f in after.findings if f.explained_by])


def test_a_user_has_one_pseudonym_everywhere(private: Collected) -> None:
    names = Pseudonyms(KEY)
    content = unpacked(bundle.dumps(private))

    for user in USERS:
        pseudonym = names.of(user)
        assert f'"hub.jupyter.org/username": "{pseudonym}"' in content
        assert f"claim-{pseudonym}" in content
        assert f"{pseudonym}'s server failed" in content
        assert pod_of(pseudonym, [f"jupyter-{pseudonym}"])


def test_pseudonyms_depend_on_the_key_and_on_nothing_else(kept: Collected) -> None:
    once, again, other = (bundle.dumps(pseudonyms.replaced(kept, k)) for k in (KEY, KEY, b"o" * 32))

    assert once == again
    assert Pseudonyms(KEY).of("grace") != Pseudonyms(b"o" * 32).of("grace")
    assert once != other


def test_replacing_twice_changes_nothing(private: Collected) -> None:
    assert bundle.dumps(pseudonyms.replaced(private, KEY)) == bundle.dumps(private)


def test_services_are_no_users() -> None:
    log = "[I {-1m} JupyterHub log:1] 200 GET /hub/api/users (jupyterhub-idle-culler@127.0.0.1) 3.4ms"
    documents: list[dict[str, Any]] = [
        {"kind": "Values", "values": {"hub": {"services": {"jupyterhub-idle-culler": {}}}}},
        {"kind": "Log", "pod": "hub-7d9c", "container": "hub", "text": log},
    ]
    recorder = Recorder(Example(documents).reader())
    judged(registry(), registry().select(), recorder, HERE)

    assert "jupyterhub-idle-culler@127.0.0.1" in unpacked(
        bundle.dumps(pseudonyms.replaced(recorder.collected(HERE), KEY))
    )


@settings(max_examples=300, deadline=None)
@given(st.text(min_size=1, max_size=40), st.text(max_size=80))
def test_any_name_goes_from_any_text(user: str, around: str) -> None:
    names = Pseudonyms(KEY)
    names.learn(user)
    name = user.strip()

    text = names.text(f"{around} /user/{quote(name, safe='@~')}/ {around}")

    # the path itself says "user"
    if len(name) > 4 and name.casefold() not in around.casefold() and "user" not in name.casefold():
        assert quote(name, safe="@~") not in text or all(not c.isalnum() for c in name)


# --- the key ---------------------------------------------------------------------------------------------------------


def test_the_key_is_made_once_and_readable_by_its_owner_alone(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path))

    first, again = pseudonyms.key(), pseudonyms.key()

    assert first == again
    assert first[1]
    [file] = tmp_path.rglob("*.key")
    assert stat.S_IMODE(file.stat().st_mode) == 0o600
    assert len(first[0]) == 64


def test_the_key_can_be_given(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path))
    monkeypatch.setenv("JHUBDOCTOR_PSEUDONYM_KEY", "shared between two machines")

    assert pseudonyms.key() == (b"shared between two machines", True)
    assert list(tmp_path.iterdir()) == []


def test_without_a_place_for_the_key_the_report_says_that_names_will_differ(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, kept: Collected
) -> None:
    (tmp_path / "file").write_text("no folder")
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path / "file"))

    secret, lasting = pseudonyms.key()

    assert not lasting
    assert secret != pseudonyms.key()[0]
    assert "of this run alone" in pseudonyms.replaced(kept, secret, lasting=lasting).notices[-1]


# --- the commands ----------------------------------------------------------------------------------------------------


@pytest.fixture
def api(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[str]:
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path / "state"))
    with FakeAPI(Example(cluster())).serve() as server_:
        yield server_.kubeconfig(tmp_path)


def test_run_collect_and_run_from_agree(api: str, tmp_path: Path) -> None:
    path, plain = str(tmp_path / "b.tar.gz"), str(tmp_path / "plain.tar.gz")
    runner = CliRunner()

    live = runner.invoke(cli, ["run", "--kubeconfig", api, "--redact-users", "-o", "json"])
    runner.invoke(cli, ["collect", "--kubeconfig", api, "--redact-users", "-o", path])
    runner.invoke(cli, ["collect", "--kubeconfig", api, "-o", plain])
    kept = runner.invoke(cli, ["run", "--from", path, "-o", "json"])
    late = runner.invoke(cli, ["run", "--from", plain, "--redact-users", "-o", "json"])

    findings = [json.loads(r.stdout)["findings"] for r in (live, kept, late)]
    assert findings[0] == findings[1] == findings[2]
    assert (live.exit_code, kept.exit_code, late.exit_code) == (1, 1, 1)
    for result in (live, kept, late):
        assert named(result.stdout + result.stderr) == []
    assert json.loads(live.stdout)["run"]["source"] == "live"
    changed = runner.invoke(cli, ["diff", path, path])
    assert "0 new, 0 gone" in changed.stdout


def test_encoded_values_are_looked_into() -> None:
    names = Pseudonyms(KEY)
    names.learn("grace")

    value = pseudonyms._encoded(base64.b64encode(b'{"x": "claim-grace"}').decode(), names.text)

    assert json.loads(base64.b64decode(value)) == {"x": f"claim-{names.of('grace')}"}
    assert os.environ.get("JHUBDOCTOR_PSEUDONYM_KEY") is None
