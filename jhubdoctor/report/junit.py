"""JUnit XML, as CI systems read it: a suite a hub, a case a check.

Names stay the same between runs and hold no counts, since CI systems follow a case by its names. A finding at or above
`--fail-on` is a failure, one below it is output of a case that passed; a check that could not look is an error.
"""

from __future__ import annotations

import re
from xml.etree import ElementTree as ET  # builds, parses nothing

from jhubdoctor.engine.result import CheckStatus, Report, Reported, Result
from jhubdoctor.privacy.text import clean
from jhubdoctor.report.lines import objects, values_yaml
from jhubdoctor.report.parts import CLUSTER, doc_url, findings_of, label, stamp, stopped

# what XML 1.0 cannot hold even as a reference
_NO_XML = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\ud800-\udfff\ufffe\uffff]")


def render(report: Report) -> str:
    """One document with a suite for the cluster and for each hub."""
    top = ET.Element("testsuites", name="jhubdoctor")
    suites: dict[str, list[Result]] = {}
    for r in report.results:
        suites.setdefault(label(r), []).append(r)
    for hub, results in suites.items():
        suite = ET.SubElement(top, "testsuite", name=_xml(hub or CLUSTER))
        cases = [_case(suite, report, r) for r in results]
        if report.notices:
            ET.SubElement(suite, "system-err").text = _xml("\n".join(f"note: {clean(n)}" for n in report.notices))
        suite.attrib |= {
            "tests": str(len(cases)),
            "failures": str(sum(c.find("failure") is not None for c in cases)),
            "errors": str(sum(c.find("error") is not None for c in cases)),
            "skipped": str(sum(c.find("skipped") is not None for c in cases)),
            "time": f"{sum(r.duration for r in results):.3f}",
            "timestamp": stamp(report).removesuffix("Z"),
        }
    for key in ("tests", "failures", "errors", "skipped"):
        top.set(key, str(sum(int(s.get(key, "0")) for s in top)))
    top.set("time", f"{report.duration:.3f}")
    ET.indent(top)
    return f'<?xml version="1.0" encoding="UTF-8"?>\n{ET.tostring(top, encoding="unicode")}\n'


def _case(suite: ET.Element, report: Report, r: Result) -> ET.Element:
    case = ET.SubElement(
        suite,
        "testcase",
        classname=_xml(f"{label(r) or CLUSTER}.{r.check.area}"),
        name=r.check.id,
        time=f"{r.duration:.3f}",
    )
    if stopped(r):
        # as the exit code: an unknown that is accepted does not make the job fail
        accepted = report.accept_unknown
        part = ET.SubElement(case, "skipped" if accepted else "error", message=_xml(clean(r.reason, 500)))
        part.text = _xml(f"{r.status.value}: {clean(r.reason, 2000)}\n{doc_url(r.check)}\n")
        if not accepted:
            part.set("type", r.status.value)
    elif r.status is CheckStatus.NOT_APPLICABLE:
        ET.SubElement(case, "skipped", message=_xml(clean(r.reason, 500)))
    findings = findings_of(report, r)
    failing = [f for f in findings if report.fails(f)]
    below = [f for f in findings if not report.fails(f)]
    if failing:
        others = f" (and {len(failing) - 1} more)" if len(failing) > 1 else ""
        failure = ET.SubElement(
            case, "failure", type=failing[0].severity.value, message=_xml(failing[0].finding.says + others)
        )
        failure.text = _xml("\n".join(_paragraph(f) for f in failing))
    hidden = [
        f"{f.finding.says} (suppressed: {f.suppression.reason})"
        for f in report.suppressed
        if f.suppression and f.check is r.check and f.hub is r.hub
    ]
    if below or hidden:
        ET.SubElement(case, "system-out").text = _xml("\n".join([*(_paragraph(f) for f in below), *hidden]))
    return case


def _paragraph(f: Reported) -> str:
    lines = [f"{f.severity.value}: {f.finding.says}", f"on: {objects(f.finding.on)}"]
    if f.explained_by:
        lines.append(f"a consequence of the finding {f.explained_by}")
    lines += [f"seen: {e.source}: {e.detail}" for e in f.finding.proof]
    lines.append(f"fix: {f.fix.text}")
    lines += [f"  {line}" for line in values_yaml(f.fix.values).splitlines()] if f.fix.values else []
    lines += [f"  {c}" for c in f.fix.commands]
    return "\n".join([*lines, doc_url(f.check), f"fingerprint: {f.fingerprint}", ""])


def _xml(text: str) -> str:
    return _NO_XML.sub("\ufffd", text)
