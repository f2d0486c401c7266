"""The site, built strictly: every address that an output names is a page of it, and no link of it leads nowhere."""

import functools
import http.server
import json
import os
import re
import shutil
import signal
import subprocess
import sys
import threading
from collections.abc import Iterator
from dataclasses import dataclass, field
from html import unescape
from html.parser import HTMLParser
from pathlib import Path
from queue import SimpleQueue
from urllib.parse import unquote, urldefrag, urljoin, urlsplit

import pytest
from click.testing import CliRunner

from jhubdoctor import SITE, note_url
from jhubdoctor.commands.group import cli
from jhubdoctor.engine import notes
from jhubdoctor.engine.declare import Check
from jhubdoctor.model.yaml import load_yaml
from jhubdoctor.report import FORMATS, schemas
from jhubdoctor.report.parts import doc_url
from jhubdoctor.testing import findings_of, registry

pytest.importorskip("zensical", reason="no zensical here: nox -s docs")

ROOT = Path(__file__).parent.parent.parent
JOBS = load_yaml((ROOT / ".readthedocs.yaml").read_text(encoding="utf-8"))["build"]["jobs"]
OUTPUT = "out"
HOST = "https://jhubdoctor.readthedocs.io/"
CHECKS = list(registry().checks.values())
CHROMIUM = next(
    filter(None, map(shutil.which, ("chromium", "chromium-browser", "google-chrome", "chromium-headless-shell"))), None
)


def shell(command: str, folder: Path) -> subprocess.CompletedProcess[str]:
    """A command as Read the Docs runs it."""
    path = f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}"
    env = os.environ | {"PATH": path, "READTHEDOCS_OUTPUT": str(folder / OUTPUT)}
    return subprocess.run(command, shell=True, cwd=folder, check=False, capture_output=True, text=True, env=env)  # noqa: S602


