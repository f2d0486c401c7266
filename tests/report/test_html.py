"""The HTML report in a real browser: nothing runs, nothing is loaded, it fits a phone, it can be read in the dark."""

import json
import re
import shutil
import subprocess
from dataclasses import replace
from html import unescape
from html.parser import HTMLParser
from pathlib import Path
from typing import Any

import pytest

from jhubdoctor.engine.result import Report
from jhubdoctor.report import html

CHROMIUM = next(
    filter(None, map(shutil.which, ("chromium", "chromium-browser", "google-chrome", "chromium-headless-shell"))), None
)
browser = pytest.mark.skipif(CHROMIUM is None, reason="no Chromium here: apt-get install chromium")

# Measures the report in a frame as wide as a phone's screen: of the report itself nothing may run.
PROBE = """<!DOCTYPE html><meta charset="utf-8"><body style="margin:0">
<iframe id="f" src="report.html" style="border:0;width:WIDTHpx;height:900px"></iframe><pre id="out"></pre><script>
function rgb(text) { return (text.match(/[\\d.]+/g) || []).map(Number); }
function light([r, g, b]) {
  const part = c => { c /= 255; return c <= 0.03928 ? c / 12.92 : ((c + 0.055) / 1.055) ** 2.4; };
  return 0.2126 * part(r) + 0.7152 * part(g) + 0.0722 * part(b);
}
window.onload = () => {
  const page = document.getElementById("f").contentDocument, view = page.defaultView;
  page.querySelectorAll("details").forEach(d => d.open = true);
  let worst = 99, at = "";
  page.querySelectorAll("body *").forEach(e => {
    if (![...e.childNodes].some(n => n.nodeType === 3 && n.data.trim())) return;
    let behind = e;
    while (behind && rgb(view.getComputedStyle(behind).backgroundColor)[3] === 0) behind = behind.parentElement;
    const back = light(rgb(view.getComputedStyle(behind || page.body).backgroundColor));
    const text = light(rgb(view.getComputedStyle(e).color));
    const ratio = (Math.max(back, text) + 0.05) / (Math.min(back, text) + 0.05);
    if (ratio < worst) { worst = ratio; at = e.outerHTML.slice(0, 80); }
  });
  const shown = which => [...page.querySelectorAll(which)].filter(e => e.offsetHeight > 0).length;
  const small = [...page.querySelectorAll("body *")].map(e => parseFloat(view.getComputedStyle(e).fontSize));
  document.getElementById("out").textContent = JSON.stringify({
    wide: page.documentElement.scrollWidth, title: page.title, contrast: worst, at: at,
    scripts: page.querySelectorAll("script, iframe, img, object, embed, link, form").length,
    handlers: [...page.querySelectorAll("*")].filter(e => [...e.attributes].some(a => a.name.startsWith("on"))).length,
    back: view.getComputedStyle(page.body).backgroundColor, small: Math.min(...small),
    text: page.body.innerText, ran: String(view.ran), shown: shown("article.warning"),
    after: (page.getElementById("show-warning").click(), shown("article.warning")), others: shown("article.error")
  });
};
</script>"""


def chromium(folder: Path, *words: str) -> str:
    assert CHROMIUM is not None
    command = [
        CHROMIUM, "--headless", "--no-sandbox", "--disable-gpu", "--disable-dev-shm-usage", "--no-first-run",
        "--disable-background-networking", "--allow-file-access-from-files", f"--user-data-dir={folder / 'profile'}",
        "--virtual-time-budget=5000", *words,
    ]  # fmt: skip
    return subprocess.run(command, check=True, capture_output=True, text=True, timeout=120).stdout


def measured(report: Report, folder: Path, width: int, *, dark: bool = False) -> dict[str, Any]:
    (folder / "report.html").write_text(html.render(report), encoding="utf-8")
    (folder / "probe.html").write_text(PROBE.replace("WIDTH", str(width)), encoding="utf-8")
    scheme = f"--blink-settings=preferredColorScheme={0 if dark else 1}"
    dom = chromium(folder, scheme, "--dump-dom", (folder / "probe.html").as_uri())
    out = re.search(r'<pre id="out">(.*?)</pre>', dom, re.DOTALL)
    assert out, dom[-500:]
    assert out[1], "the frame was not loaded"
    found: dict[str, Any] = json.loads(unescape(out[1]))
    return found


