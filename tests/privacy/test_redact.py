"""What leaves the redactor: nothing secret, nothing that moves a terminal, and all that signatures need."""

from __future__ import annotations

import base64
import json
import re
import time
from typing import Any

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from jhubdoctor.facts.logs import parse_log, refusal
from jhubdoctor.model.kube.config import ConfigMap, Secret
from jhubdoctor.model.kube.meta import Object
from jhubdoctor.model.kube.pods import Pod
from jhubdoctor.model.kube.workloads import Deployment
from jhubdoctor.privacy.command import arguments
from jhubdoctor.privacy.logs import log_end
from jhubdoctor.privacy.text import LINE_LIMIT, LOG_LINES, REMOVED, clean, log_text
from jhubdoctor.privacy.values import allowed
from jhubdoctor.sources.decode import convert

SECRET = "pl4nted-S3cret_Value"
HEX = "5ec4e7" * 8
HEADER = "[E 2026-01-05 11:00:00.000 JupyterHub app:1]"

# Lines of hubs and their helpers that hold a secret, each as its source writes it.
LEAKING = {
    "a variable of a dumped pod": f"     'env': [{{'name': 'X', 'value': '{SECRET}', 'value_from': None}}]",
    "the same in one line (KubeSpawner 6 and before)": f"Pods: {{'a': {{'env': [{{'value': '{SECRET}'}}]}}}}",
    "the same as JSON": f'{{"name": "X", "value": "{SECRET}"}}',
    "the culler's partial": f"Exception in callback functools.partial(<function cull_idle>, api_token='{SECRET}')",
    "an API token without its name": f"Adding token {HEX} for service",
    "a cookie secret": f"cookie_secret={HEX}",
    "OAuthenticator's answer": f"Bad response: {{'access_token': '{SECRET}', 'scope': 'x'}}",
    "an id token": f"An id token was not returned: {{'user': '{SECRET}'}}",
    "claims of a user": f"No email found in {{'sub': '{SECRET}'}}. Maybe the hub needs more scopes?",
    "OAuth's state": f"OAuth state mismatch: {SECRET} != other{SECRET}",
    "OAuth's cookie": f"oauth state argument '{SECRET}' != cookie service-x-oauth-state='{SECRET}'",
    "a JSON web token": "token eyJhbGciOiJIUzI1NiJ9." + base64.urlsafe_b64encode(SECRET.encode()).decode() + ".x",
    "a database URL": f"sqlalchemy.exc.ArgumentError: postgresql+psycopg2://hub:{SECRET}@db.example.org:5432/hub",
    "a password with an @": f"mysql://hub:pa@ss{SECRET}@db/hub",
    "a password with a /": f"postgres://hub:a/{SECRET}@db/hub",
    "a token as user of a URL": f"fatal: https://{SECRET}@github.com/org/repo.git not found",
    "an authorization header": f"'Authorization': 'token {SECRET}'",
    "a header as text": f"Authorization: Basic {SECRET}",
    "a bearer": f"curl -H 'X: bearer {SECRET}'",
    "cookies": f"Cookie: a=b; jupyterhub-session-id={SECRET}; c={SECRET}",
    "a cookie header as JSON": f'"Cookie": "x={SECRET}; y={SECRET}"',
    "a quoted password with spaces": f"password='correct horse {SECRET}'",
    "JSON in JSON": f'{{"body": "{{\\"client_secret\\": \\"{SECRET}\\"}}"}}',
    "an option": f"jupyterhub-singleuser --ServerApp.token={SECRET}",
    "an option and its value": f"['serve', '--password', '{SECRET}']",
    "a variable": f"PGPASSWORD={SECRET}",
    "a variable with commas": f"PGPASSWORD=ab,cd&ef{SECRET}".replace("&", ","),
    "an AWS key": f"AWS_SECRET_ACCESS_KEY={SECRET}",
    "a storage key": f"AccountKey={SECRET};EndpointSuffix=core.windows.net",
    "prose": f"password: {SECRET}",
    "a parameter": f"302 GET /hub/oauth_callback?code={SECRET}&state={SECRET} (@10.0.0.1)",
    "a registry's credentials": f'{{"auths": {{"ghcr.io": {{"auth": "{SECRET}"}}}}}}',
    "a private key in one line": f"-----BEGIN RSA PRIVATE KEY-----\\n{SECRET}\\n-----END RSA PRIVATE KEY-----",
    "a GitHub token": f"remote: ghp_{HEX}",
    "a Google client secret": "client GOCSPX-pl4nted_S3cret_Value_0",
    "bytes": f"password=b'{SECRET}'",
    "an unclosed quote": f"'token': '{SECRET}",
    "a passphrase": f"passphrase={SECRET}",
    "a proxy's token": f"CONFIGPROXY_AUTH_TOKEN={SECRET}",
    "a mount option of SMB": f"username=u,password={SECRET}",
}


