"""What a log may keep: of the words all, of anything else only what stands where the programs write names."""

from __future__ import annotations

import random
import string
from pathlib import Path
from typing import Any

import msgspec
import pytest
from click.testing import CliRunner

from jhubdoctor.commands.group import cli
from jhubdoctor.model.kube.events import Event
from jhubdoctor.model.kube.meta import Condition, Object
from jhubdoctor.model.kube.pods import ContainerState, ContainerStatus, Pod, PodStatus, Waiting
from jhubdoctor.model.kube.storage import PersistentVolume, VolumeStatus
from jhubdoctor.privacy.command import command
from jhubdoctor.privacy.logs import masked
from jhubdoctor.privacy.objects import sanitize
from jhubdoctor.privacy.text import REMOVED, log_text
from jhubdoctor.privacy.values import allowed
from jhubdoctor.report import FORMATS
from jhubdoctor.testing import Example
from tests.fakeapi import FakeAPI
from tests.privacy.shapes import ANNOUNCED, NAMES, SHAPES, WORDS
from tests.privacy.test_secrets import unpacked

HEADER = "[E 2026-01-05 11:00:00.000 JupyterHub app:1]"
# How programs of which nobody thought write what they should not, `{}` being the secret. None has a key that is known.
FRAMES = (
    "registering {}",
    "{}",
    "signed in, got {} back",
    "q.w={} z",
    "<x>{}</x>",
    "Config(salt=Value('{}'))",
    "POST https://chat.example.org/services/T1/{} failed",
    "mysql -uroot -p{}",
    "    material: {}",
    "{{'x': {{'y': ['{}']}}}}",
    "NativeAuthenticator: user ada signup with {}",
    "answer is {}, retrying",
)
ALPHABETS = {
    "letters and digits": string.ascii_letters + string.digits,
    "lower case and digits": string.ascii_lowercase + string.digits,
    "base64 for URLs": string.ascii_letters + string.digits + "-_",
    "base64": string.ascii_letters + string.digits + "+/",
    "digits": string.digits,
}


def secret(dice: random.Random, alphabet: str) -> str:
    """A secret as people and machines make them: one of letters and digits holds both."""
    while True:
        found = "".join(dice.choices(alphabet, k=dice.randint(20, 48)))
        runs = [r for r in "".join(c if c.isalnum() else " " for c in found).split() if len(r) > 9]
        if found[0].isalnum() and any(not r.isalpha() for r in runs):
            return found


@pytest.mark.parametrize("alphabet", ALPHABETS.values(), ids=ALPHABETS)
def test_a_secret_of_a_shape_that_nobody_knows_does_not_leave(alphabet: str) -> None:
    dice = random.Random(17)
    for frame in FRAMES * 12:
        planted = secret(dice, alphabet)
        told = masked(f"{HEADER} {frame.format(planted)}\n{frame.format(planted)}")
        runs = [r for r in "".join(c if c.isalnum() else " " for c in planted).split() if len(r) > 9]
        assert planted not in told, frame
        assert not [r for r in runs if r in told], (frame, planted, told)


@pytest.mark.parametrize(
    "line",
    [
        f"{HEADER} student2024's server failed to start in 300 seconds, giving up",
        f"{HEADER} User ab12cd took 12.345 seconds to start",
        f"{HEADER} Attempting to create pod jupyter-ab12cd---9f86d081, with timeout 3",
        f"{HEADER} 302 GET /hub/spawn/ab12 -> /hub/spawn-pending/ab12 (ab12@10.1.2.3) 7ms",
        "11:00:00.123 [ConfigProxy] error: 503 GET /user/ab12/lab connect ECONNREFUSED 10.0.0.17:8888",
        "E0105 11:00:00.123456       1 reflector.go:227] k8s.io/client-go: Failed to list *v1beta1.X: y",
        'HTTP response body: {"message":"pods \\"jupyter-ab12\\" is forbidden: exceeded quota: q, limited: cpu=1k"}',
        '      File "/usr/local/lib/python3.12/site-packages/ldap3/core/connection.py", line 1347, in start_tls',
        "    ldap3.core.exceptions.LDAPStartTLSError: startTLS failed",
        "    alembic.util.exc.CommandError: Can't locate revision identified by '4621fec11365'",
        "Failed to pull image quay.io/jupyter/base-notebook:2024-10-07@sha256:0123456789abcdef0123456789abcdef",
        f"{HEADER} Using Authenticator: ldapauthenticator.ldapauthenticator.LDAPAuthenticator-2.0.2",
        "dial tcp [fd00:10:96::1]:443: connect: no route to host",
    ],
)
def test_what_facts_parse_stays(line: str) -> None:
    assert masked(line) == line