@browser
@pytest.mark.browser
@pytest.mark.parametrize("dark", [False, True], ids=["light", "dark"])
def test_it_opens_in_a_browser(report: Report, tmp_path: Path, dark: bool) -> None:
    notice = "<img src=x onerror=\"ran='yes'\"><script>ran='yes'</script>"
    found = measured(replace(report, notices=(notice,)), tmp_path, 360, dark=dark)

    assert found["ran"] == "undefined"
    assert found["scripts"] == 0
    assert found["handlers"] == 0
    assert found["title"].startswith("Something is broken")
    assert found["wide"] <= 360, "it must not scroll sideways on a phone"
    assert found["contrast"] >= 4.5, f"{found['at']} is hard to read"
    assert found["small"] >= 12
    assert found["shown"] > 0
    assert found["after"] == 0, "what is not ticked is hidden, without a script"
    assert found["others"] > 0
    assert (found["back"] == "rgb(255, 255, 255)") is not dark
    assert "<script>alert(1)</script>" in found["text"]
    assert "cannot be pulled: connection reset by peer" in found["text"]
    assert "helm upgrade jhub jupyterhub --namespace jhub" in found["text"]


@browser
@pytest.mark.browser
def test_it_can_be_printed(report: Report, tmp_path: Path) -> None:
    (tmp_path / "report.html").write_text(html.render(report), encoding="utf-8")
    paper = tmp_path / "report.pdf"
    chromium(tmp_path, f"--print-to-pdf={paper}", "--no-pdf-header-footer", (tmp_path / "report.html").as_uri())

    assert paper.read_bytes().startswith(b"%PDF")
    assert paper.stat().st_size > 10_000


class Tags(HTMLParser):
    def __init__(self) -> None:
        super().__init__(convert_charrefs=True)
        self.seen: list[tuple[str, dict[str, str | None]]] = []
        self.open: list[str] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.seen.append((tag, dict(attrs)))
        if tag not in {"meta", "br", "input"}:
            self.open.append(tag)

    def handle_endtag(self, tag: str) -> None:
        assert self.open.pop() == tag


@pytest.mark.parametrize("kind", ["report", "fine", "compared"])
def test_only_our_own_tags_and_attributes(kind: str, request: pytest.FixtureRequest) -> None:
    tags = Tags()
    tags.feed(html.render(request.getfixturevalue(kind)))

    assert tags.open == []
    assert {t for t, _ in tags.seen} <= {
        "html", "head", "meta", "title", "style", "body", "header", "main", "section", "footer", "article", "h1", "h2",
        "h3", "p", "ul", "ol", "li", "dl", "dt", "dd", "pre", "code", "span", "b", "strong", "a", "br", "details",
        "summary", "table", "thead", "tbody", "tr", "th", "td", "fieldset", "legend", "label", "input",
    }  # fmt: skip
    assert {a for _, found in tags.seen for a in found} <= {
        "lang", "charset", "name", "content", "http-equiv", "class", "id", "href", "open", "type",
        "checked",
    }  # fmt: skip
    ours = ("https://jhubdoctor.", "#f-")
    assert all(str(found["href"]).startswith(ours) for _, found in tags.seen if "href" in found)
    assert {found["type"] for tag, found in tags.seen if tag == "input"} <= {"checkbox"}


def test_the_overview_leads_to_each_finding_and_many_are_closed(report: Report) -> None:
    first = report.findings[0]
    many = [replace(first, fingerprint=f"{i:016x}", explained_by=None) for i in range(100)]
    text = html.render(replace(report, findings=tuple(many)))
    overview, cards = (re.findall(pattern, text) for pattern in (r'href="#f-(\w+)"', r'<article [^>]*id="f-(\w+)"'))

    assert overview == cards
    assert len(cards) == 100
    assert text.count("<details open>") == html.MOST_OPEN


def test_nothing_is_loaded_from_anywhere(report: Report) -> None:
    text = html.render(report)

    assert "default-src 'none'" in text
    style = text[text.index("<style>") : text.index("</style>")]
    assert "url(" not in style
    assert "@import" not in style


def test_a_known_finding_is_not_called_new(compared: Report) -> None:
    text = html.render(compared)
    articles = {
        m[1]: m[0] for m in re.finditer(r'<article class="[\w -]+" id="f-(\w+)">.*?</article>', text, re.DOTALL)
    }

    assert 'class="new"' not in articles[f"{1:016x}"]
    assert 'class="new"' in articles[f"{3:016x}"]
    assert "the hub stops again and again" in text
