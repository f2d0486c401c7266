"""Text of a cluster is hostile: none of it moves a terminal, becomes markup, or runs in the shell it is pasted into."""

from __future__ import annotations

import json
import random
import re
import subprocess
import xml.etree.ElementTree as ET
from collections.abc import Callable, Iterator
from functools import cache
from pathlib import Path
from typing import Any

import pytest
import yaml
from click.testing import CliRunner
from prometheus_client.parser import text_string_to_metric_families

from jhubdoctor.commands.group import cli
from jhubdoctor.engine import notes
from jhubdoctor.engine.result import CheckStatus, Report
from jhubdoctor.model.kube.pods import Pod
from jhubdoctor.privacy.paste import pasteable
from jhubdoctor.privacy.releases import manifest_objects
from jhubdoctor.privacy.text import clean
from jhubdoctor.report import FORMATS, formatter
from jhubdoctor.report.text import render
from jhubdoctor.sources.decode import convert
from jhubdoctor.testing import Example, diagnose, registry

CHECKS = list(registry().checks.values())
ESCAPES = (
    "\x1b[31mred\x1b[0m",
    "\x1b]8;;http://evil.example\x1b\\click\x1b]8;;\x1b\\",
    "\x1b]0;owned title\x07",
    "\x9b2J\x9d0;owned title\x9c\x90q\x9c",
    "\r\x08\x08\x7f\x00\x0e",
    "\u202edrowssap\u2066\u200b\u00ad\ufeff\u2028",
    "[bold red]markup[/bold red] :warning: [link=http://evil.example]x[/link]",
    '<script>alert(1)</script><img src=x onerror=alert(1)> &amp; "><b>',
    "]]> --> */ {{ x }} ${x} %0A::error::x",
    "`code` | table | **bold** [a](http://evil.example)",
    "\ud800\udfff\U000e0041\ufffe",
)
SUFFIX = "".join(ESCAPES)
# What tells checks what something is, and what they count with.
_KEPT = frozenset(
    "kind apiVersion type phase reason status effect operator state read path component app release chart "
    "helm.sh/chart gitVersion at modified version storage memory cpu pods key".split()
)
_PLAIN = re.compile(r"-?\d+(?:\.\d+)?[smhdMGKTi]*|true|false|v?\d+\.\d+.*|.*\d\d:\d\d.*", re.DOTALL)


def changed(value: Any, suffix: str, chosen: Callable[[str], bool], key: str = "") -> Any:
    """The value with the suffix at the end of every text of these keys."""
    if isinstance(value, dict):
        return {k: changed(v, suffix, chosen, str(k)) for k, v in value.items()}
    if isinstance(value, list):
        return [changed(v, suffix, chosen, key) for v in value]
    if isinstance(value, str) and chosen(key) and not _PLAIN.fullmatch(value):
        return value + suffix
    return value


def messages(key: str) -> bool:
    return key in {"message", "text", "display_name", "description", "hub.jupyter.org/username"}


def names(key: str) -> bool:
    return key not in _KEPT and not key.endswith(("Timestamp", "Time")) and key != "text"


@cache
def hostile(check: str, which: str, suffix: str = SUFFIX) -> tuple[Report, ...]:
    """The reports of a check's examples with hostile text in them."""
    chosen = {"messages": messages, "names": names, "everything": lambda k: messages(k) or names(k)}[which]
    found = []
    for text in notes.of(registry().checks[check]).fires_on:
        documents = [changed(d, suffix, chosen) for d in Example(text).documents]
        found.append(diagnose(Example([{"kind": "Empty"}, *documents]), check))
    return tuple(found)


def obeyed(text: str) -> list[str]:
    """Characters that a terminal or an editor would act upon."""
    return sorted(set(map(repr, _OBEYED.findall(text))))


_OBEYED = re.compile(
    "[\x00-\x09\x0b-\x1f\x7f-\x9f"
    "\u200b\u200e\u200f\u2028\u2029\u202a\u202b\u202c\u202d\u202e\u2066\u2067\u2068\u2069\ufeff\u00ad\u061c]"
)
READ: dict[str, Callable[[str], Any]] = {
    "json": json.loads,
    "sarif": json.loads,
    "ndjson": lambda text: [json.loads(line) for line in text.splitlines()],
    "junit": ET.fromstring,
    "openreports": lambda text: list(yaml.load_all(text, getattr(yaml, "CSafeLoader", yaml.SafeLoader))),
    "prometheus": lambda text: list(text_string_to_metric_families(text)),
}


