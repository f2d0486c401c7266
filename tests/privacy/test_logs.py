"""What a log may keep: of the words all, of anything else only what stands where the programs write names."""

from __future__ import annotations

import random
import string

import pytest

from jhubdoctor.privacy.command import command
from jhubdoctor.privacy.logs import masked
from jhubdoctor.privacy.text import REMOVED, log_text
from jhubdoctor.privacy.values import allowed

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
