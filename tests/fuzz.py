"""Feeds the readers of what others made with what nobody makes, for as long as it is told to.

    python -m tests.fuzz [--seconds 60] [--seed 0] [--only WORD]

Bundles, dumps, kubeconfigs, Tables, pages of lists, logs and values: whatever comes in, a value or a sentence comes
out, soon, and no check breaks on it. It starts from real ones, cuts, doubles, mixes and odds them; what makes a reader
stumble is made small by Hypothesis and printed. The exit code is 1 where there was any.
"""

from __future__ import annotations

import argparse
import base64
import contextlib
import gzip
import io
import json
import sys
import tarfile
import tempfile
import time
import traceback
from collections import Counter
from collections.abc import Callable
from functools import cache
from importlib import resources
from pathlib import Path
from typing import Any

import yaml
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import seed as seeded
from hypothesis import strategies as st

from jhubdoctor.engine.result import CheckStatus
from jhubdoctor.facts.logs import parse_log, parse_spawns
from jhubdoctor.facts.traceback import raised
from jhubdoctor.model.errors import DoctorError
from jhubdoctor.model.hub import Scope
from jhubdoctor.model.yaml import BadValues, load_yaml
from jhubdoctor.privacy.logs import masked
from jhubdoctor.privacy.releases import reduced_release
from jhubdoctor.sources import bundle
from jhubdoctor.sources.decode import NotJSON, decode_page
from jhubdoctor.sources.kept import Recorder
from jhubdoctor.sources.live import LiveReader
from jhubdoctor.sources.reads import READS
from jhubdoctor.sources.table import WELL, read_table
from jhubdoctor.testing import Example, judged, registry

SECONDS = 5.0
"""What one input may take of the processor."""
ROUND = 60
"""Inputs of one reader before the next has its turn."""
HERE = Scope(default_namespace="jhub")
HUBLOGS = Path(__file__).parent / "fixtures" / "hublogs"
# What once made a parser of somebody stumble.
ODD = (
    *(b"null", b"[]", b"{}", b'""', b"0", b"-1", b"1e999", b"NaN", b"9" * 400, b"true", b'{"name":{}}', b'["x"]'),
    *(
        b"[" * 200,
        b'{"a":' * 200,
        b'"items":',
        b'"kind":"Table"',
        b'"rows":[{}]',
        b"'",
        b'"',
        b"\\",
        b"%",
        b"://",
        b"@",
    ),
    *(
        b"\x00",
        b"\xff\xfe",
        b"\xed\xa0\x80",
        b"\xe2\x80\xa8",
        b"\r",
        b"\n",
        b"\t",
        b"\x1b[31m",
        b":",
        b"::",
        b"x" * 20_000,
    ),
    *(b"\n\n---\n", b"&a [*a]", b"*a", b"<<: *a", b"!!binary x", b"? ", b"Traceback"),
    *(b"2026-99-99T99:99:99Z", b"9999-12-31T23:59:59Z"),
)


def _demo() -> str:
    return resources.files("jhubdoctor.example").joinpath("demo.yaml").read_text(encoding="utf-8")


@cache
def answers() -> tuple[tuple[str, bytes], ...]:
    """The files of a bundle of the demonstration."""
    recorder = Recorder(Example(_demo()).reader())
    judged(registry(), registry().select(), recorder, HERE, concurrency=1)
    body = bundle.dumps(recorder.collected(HERE))
    with tarfile.open(fileobj=io.BytesIO(body)) as tar:
        return tuple((m.name, f.read()) for m in tar if (f := tar.extractfile(m)))


def packed(files: tuple[tuple[str, bytes], ...]) -> bytes:
    """A tar.gz of these files."""
    out = io.BytesIO()
    with tarfile.open(fileobj=out, mode="w:gz", compresslevel=1) as tar:
        for name, body in files:
            info = tarfile.TarInfo(name)
            info.size = len(body)
            tar.addfile(info, io.BytesIO(body))
    return out.getvalue()


@cache
def pages() -> tuple[bytes, ...]:
    """Lists as an API server sends them."""
    objects = Example(_demo()).reader()._objects
    return tuple(json.dumps({"kind": "List", "items": o}, default=str).encode() for o in objects.values())


@cache
def dumps() -> tuple[bytes, ...]:
    """Files as `kubectl get -o json|yaml` writes them, with logs of `kubectl cluster-info dump`."""
    log = b"==== START logs for container hub of pod jhub/hub-7d9c ====\n%s\n==== END logs for container\n" % logs()[0]
    whole = {"kind": "List", "items": [o for page in pages() for o in json.loads(page)["items"]]}
    return (json.dumps(whole).encode(), *pages(), yaml.safe_dump(whole).encode(), b"\n".join(pages()[:3]) + b"\n" + log)