@pytest.mark.parametrize("which", ["messages", "names"])
@pytest.mark.parametrize("check", [c.id for c in CHECKS])
def test_no_format_lets_hostile_text_act(check: str, which: str) -> None:
    for report in hostile(check, which):
        assert [r.reason for r in report.results if r.status is CheckStatus.BROKEN] == []
        for form in FORMATS:
            text = formatter(form)(report)
            assert obeyed(text) == [], form
            assert "owned title" not in text, form
            text.encode()
            if form in READ:
                READ[form](text)
            if form == "html":
                assert "<script>alert" not in text
                assert "<img src=x" not in text
                assert 'href="http://evil' not in text
        assert obeyed(re.sub(r"\x1b\[[0-9;]*m", "", render(report, color=True, verbose=True))) == []


def test_the_examples_still_say_something() -> None:
    """Or the test above would prove nothing."""
    for which, least in (("messages", 0.8), ("names", 0.3)):
        speaking = [c.id for c in CHECKS if any(r.findings for r in hostile(c.id, which))]
        assert len(speaking) > least * len(CHECKS), which
    shown = "".join(formatter("text")(r) for c in CHECKS for r in hostile(c.id, "messages"))
    assert "[bold red]markup[/bold red] :warning:" in shown, "rich would have eaten it"


def test_gigantic_text_stays_within_bounds() -> None:
    for check in CHECKS[::5]:
        for report in hostile(check.id, "everything", "A" * 200_000):
            for form in FORMATS:
                assert len(formatter(form)(report)) < 400_000, (check.id, form)


# --- the shell -------------------------------------------------------------------------------------------------------

BARE = ("x;:>pwned;", "x$(:>pwned)", "x`:>pwned`", "x|:>pwned", "x&&:>pwned&", "x >pwned", "x\n:>pwned\n")
PAYLOADS = (*BARE, "x';:>pwned;'", 'x";:>pwned;"', "-x\\$(:>pwned)", "x#\n:>pwned", "'$(:>pwned)'", '"$(:>pwned)"')


def runs(command: str, folder: Path) -> bool:
    """Whether a pasted command makes the file that a payload would make. Nothing else can run."""
    script = f"PATH=/nonexistent\nkubectl() {{ :; }}\nhelm() {{ :; }}\n{command}"
    subprocess.run(["bash", "-c", script], cwd=folder, capture_output=True, timeout=10, check=False,
                   stdin=subprocess.DEVNULL)  # fmt: skip
    made = folder / "pwned"
    there = made.exists()
    made.unlink(missing_ok=True)
    return there


def commands_of(check: str, payload: str) -> Iterator[str]:
    for report in hostile(check, "names", payload):
        for f in report.findings:
            yield from f.fix.commands


def test_the_probe_notices_what_runs(tmp_path: Path) -> None:
    assert all(runs(f"kubectl get pod {p}", tmp_path) for p in BARE)
    assert not runs("kubectl get pod x", tmp_path)


@pytest.mark.engine
@pytest.mark.parametrize("payload", PAYLOADS, ids=repr)
def test_no_command_runs_what_a_name_smuggles_in(payload: str, tmp_path: Path) -> None:
    told = {c for check in CHECKS for c in commands_of(check.id, payload)}

    assert len(told) > 20
    smuggled = [c for c in told if "pwned" in c]
    assert [c for c in smuggled if runs(c, tmp_path)] == []


@pytest.mark.parametrize("name", ["--all", "-A", "--server=http://evil.example.org", "-lapp=x", "~root", "=ls"])
def test_no_name_is_an_option(name: str) -> None:
    item = convert(
        Pod,
        {
            "metadata": {"name": name, "namespace": name, "labels": {name: name}},
            "spec": {"nodeName": name, "containers": [{"name": name, "image": name}]},
        },
    )
    container = item.spec.containers[0]
    said = (item.name, item.namespace, *item.labels, *item.labels.values(), item.node, container.name, container.image)

    assert {s[0] for s in said} == {"\ufffd"}
    assert not pasteable(f"kubectl delete pod {item.name}")


def test_no_name_of_a_manifest_is_an_option() -> None:
    manifest = "kind: Pod\napiVersion: v1\nmetadata:\n  name: {}\n"
    assert [o["name"] for o in manifest_objects(manifest.format("'--server=http://x'"))] == [""]
    assert [o["name"] for o in manifest_objects(manifest.format('"system:hub.x-y"'))] == ["system:hub.x-y"]


@pytest.mark.engine
def test_every_command_of_every_example_is_left_in() -> None:
    for check in CHECKS:
        for text in notes.of(check).fires_on:
            for f in diagnose(text, check.id).findings:
                assert "left out" not in f.fix.caution, check.id
                assert len(f.fix.commands) == len([c for c in f.fix.commands if c]), check.id