def test_masking_twice_changes_nothing() -> None:
    once = masked("\n".join(f"{HEADER} {frame.format('Zm9vYmFy70267YmF6cXV4')}" for frame in FRAMES))
    assert masked(once) == once


@pytest.mark.parametrize(
    "line",
    [
        "DB_PASS={}",
        "username=x,pass={}",
        "passcode={}",
        "postgresql://hub:123#{}@db/hub",
        "postgresql://hub:123/{}@db/hub",
        "https://admin:12?{}@api.example.org:6443",
        "pass\x1b[0mword={}",
        "pass\u200bword: {}",
        "client_key = '{}'",
    ],
)
def test_a_message_tells_no_password(line: str) -> None:
    """Of events, pods, health endpoints, Helm, mounts, kubeconfigs."""
    assert "hunter2" not in log_text(line.format("hunter2"))


def test_an_address_of_the_hub_is_no_password() -> None:
    line = "http://10.0.0.7:8081/hub/api/users/ada@example.org/activity"
    assert log_text(line) == line


def test_of_a_command_of_the_values_what_facts_use_stays() -> None:
    words = ["jupyterhub-singleuser", "--ServerApp.password=sesame", "sh", "-c", "export A=sesame; run"]
    kept = ["jupyterhub-singleuser", f"--ServerApp.password={REMOVED}", REMOVED, "-c", REMOVED]
    profile = {"kubespawner_override": {"cmd": words}, "display_name": "x"}
    values = allowed({"singleuser": {"cmd": words, "profileList": [profile]}})
    assert values["singleuser"]["cmd"] == kept
    assert values["singleuser"]["profileList"][0]["kubespawner_override"]["cmd"] == kept
    assert command("start.sh sesame") == REMOVED
    assert command(None) is None


# --- shapes from the field -------------------------------------------------------------------------------------------

PLANTED = [(name, line.format(n=60007 + i), it.format(n=60007 + i)) for i, (name, line, it) in enumerate(SHAPES)]


@pytest.mark.parametrize("head", ["", f"{HEADER} ", "2026-01-05T11:00:00.123456789Z "], ids=["bare", "hub", "kubelet"])
def test_no_shape_from_the_field_leaves(head: str) -> None:
    assert len(PLANTED) > 150
    assert [name for name, line, it in PLANTED if it in masked(f"hello\n{head}{line}\nbye")] == []


@pytest.mark.parametrize(
    "item",
    [
        Event(message="*"),
        Pod(status=PodStatus(message="*")),
        Pod(status=PodStatus(conditions=[Condition(message="*")])),
        Pod(status=PodStatus(container_statuses=[ContainerStatus(state=ContainerState(waiting=Waiting(message="*")))])),
        PersistentVolume(status=VolumeStatus(message="*")),
    ],
    ids=["event", "pod", "condition", "container", "volume"],
)
def test_no_shape_from_the_field_leaves_in_what_is_said_of_an_object(item: Object) -> None:
    left = []
    for name, line, it in PLANTED:
        told = msgspec.convert(_saying(msgspec.to_builtins(item), line), type(item))
        assert it in str(told)
        sanitize(told)
        left += [name] * (it in str(told))
    assert left == []


def _saying(value: Any, line: str) -> Any:
    """The same object, with a text in each message of it."""
    if isinstance(value, dict):
        return {k: line if k == "message" else _saying(v, line) for k, v in value.items()}
    return [_saying(v, line) for v in value] if isinstance(value, list) else value