@cache
def logs() -> tuple[bytes, ...]:
    """Logs of real hubs."""
    return tuple(path.read_bytes()[:20_000] for path in sorted(HUBLOGS.glob("*.log")))


TABLE = {
    "kind": "Table",
    "metadata": {"continue": "x"},
    "columnDefinitions": [{"name": n} for n in ("Name", "Ready", "Status", "Restarts", "Desired", "Age")],
    "rows": [{"cells": ["a", "1/1", "Running", "0", 1, "3d"]}, {"cells": ["b", "0/1", "Lost", "3 (2m ago)", 2, "1d"]}],
}
# No plugin is in it: it would be run.
KUBECONFIG = {
    "apiVersion": "v1",
    "kind": "Config",
    "current-context": "here",
    "clusters": [
        {
            "name": "c",
            "cluster": {
                "server": "https://127.0.0.1:1",
                "proxy-url": "http://127.0.0.1:2",
                "insecure-skip-tls-verify": True,
                "certificate-authority-data": base64.b64encode(b"-----BEGIN CERTIFICATE-----").decode(),
                "tls-server-name": "x",
            },
        }
    ],
    "users": [{"name": "u", "user": {"token": "t", "username": "n", "password": "p", "client-key-data": "eA=="}}],
    "contexts": [{"name": "here", "context": {"cluster": "c", "user": "u", "namespace": "jhub"}}],
}
RELEASE = {
    "name": "jhub",
    "version": 3,
    "info": {"status": "deployed", "description": "Upgrade complete"},
    "chart": {"metadata": {"name": "jupyterhub", "version": "4.4.0"}, "values": {"hub": {}}},
    "config": {"hub": {"config": {"JupyterHub": {"admin_access": True}}}},
    "manifest": "---\nkind: A\napiVersion: v1\nmetadata:\n  name: x\n",
    "hooks": [],
}


# --- inputs ----------------------------------------------------------------------------------------------------------


Seeds = Callable[[], tuple[bytes, ...]]


@st.composite
def spoiled(draw: st.DrawFn, seeds: Seeds) -> bytes:
    """One of these, cut, doubled, mixed with another, and odd in places."""
    body = draw(st.sampled_from(seeds()))
    for _ in range(draw(st.integers(0, 6))):
        at = draw(st.integers(0, max(len(body), 1)))
        end = at + draw(st.integers(0, 60))
        match draw(st.integers(0, 5)):
            case 0:
                body = body[:at] + body[end:]
            case 1:
                body = body[:end] + body[at:]
            case 2:
                body = body[:at] + draw(st.sampled_from(ODD)) + body[end:]
            case 3:
                body = body[:at] + draw(st.binary(max_size=6)) + body[at:]
            case 4:
                other = draw(st.sampled_from(seeds()))
                start = draw(st.integers(0, max(len(other), 1)))
                body = body[:at] + other[start : start + 300] + body[at:]
            case _:
                body = body[: max(at, 1)]
    return body


VALUES = (
    *("null", "[]", "{}", '""', f'"{"x" * 300}"', "-1", "1" + "0" * 30, "1.5", "true", "[[]]", '{"": {}}', "[null]"),
    *('"1e999"', '"\\u0000"', '"9999-12-31T23:59:59Z"'),
)


@st.composite
def odd_json(draw: st.DrawFn, seeds: Seeds) -> bytes:
    """JSON of a shape that nobody sends: some of its values are others, or in a list, or text."""
    document = json.loads(draw(st.sampled_from([s for s in seeds() if _is_json(s)])))
    for _ in range(draw(st.integers(1, 4))):
        at: Any = {"": document}
        key: Any = ""
        for _depth in range(draw(st.integers(1, 10))):
            inner = at[key]
            if not isinstance(inner, (dict, list)) or not inner:
                break
            keys = sorted(inner) if isinstance(inner, dict) else range(len(inner))
            at, key = inner, draw(st.sampled_from(keys))
        at[key] = draw(st.sampled_from([*map(json.loads, VALUES), [at[key]], str(at[key])]))
    return json.dumps(document).encode()


@cache
def _is_json(body: bytes) -> bool:
    try:
        json.loads(body)
    except ValueError:
        return False
    return True


def either(seeds: Seeds) -> st.SearchStrategy[bytes]:
    """Spoiled bytes or odd JSON of these."""
    return spoiled(seeds) | odd_json(seeds)


@st.composite
def bundles(draw: st.DrawFn) -> bytes:
    """Bundles with spoiled files, more or fewer of them, or spoiled as a whole."""
    files = list(answers())
    for _ in range(draw(st.integers(0, 3))):
        i = draw(st.integers(0, len(files) - 1))
        name, body = answers()[i]
        files[i] = (name, draw(either(lambda: (body,))))  # noqa: B023  - it is drawn here and now
    if draw(st.integers(0, 9)) == 0:
        del files[draw(st.integers(0, len(files) - 1))]
    whole = packed(tuple(files))
    match draw(st.integers(0, 7)):
        case 0:
            return draw(spoiled(lambda: (whole,)))
        case 1:
            return draw(spoiled(lambda: (gzip.decompress(whole),)))
    return whole