@pytest.mark.parametrize("line", LEAKING.values(), ids=LEAKING.keys())
@pytest.mark.parametrize("frame", ["{}", HEADER + " {}", "2026-01-05T11:00:00.123456789Z {}", "a\n    {}\nb"])
def test_no_secret_survives(line: str, frame: str) -> None:
    text = log_text(frame.format(line))

    for secret in (SECRET, HEX, "pl4nted", "S3cret"):
        assert secret not in text


def test_a_dump_of_a_pod_goes_whole_and_the_reason_after_it_stays() -> None:
    log = f"""{HEADER} Failed for {{'api_version': 'v1',
     'metadata': {{'annotations': {{'note': '{SECRET}'}}}},
     'spec': {{'containers': [{{'args': ['{SECRET}'],
                               'env': [{{'name': 'A',
                                        'value': 'first line\\n'
                                                 '{SECRET} second'}}]}}]}}}}
    Traceback (most recent call last):
    kubernetes_asyncio.client.exceptions.ApiException: (403)
    HTTP response body: {{"message":"pods \\"jupyter-ada\\" is forbidden: exceeded quota: q","code":403}}
[I 2026-01-05 11:00:01.000 JupyterHub app:1] after
"""

    text = log_text(log)

    assert SECRET not in text
    assert "annotations" not in text
    [entry, after] = parse_log(text)
    assert entry.message == f"Failed for {{{REMOVED}}}"
    assert refusal(entry) == (403, 'pods "jupyter-ada" is forbidden: exceeded quota: q')
    assert after.message == "after"


def test_the_rest_of_a_dump_whose_start_is_no_longer_there_goes_too() -> None:
    log = f"""                    'annotations': {{'note': '{SECRET}'}},
                             '{SECRET} second'}}]}}]}}}}
    Traceback (most recent call last):
    ValueError: x
{HEADER} after"""

    assert SECRET not in log_text(log)
    assert "ValueError: x" in log_text(log)


def test_a_value_over_several_lines_goes_with_all_of_them() -> None:
    log = f"x\n  {{'name': 'A',\n   'value': 'first '\n            '{SECRET} '\n            'last{SECRET}'}}\nafter"

    assert SECRET not in log_text(log)
    assert log_text(log).endswith("after")


@pytest.mark.parametrize("stamp", ["", "2026-01-05T11:00:00.1Z "])
def test_a_private_key_goes_with_all_its_lines_and_what_follows_stays(stamp: str) -> None:
    body = base64.b64encode(SECRET.encode() * 9).decode()
    lines = [
        "before",
        "-----BEGIN EC PRIVATE KEY-----",
        body[:64],
        body[64:128],
        "-----END EC PRIVATE KEY-----",
        "after it",
    ]
    cut = [*lines[:4], "then something else"]

    for log in (lines, cut):
        text = log_text("\n".join(stamp + line for line in log))
        assert body[:20] not in text
        assert body[64:90] not in text
        assert text.startswith(stamp + "before")
        assert text.endswith(log[-1])


PLAIN = [
    "failed to authorize: failed to fetch anonymous token: unexpected status: 401 Unauthorized",
    "rpc error: code = ResourceExhausted desc = no space",
    'MountVolume.SetUp failed for volume "secret" : secret "hub" not found',
    "ada's server never showed up at http://10.0.0.3:8888/user/ada@example.org/ after 30 seconds. Giving up.",
    'Failed to pull image "quay.io/x/y@sha256:' + "ab" * 32 + '": connection reset by peer',
    'secrets "hub" is forbidden: User "system:serviceaccount:jhub:hub" cannot get resource "secrets"',
    "(1045, \"Access denied for user 'hub'@'10.0.0.1' (using password: YES)\")",
    "403 GET /api/routes",
    "Pods: {}",
    "[+]poststarthook/start-legacy-token-tracking-controller ok",
    'password authentication failed for user "hub"',
    "Refusing to run JupyterHub with invalid cookie_secret_file. /x error was: Excessive permissions",
    "exceeded quota: q, requested: pods=1, used: pods=10, limited: pods=10",
    "Back-off restarting failed container hub in pod hub-7d9c_jhub(3f4a5b6c-1111-2222-3333-444455556666)",
]