@pytest.fixture(scope="session")
def sources(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The sources of the site with all that is generated, as Read the Docs has them."""
    folder = tmp_path_factory.mktemp("docs")
    shutil.copy(ROOT / "zensical.toml", folder)
    shutil.copytree(
        ROOT / "docs", folder / "docs", ignore=shutil.ignore_patterns("checks", "schemas", "messages.md", "fixes.md")
    )
    proofs = Path("tests", "cluster", "proofs.py")
    (folder / proofs).parent.mkdir(parents=True)
    shutil.copy(ROOT / proofs, folder / proofs)
    for command in JOBS["pre_build"]:
        assert (done := shell(command, folder)).returncode == 0, done.stdout + done.stderr
    return folder


@pytest.fixture(scope="session")
def site(sources: Path) -> Path:
    for command in JOBS["build"]["html"]:
        assert (done := shell(command, sources)).returncode == 0, done.stdout + done.stderr
    return sources / OUTPUT / "html"


@dataclass
class Page(HTMLParser):
    """What of a page leads elsewhere, and what can be led to."""

    links: list[str] = field(default_factory=list)
    loads: list[str] = field(default_factory=list)
    ids: set[str] = field(default_factory=set)
    folded: str = ""
    _depth: int = 0

    def __post_init__(self) -> None:
        super().__init__()

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        given = {k: v or "" for k, v in attrs}
        self.ids |= {given[k] for k in ("id", "name") if given.get(k)}
        self._depth += tag == "details"
        if "src" in given or (tag == "link" and given.get("rel") not in {"canonical", "next", "prev", "alternate"}):
            self.loads.append(given.get("src") or given["href"])
        elif tag in {"a", "link"} and "href" in given:
            self.links.append(given["href"])

    def handle_endtag(self, tag: str) -> None:
        self._depth -= tag == "details"

    def handle_data(self, data: str) -> None:
        if self._depth:
            self.folded += data


@pytest.fixture(scope="session")
def pages(site: Path) -> dict[str, Page]:
    """Address below the site, as `checks/spawn-error/`, to page."""
    found = {}
    for path in sorted(site.rglob("*.html")):
        page = Page()
        page.feed(path.read_text(encoding="utf-8"))
        found[path.relative_to(site).as_posix().removesuffix("index.html")] = page
    return found


def leads(address: str, site: Path, pages: dict[str, Page]) -> bool:
    """Whether an address below the site is there, its anchor too."""
    path, anchor = urldefrag(unquote(address))
    if path in pages:
        return not anchor or anchor in pages[path].ids or anchor == "__top"
    return (site / path).is_file() and not path.endswith(".html")


def relative(address: str, link: str) -> str:
    """Where a link of a page leads, below the site; what leads out of it keeps its whole address."""
    home = "/en/latest/"
    return urljoin(home + address, link).removeprefix(home)


def below(url: str) -> str:
    """The part of an address after the version that it is of."""
    assert url.startswith((SITE, f"{HOST}en/latest/")), f"{url} is published nowhere"
    return url.removeprefix(SITE).removeprefix(f"{HOST}en/latest/")


@pytest.mark.parametrize("check", CHECKS, ids=lambda c: c.id)
def test_every_check_has_its_page(check: Check, site: Path, pages: dict[str, Page]) -> None:
    assert leads(below(doc_url(check)), site, pages)


def test_what_no_page_is_made_for_has_a_page_that_says_so(site: Path, pages: dict[str, Page]) -> None:
    assert leads(below(note_url("", "acme-license-missing")), site, pages)


@pytest.mark.parametrize(
    "words",
    [
        *(["demo", "-o", f] for f in FORMATS),
        *(["schema", n] for n in schemas.NAMES),
        ["list", "-o", "json"],
        ["explain", "spawn-timeout"],
        ["explain", "spawn-timeout", "-o", "json"],
        ["upgrade", "--offline", "--to-chart", "4.4.0", "-f", os.devnull],
    ],
    ids=" ".join,
)
def test_every_address_that_a_command_prints_is_there(words: list[str], site: Path, pages: dict[str, Page]) -> None:
    printed = CliRunner().invoke(cli, words).stdout
    named = set(re.findall(rf"{re.escape(HOST)}[^\s\"'<>)\]\\]*", unescape(printed)))

    assert printed
    assert all(leads(below(n), site, pages) for n in named - {HOST})


def test_every_address_that_is_deployed_is_there(site: Path, pages: dict[str, Page]) -> None:
    files = [p for p in (ROOT / "deploy").rglob("*") if p.suffix in {".yaml", ".json", ".md", ".in"}]
    text = "\n".join(p.read_text(encoding="utf-8") for p in files)
    text = re.sub(r"\{\{ \$labels\.check \}\}|\$\{__data\.fields\.check\}", CHECKS[0].id, text)
    named = set(re.findall(rf"{re.escape(HOST)}en/[^\s\"'<>)\]\\]+", text))

    assert named
    assert all(leads(below(n), site, pages) for n in named)


def test_no_link_leads_nowhere(site: Path, pages: dict[str, Page]) -> None:
    """Pictures, files and plain HTML too, which the strict build does not look at."""
    wrong = [
        f"{address} -> {link}"
        for address, page in pages.items()
        if address != "404.html"  # its links are those of where it is published
        for link in [*page.links, *page.loads]
        if not urlsplit(link).scheme and not leads(relative(address, link), site, pages)
    ]

    assert wrong == []


def test_links_of_the_readme_are_there(site: Path, pages: dict[str, Page]) -> None:
    for name in ("README.md", "CONTRIBUTING.md"):
        text = (ROOT / name).read_text(encoding="utf-8")
        for link in re.findall(r"(?:\]\(|^\[[^\]]+\]: )([^)\s]+)", text, re.MULTILINE):
            if link.startswith(HOST):
                assert link == HOST or leads(below(link), site, pages), link
            elif not urlsplit(link).scheme:
                assert (ROOT / urldefrag(link)[0]).is_file(), link


def test_nothing_is_loaded_from_elsewhere(site: Path, pages: dict[str, Page]) -> None:
    assert {u for page in pages.values() for u in page.loads if urlsplit(u).netloc} == set()
    styles = "\n".join(p.read_text(encoding="utf-8") for p in site.rglob("*.css"))
    assert re.findall(r"(?:@import|url\()\s*['\"]?(?:https?:)?//[^)]*", styles) == []
    assert "url(" not in (site / "demo.svg").read_text(encoding="utf-8").replace("url(#", "")


@pytest.mark.parametrize("broken", ["[x](nowhere.md)", "[x](run.md#nowhere)", "[x](#nowhere)"])
def test_a_broken_link_fails_the_build(sources: Path, tmp_path: Path, broken: str) -> None:
    shutil.copytree(sources, tmp_path, dirs_exist_ok=True, ignore=shutil.ignore_patterns("site", OUTPUT, ".cache"))
    with (tmp_path / "docs" / "start.md").open("a", encoding="utf-8") as f:
        f.write(f"\n{broken}\n")

    assert shell(JOBS["build"]["html"][0], tmp_path).returncode != 0


@pytest.mark.parametrize("check", CHECKS, ids=lambda c: c.id)
def test_examples_are_folded_away(check: Check, pages: dict[str, Page], site: Path) -> None:
    address = below(doc_url(check))
    text = (site / address / "index.html").read_text(encoding="utf-8")

    for heading in ("Fires on", "Quiet on"):
        assert heading in pages[address].folded
        assert heading not in text.split("<details>")[0]
    assert ">Fix<" in re.sub(r"<a class=\"headerlink\".*?</a>", "<", text.split("<details>")[0])


# --- messages --------------------------------------------------------------------------------------------------------


def checks_of(site: Path, text: str) -> set[str]:
    """The checks that the page of messages names beside a text."""
    rows = re.findall(r"<tr>.*?</tr>", (site / "messages" / "index.html").read_text(encoding="utf-8"), re.DOTALL)
    mine = [r for r in rows if text in unescape(re.sub(r"<[^>]+>", " ", r))]
    return {m for r in mine for m in re.findall(r'href="\.\./checks/([\w-]+)/"', r)}


@pytest.mark.parametrize(
    ("text", "check"),
    [
        ("nodes are available: 2 Insufficient memory", "insufficient-resources"),
        ("untolerated taint", "taint-not-tolerated"),
        ("another operation (install/upgrade/rollback) is in progress", "helm-release-not-deployed"),
        ("pod has unbound immediate PersistentVolumeClaims", "hub-volume-pending"),
        ("exceeded quota: …, requested: …, used: …, limited:", "spawn-rejected"),
        ("toomanyrequests", "image-pull-failed"),
        ("no matching manifest for", "image-pull-failed"),
        ("database is locked", "hub-database-locked"),
        ('admission webhook "…" denied the request', "spawn-rejected"),
        ("driver name … not found in the list of registered CSI drivers", "volume-mount-failed"),
        ("Spawn failed", "spawn-timeout"),
        ("Spawn failed", "spawn-error"),
    ],
)
def test_a_message_leads_to_its_check(site: Path, text: str, check: str) -> None:
    assert check in checks_of(site, text)


@pytest.mark.parametrize(
    ("reason", "check"),
    [
        ("CrashLoopBackOff", "hub-crash-loop"),
        ("CrashLoopBackOff", "user-pod-crash-loop"),
        ("FailedMount", "volume-mount-failed"),
        ("CreateContainerConfigError", "user-container-config-error"),
        ("ImagePullBackOff", "image-pull-failed"),
        ("ErrImagePull", "image-pull-failed"),
        ("ContainerCreating", "volume-multi-attach"),
        ("OOMKilled", "hub-oom-killed"),
        ("Evicted", "user-pod-evicted"),
        ("Unschedulable", "insufficient-resources"),
    ],
)
def test_a_reason_leads_to_checks_that_fire_where_it_is(site: Path, reason: str, check: str) -> None:
    named = {c for c in registry().checks.values() if c.id in checks_of(site, f" {reason} ")}

    assert check in {c.id for c in named}
    for c in named:
        assert [t for t in notes.of(c).fires_on if reason in t and findings_of(t, c.id)], c.id


def test_what_is_short_or_ordinary_is_no_message(site: Path) -> None:
    text = (site / "messages" / "index.html").read_text(encoding="utf-8")
    shown = {unescape(t) for t in re.findall(r"<code>(.*?)</code>", text)}

    assert not {"403", "Error", "Failed"} & shown
    assert not [t for t in shown if "Successfully assigned" in t or t.startswith("[I ")]


# --- in a browser ----------------------------------------------------------------------------------------------------

# Opens every page in a frame as wide as a phone's screen, one after the other, and sends what it saw to the server that
# the pages come from: a browser asked to print the page when all is done may wait for the search's worker for ever.
PROBE = """<!DOCTYPE html><meta charset="utf-8"><body style="margin:0">
<iframe id="f" style="border:0;width:WIDTHpx;height:900px"></iframe><script>
const frame = document.getElementById("f"), pages = PAGES, wide = {}, asked = new Set();
const load = (page) => new Promise((done) => { frame.onload = done; frame.src = page || "./"; });
(async () => {
  for (const page of pages) {
    await load(page);
    const d = frame.contentDocument;
    d.querySelectorAll("details").forEach((e) => e.open = true);
    wide[page] = d.scrollingElement.scrollWidth;
    frame.contentWindow.performance.getEntriesByType("resource").forEach((e) => asked.add(new URL(e.name).host));
  }
  await load("messages/?q=0/3+nodes+are+available:+pod+has+unbound+immediate+PersistentVolumeClaims");
  const found = [...frame.contentDocument.querySelectorAll("tbody tr:not([hidden])")].map((r) => r.cells[2].innerText);
  await load("checks/");
  const d = frame.contentDocument, all = d.querySelectorAll("tbody tr").length;
  const [area, severity] = d.querySelectorAll("select");
  area.selectedIndex = 1; severity.selectedIndex = 1;
  area.dispatchEvent(new Event("input", {bubbles: true}));
  const left = [...d.querySelectorAll("tbody tr:not([hidden])")].map((r) => [1, 2].map((i) => r.cells[i].innerText));
  return {wide, found, all, left, hosts: [...asked], chosen: [area.value, severity.value],
    count: d.querySelector("output").textContent};
})().catch((error) => ({error: String(error)}))
  .then((seen) => fetch("/", {method: "POST", body: JSON.stringify(seen)}));
</script>"""


@dataclass
class Served:
    """The site as a browser gets it.

    Attributes:
        address: where.
        sent: what the browser sends.
    """

    address: str
    sent: SimpleQueue[str]


@pytest.fixture
def served(site: Path) -> Iterator[Served]:
    sent: SimpleQueue[str] = SimpleQueue()

    class Quiet(http.server.SimpleHTTPRequestHandler):
        def do_POST(self) -> None:
            sent.put(self.rfile.read(int(self.headers["Content-Length"])).decode())
            self.send_response(204)
            self.end_headers()

        def log_message(self, *_: object) -> None:
            """Nobody reads it."""

    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), functools.partial(Quiet, directory=str(site))) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        yield Served(f"http://127.0.0.1:{server.server_port}/", sent)
        server.shutdown()


@pytest.mark.skipif(CHROMIUM is None, reason="no Chromium here: apt-get install chromium")
@pytest.mark.browser
@pytest.mark.parametrize("width", [390, 1280])
def test_no_page_scrolls_sideways_or_asks_others_and_tables_can_be_filtered(
    site: Path, pages: dict[str, Page], served: Served, tmp_path: Path, width: int
) -> None:
    names = [p for p in pages if p != "404.html"]
    probe = site / "probe.html"
    probe.write_text(PROBE.replace("WIDTH", str(width)).replace("PAGES", json.dumps(names)), encoding="utf-8")
    assert CHROMIUM is not None
    command = [
        CHROMIUM, "--headless", "--no-sandbox", "--disable-gpu", "--disable-dev-shm-usage", "--disable-quic",
        "--no-first-run", "--disable-background-networking", "--disable-component-update", "--disable-sync",
        f"--user-data-dir={tmp_path}", "--host-resolver-rules=MAP * ~NOTFOUND, EXCLUDE 127.0.0.1",
        f"{served.address}probe.html",
    ]  # fmt: skip
    browser = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, start_new_session=True)
    try:
        found = json.loads(served.sent.get(timeout=300))
    finally:
        # where it is a script of the distribution, the browser itself is a child of it
        os.killpg(browser.pid, signal.SIGKILL)
        browser.wait()
        probe.unlink()

    assert "error" not in found
    assert found["wide"].keys() == set(names)
    assert {p: w for p, w in found["wide"].items() if w > width} == {}
    assert found["hosts"] == [urlsplit(served.address).netloc], "a reader's browser is sent nowhere else"
    assert "hub-volume-pending" in found["found"]
    assert 0 < len(found["left"]) < found["all"] == len(CHECKS)
    assert found["left"] == [found["chosen"]] * len(found["left"])
    assert found["count"] == f"{len(found['left'])} of {found['all']}"