@pytest.mark.parametrize(
    ("command", "fine"),
    [
        ("kubectl --namespace jhub describe pod hub-1", True),
        ("kubectl get pods --all-namespaces | grep -i csi", True),
        ('kubectl patch pv x -p \'{"a": "$b; c"}\'', True),
        ("kubectl exec -i d/hub -- sh -c 'cat > /x' < jupyterhub.sqlite", True),
        ("kubectl get pods -o 'custom-columns=A:.spec.containers[*].image'", True),
        ("kubectl --namespace jhub get pvc claim-ada-2dlovelace.x--3f2a91c0---9d", True),
        (f"kubectl --namespace jhub describe persistentvolumeclaims {'claim-' + 'x' * 247}", True),
        (f"docker manifest inspect registry.example.org:5000/a/b_c@sha256:{'ab' * 32}", True),
        ("kubectl get events --field-selector reason=FailedScheduling,involvedObject.name=x", True),
        ("kubectl taint nodes a-1 b.example.org-2 hub.jupyter.org/dedicated=user:NoSchedule-", True),
        ("kubectl get pods --all-namespaces --field-selector spec.nodeName=n", True),
        ("kubectl create secret tls x --cert=a.pem --dry-run=client --output yaml | kubectl apply --filename -", True),
        ("echo '{}' | kubectl --namespace jhub apply --filename -", True),
        ("openssl s_client -connect hub.example.org:443 -servername hub.example.org", True),
        ("kubectl logs a | kubectl apply --filename -", False),
        ("echo '{}' | kubectl --namespace jhub delete --filename -", False),
        ("kubectl get pods -o custom-columns=A:.spec.containers[*].image", False),
        ("kubectl get pod *", False),
        ("kubectl get pod ?", False),
        ("kubectl delete pod {a,b}", False),
        ("kubectl delete pod ~root", False),
        ("kubectl delete pod =ls", False),
        ("kubectl delete pod --all", False),
        ("kubectl delete pod --all=true", False),
        ("kubectl delete pod -A", False),
        ("kubectl delete pod -lapp", False),
        ("kubectl delete pod --selector=app", False),
        ("kubectl get pod --server=http://evil.example.org", False),
        ("kubectl get pod --kubeconfig=/tmp/x", False),
        ("kubectl get pod -shttp://evil.example.org", False),
        ("kubectl get pod --token=x", False),
        ("helm get values --kube-apiserver=http://evil.example.org", False),
        ("helm upgrade --post-renderer=/tmp/x", False),
        ("kubectl get pod \u0430", False),
        ("kubectl get pod \u2010\u2010all", False),
        ("kubectl get pod \ufffd", False),
        ("kubectl get pod x > /etc/passwd", False),
        ("kubectl get pod x > .bashrc", False),
        ("kubectl get pod x > ../y", False),
        ("kubectl get pod x | sort --compress-program=y", False),
        ("kubectl get pod $(x)", False),
        ("kubectl get pod `x`", False),
        ("kubectl get pod x; rm y", False),
        ("kubectl get pod x & y", False),
        ("kubectl get pod x | sh", False),
        ("kubectl get pod 'x", False),
        ('kubectl get pod "x"', False),
        ("kubectl get pod x\nrm y", False),
        ("kubectl get pod x > y z", True),
        ("kubectl get pod x >y", False),
    ],
)
def test_what_may_be_pasted(command: str, fine: bool) -> None:
    assert pasteable(command) is fine


# --- what the command line repeats -----------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "words",
    [
        ("run", "--kubeconfig", f"/nowhere/{ESCAPES[0]}"),
        ("run", "--from", f"/nowhere/{ESCAPES[1]}"),
        ("run", "--select", ESCAPES[0]),
        ("run", "-o", ESCAPES[0]),
        ("explain", ESCAPES[0]),
        ("diff", ESCAPES[0], ESCAPES[0]),
        ("run", "--baseline", f"/nowhere/{ESCAPES[0]}"),
    ],
)
def test_errors_do_not_repeat_escapes(words: tuple[str, ...]) -> None:
    result = CliRunner().invoke(cli, list(words))

    assert result.exit_code in {2, 3}
    assert obeyed(result.stderr) == []


def test_cleaning_is_bounded_and_keeps_words() -> None:
    rng = random.Random(5)
    for _ in range(300):
        text = "".join(rng.choice([*ESCAPES, "word ", "\n", "\t", "é", "\U0001f600"]) for _ in range(8))
        assert obeyed(clean(text)) == []
        assert "\n" not in clean(text)
        assert clean("a " + text).startswith("a")
    assert clean("x" * 10_000_000, 50) == "x" * 49 + "\u2026"