# --- readers ---------------------------------------------------------------------------------------------------------


def read_file(body: bytes) -> None:
    """A file that is given with `--from`, and a run over what it holds."""
    with tempfile.NamedTemporaryFile() as f:
        f.write(body)
        f.flush()
        reader = bundle.open_reader(f.name)
    report = judged(registry(), registry().select(), reader, HERE, concurrency=1)
    broken = [f"{r.check.id}: {r.reason}" for r in report.results if r.status is CheckStatus.BROKEN]
    assert not broken, broken


def read_kubeconfig(body: bytes) -> None:
    """A kubeconfig, up to where something would be asked."""
    with tempfile.NamedTemporaryFile() as f:
        f.write(body)
        f.flush()
        LiveReader(f.name, timeout=1)


def read_rows(body: bytes) -> None:
    """A Table of each kind that there are Tables of."""
    for read in WELL:
        with contextlib.suppress(NotJSON):
            read_table(read, body)


def read_page(body: bytes) -> None:
    """A page of a list of each kind."""
    for kind in {r.type for r in READS.values()}:
        with contextlib.suppress(NotJSON):
            decode_page(kind, body)


def read_log(body: bytes) -> None:
    """A log, masked and parsed; masking what is masked changes nothing."""
    text = masked(body.decode(errors="replace"))
    assert masked(text) == text
    entries = parse_log(text)
    parse_spawns(entries)
    raised(text.split("\n"))


def read_yaml(body: bytes) -> None:
    """Values."""
    load_yaml(body.decode(errors="replace"))


def read_release(body: bytes) -> None:
    """What Helm keeps of a release."""
    reduced_release(base64.b64encode(base64.b64encode(gzip.compress(body, 1))).decode())


Target = tuple[Callable[[bytes], None], Callable[[], st.SearchStrategy[bytes]]]
TARGETS: dict[str, Target] = {
    "bundle": (read_file, bundles),
    "dump": (read_file, lambda: either(dumps)),
    "kubeconfig": (read_kubeconfig, lambda: either(lambda: (json.dumps(KUBECONFIG).encode(),))),
    "table": (read_rows, lambda: either(lambda: (json.dumps(TABLE).encode(),))),
    "page": (read_page, lambda: either(pages)),
    "log": (read_log, lambda: spoiled(logs)),
    "yaml": (read_yaml, lambda: spoiled(lambda: (_demo().encode(),))),
    "release": (read_release, lambda: either(lambda: (json.dumps(RELEASE).encode(),))),
}


def fed(name: str, number: int, count: int = ROUND) -> int:
    """Feed one reader; how many inputs it had.

    Raises:
        Exception: what a reader raised that is no sentence, with the input that did it in its notes.
    """
    read, inputs = TARGETS[name]
    fed_with = 0

    @seeded(number)
    @settings(
        max_examples=count,
        deadline=None,
        database=None,
        derandomize=False,
        phases=[Phase.generate, Phase.shrink],
        suppress_health_check=list(HealthCheck),
        print_blob=False,
    )
    @given(inputs())
    def one(body: bytes) -> None:
        nonlocal fed_with
        fed_with += 1
        start = time.process_time()
        with contextlib.suppress(DoctorError, BadValues):
            read(body)
        took = time.process_time() - start
        assert took < SECONDS, f"it took {took:.1f} s"

    one()
    return fed_with


def main() -> int:
    """Feed each in turn until the time is up."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--seconds", type=float, default=60)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--only", default="", choices=["", *TARGETS])
    arguments = parser.parse_args()
    end, number = time.monotonic() + arguments.seconds, arguments.seed
    had: Counter[str] = Counter()
    stumbled: set[str] = set()
    while time.monotonic() < end:
        for name in [arguments.only] if arguments.only else TARGETS:
            if name in stumbled or time.monotonic() >= end:
                continue
            try:
                had[name] += fed(name, number)
            except Exception as e:  # noqa: BLE001  - whatever a reader raises is what is looked for
                stumbled.add(name)
                told = "".join(traceback.format_exception(e, limit=-8))
                sys.stderr.write(f"{name}, --only {name} --seed {number}:\n{told[:10_000]}\n")
        number += 1
    sys.stdout.write(f"{number - arguments.seed} rounds: {', '.join(f'{n} {c}' for n, c in had.items())}\n")
    sys.stdout.write(f"stumbled: {', '.join(sorted(stumbled)) or 'none'}\n")
    return 1 if stumbled else 0


if __name__ == "__main__":
    sys.exit(main())