@pytest.mark.parametrize("line", PLAIN)
def test_what_signatures_need_stays(line: str) -> None:
    assert log_text(line) == line


LINES = st.sampled_from(
    [*LEAKING.values(), *PLAIN, HEADER + " x", "    Traceback (most recent call last):", "", "    y"]
)


@settings(max_examples=300, deadline=None)
@given(st.lists(LINES, min_size=1, max_size=8))
def test_redacting_twice_changes_nothing(lines: list[str]) -> None:
    once = log_text("\n".join(lines))

    assert log_text(once) == once


@settings(max_examples=500, deadline=None)
@given(
    st.text(max_size=200)
    | st.lists(st.sampled_from("token password = : ' \" \\ {{ }} [ :// @ \n".split(" "))).map("".join)
)
def test_no_text_makes_it_stumble(text: str) -> None:
    assert isinstance(log_text(text), str)


@settings(max_examples=300, deadline=None)
@given(st.text(max_size=200))
def test_clean_text_is_one_printable_line_and_cleaning_twice_changes_nothing(text: str) -> None:
    once = clean(text, 80)

    assert clean(once, 80) == once
    assert len(once) <= 80
    assert not any(ord(c) < 0x20 or 0x7F <= ord(c) < 0xA0 for c in once)


@pytest.mark.parametrize(
    "unit",
    [" ", "a", "_", "token", "token=", "token='x", "http://a:b", "a1", "--token", "-----BEGIN PRIVATE KEY-----", "eyJ",
     "'value': '", "Failed for {", "secret ", "code=", 'MountVolume.SetUp failed for volume "x" : ', "\x1b]", "\x1b["],
)  # fmt: skip
def test_a_line_of_megabytes_costs_no_time(unit: str) -> None:
    line = unit * (4 * 2**20 // len(unit))

    start = time.process_time()
    text = log_text(line)
    clean(line)

    assert time.process_time() - start < 2
    assert len(text) <= LINE_LIMIT * 2


def test_only_the_end_of_a_long_log_is_looked_at() -> None:
    text = log_end("\n".join(f"line {i}" for i in range(LOG_LINES * 2)))

    assert text.startswith(f"line {LOG_LINES - 1}\n")
    assert text.endswith(f"line {LOG_LINES * 2 - 1}")


# --- objects ---------------------------------------------------------------------------------------------------------


def test_of_a_command_line_the_options_stay_and_every_word_that_may_be_a_secret_goes() -> None:
    assert arguments(["sh", "-c", f"export X={SECRET}; run", f"--token={SECRET}", "--password", SECRET, "-v=4"]) == [
        REMOVED, "-c", REMOVED, f"--token={REMOVED}", "--password", REMOVED, "-v=4",
    ]  # fmt: skip
    assert arguments(["configurable-http-proxy", "--ssl-key=/etc/tls/tls.key", "proxy-tls-acme", "acme.json"]) == [
        "configurable-http-proxy", "--ssl-key=/etc/tls/tls.key", "proxy-tls-acme", "acme.json",
    ]  # fmt: skip


@pytest.mark.parametrize(
    "text", ["\x1b[31mred\x1b[0m", "\x1b]8;;http://evil\x1b\\link\x1b]8;;\x1b\\", "\x1b]0;title\x07", "\x9b31m"]
)
def test_escapes_leave_nothing_behind_that_a_terminal_obeys(text: str) -> None:
    assert "\x1b" not in clean(text)
    assert "\x9b" not in clean(text)
    assert "evil" not in clean(text)
    assert "title" not in clean(text)


NUMBERS_THAT_ARE_SECRETS: dict[str, Any] = {
    "DummyAuthenticator": {"password": 12345678},
    "X": {"client_secret": 87654321},
}


def test_a_password_that_is_a_number_is_a_password() -> None:
    kept = allowed({"hub": {"config": {**NUMBERS_THAT_ARE_SECRETS, "KubeSpawner": {"start_timeout": 600}}}})

    assert kept["hub"]["config"] == {
        "DummyAuthenticator": {"password": REMOVED},
        "X": {"client_secret": REMOVED},
        "KubeSpawner": {"start_timeout": 600},
    }


VALUES = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=12) | st.sampled_from(["token=abcdef", "x: y"]),
    lambda below: (
        st.lists(below, max_size=3)
        | st.dictionaries(
            st.sampled_from(
                "hub singleuser config db url extraConfig extraEnv auth type proxy https hosts JupyterHub password "
                "admin_users profileList kubespawner_override cmd image name a".split()
            ),
            below,
            max_size=4,
        )
    ),
    max_leaves=20,
)