# What kubelets, containerd, registries and clouds say beside a word for a secret, of which a check may live.
SAID = (
    "failed to fetch oauth token: unexpected status: 401 Unauthorized",
    'fetch token "https://auth.example.org/token": dial tcp: lookup auth.example.org on 10.96.0.10:53: no such host',
    'token "https://auth.example.org/token": read tcp 10.0.0.4:5532->34.2.3.4:443: read: connection reset by peer',
    'token "https://auth.example.org/token": tls: x509: certificate signed by unknown authority',
    'token "https://auth.example.org/token": net/http: TLS handshake timeout',
    'token "https://auth.example.org/token": proxyconnect tcp: dial tcp 10.1.2.3:3128: i/o timeout',
    'token "https://auth.example.org/token": context deadline exceeded',
    "unauthenticated pull rate limit: failed to fetch anonymous token: unexpected status: 429 Too Many Requests",
    "denied: Your authorization token has expired. Reauthenticate and try again.",
    "Error: couldn't find key JUPYTERHUB_CRYPT_KEY in Secret jhub/hub-secret",
    'failed to fetch token: serviceaccounts "hub" is forbidden: User "system:node:node-1" cannot create resource',
    "Unable to retrieve some image pull secrets (regcred, ecr-token); attempting to pull the image may not succeed.",
    "err clientSecret is invalid AADSTS7000222: The provided client secret keys are expired",
    "could not get aws credentials: no valid providers in chain. Deprecated.",
    "unable to join session keyring: unable to create session key: disk quota exceeded: unknown",
)


@pytest.mark.parametrize("text", SAID)
def test_what_is_said_beside_a_word_for_a_secret_stays(text: str) -> None:
    assert masked(text) == text


@pytest.mark.parametrize("word", WORDS)
def test_a_password_that_is_a_word_does_not_leave_where_it_is_announced(word: str) -> None:
    assert [frame for frame in ANNOUNCED if word in masked(f"{HEADER} {frame.format(word)}")] == []


def test_what_stands_where_a_name_does_is_kept() -> None:
    """The names of users and their objects are what findings name: what is typed there in error comes out."""
    for name, line, it in NAMES:
        assert it.format(n=60007) in masked(line.format(n=60007)), f"{name} belongs to SHAPES now"


@pytest.mark.parametrize(
    "line",
    [
        f"{HEADER} authorization failed: denied: Your authorization token has expired. Reauthenticate and try again.",
        f"{HEADER} Refreshing token for user ada12 failed",
        'pods "jupyter-ab12" is forbidden: error looking up service account x/y: secret "hub-2" not found',
        f"{HEADER} 403 POST /hub/api/oauth2/token (ada12@10.0.0.7) 12.30ms",
        "failed to fetch anonymous token: unexpected status: 403 Forbidden",
        f"{HEADER} Exception: /usr/local/etc/jupyterhub/secret/hub.config.CryptKeeper.keys not found!",
    ],
)
def test_what_is_said_of_secrets_stays(line: str) -> None:
    assert masked(line) == line


def test_what_no_rule_knows_is_in_no_output_of_a_run_or_a_bundle(tmp_path: Path) -> None:
    text = "\n".join(f"{HEADER} {line}" for _, line, _ in PLANTED)
    crash = "\n".join(f"{HEADER} {frame.format(word)}" for frame in ANNOUNCED for word in WORDS[3:])
    example = Example(
        [
            {"kind": "Log", "pod": "hub-7d9c", "container": "hub", "text": f"{text}\n{crash}"},
            {"kind": "Log", "pod": "hub-7d9c", "container": "hub", "previous": True, "text": f"{crash}\n{text}"},
        ]
    )
    with FakeAPI(example).serve() as api:
        config = api.kubeconfig(tmp_path)
        CliRunner().invoke(cli, ["collect", "--kubeconfig", config, "-o", str(tmp_path / "b.tar.gz")])
        told = [unpacked((tmp_path / "b.tar.gz").read_bytes())]
        for form in sorted(FORMATS):
            found = CliRunner().invoke(cli, ["run", "--kubeconfig", config, "--verbose", "-o", form])
            told.append(found.stdout + found.stderr)
    assert '"pods/log"' in told[0]
    assert [(name, i) for i, one in enumerate(told) for name, _, it in PLANTED if it in one] == []
    assert [word for word in WORDS[3:] if any(word in one for one in told)] == []