@settings(max_examples=300, deadline=None)
@given(st.dictionaries(st.sampled_from(["hub", "singleuser", "proxy", "auth", "custom", "x"]), VALUES, max_size=4))
def test_reducing_values_twice_changes_nothing(values: dict[str, Any]) -> None:
    once = allowed(values)

    assert allowed(once) == once
    json.dumps(once)


def test_what_is_kept_of_objects_is_kept_when_it_is_reduced_again() -> None:
    """A bundle holds what a run kept, and what comes out of a bundle is reduced like anything foreign."""
    annotations = {
        "kubectl.kubernetes.io/last-applied-configuration": f'{{"apiVersion":"apps/v1","x":"{SECRET}"}}',
        "note": SECRET,
        "checksum/secret": "ab" * 32,
    }
    values, tls = "hub: {config: {A: {b: [1], c: {d: e}}}}", f"{CERTIFICATE}\n{SECRET}"
    raw: list[tuple[type[Object], dict[str, Any]]] = [
        (Secret, {"data": {"values.yaml": _b64(values)}}),
        (Secret, {"data": {"tls.crt": _b64(tls), "tls.key": _b64(SECRET)}}),
        (ConfigMap, {"data": {"config.yaml": "a:\n  kind: X\n  b: c", "hub": "hub", "note": "pl4nted"}}),
        (Deployment, {"metadata": {"annotations": annotations}}),
        (Pod, {"spec": {"containers": [{"name": "c", "args": ["--password", SECRET]}]}}),
    ]
    for kind, obj in raw:
        once = convert(kind, {**obj, "metadata": {"name": "x", **obj.get("metadata", {})}})
        kept = msgspec.json.encode(once)

        assert SECRET.encode() not in kept
        assert b"pl4nted" not in kept
        assert msgspec.json.encode(convert(kind, json.loads(kept))) == kept


CERTIFICATE = "-----BEGIN CERTIFICATE-----\nMIIB\n-----END CERTIFICATE-----"


def _b64(text: str) -> str:
    return base64.b64encode(text.encode()).decode()


IMAGE_PARTS = ["robot:pw9@", "u@", "@", "/", ":", "https://", "docker-pullable://", "registry.example.org:5000/", "x",
               "@sha256:" + "ab" * 32, "-", "~", "=", "removed@", " ", "\u202e"]  # fmt: skip


@settings(max_examples=400)
@given(st.lists(st.sampled_from(IMAGE_PARTS), max_size=12).map("".join) | st.text(max_size=60))
def test_names_are_made_identifiers_once_and_hold_no_password(text: str) -> None:
    once = convert(Pod, {"metadata": {"name": "x"}, "spec": {"containers": [{"name": "c", "image": text}]}})
    image = once.spec.containers[0].image
    twice = convert(Pod, msgspec.to_builtins(once))

    assert twice.spec.containers[0].image == image
    assert image[:1] not in {"-", "~", "="}
    assert not re.search("pw9[^/]*@[^@]*/", image)


@pytest.mark.parametrize(
    ("image", "kept"),
    [
        (f"quay.io/x/y:1@sha256:{'ab' * 32}", None),
        (f"docker-pullable://quay.io/x/y@sha256:{'ab' * 32}", None),
        ("registry.example.org:5000/team/notebook_2:1.0-rc", None),
        ("robot:hunter2@registry.example.org:5000/x:1", "removed@registry.example.org:5000/x:1"),
        ("robot:hunter2@more@registry.example.org/x:1", "removed@registry.example.org/x:1"),
        ("https://robot:hunter2@registry.example.org/x", "https://removed@registry.example.org/x"),
        (f"robot:hun/ter2@r.example.org/x@sha256:{'ab' * 32}", f"removed@r.example.org/x@sha256:{'ab' * 32}"),
    ],
)
def test_of_an_image_all_but_who_pulls_it_is_kept(image: str, kept: str | None) -> None:
    pod = convert(Pod, {"metadata": {"name": "x"}, "spec": {"containers": [{"name": "c", "image": image}]}})

    assert pod.spec.containers[0].image == (kept or image)
    assert "hunter2" not in log_text(f'Failed to pull image "{image}": not found')
    assert kept or log_text(f'Back-off pulling image "{image}"') == f'Back-off pulling image "{image}"'
