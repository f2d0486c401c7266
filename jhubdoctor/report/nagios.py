"""The line of a monitoring plugin (Nagios, Icinga, Naemon, ...), and its exit code.

These systems read one line and the codes 0 OK, 1 WARNING, 2 CRITICAL, 3 UNKNOWN. So where this format goes to standard
output it is the one format that has an exit code of its own.
"""

from __future__ import annotations

from jhubdoctor.engine.result import Report
from jhubdoctor.model.finding import Severity
from jhubdoctor.model.words import count, some
from jhubdoctor.privacy.text import clean
from jhubdoctor.report.parts import stopped

STATES = ("OK", "WARNING", "CRITICAL", "UNKNOWN")
MOST_NAMED = 5


def exit_code(report: Report) -> int:
    """0 to 3, the worst of: an error is critical, a warning a warning; then what could not look, unless accepted.

    An error that was seen outweighs what was not seen. Findings that the baseline knows do not count.
    """
    severities = {f.severity for f in report.findings if not f.known}
    if Severity.ERROR in severities:
        return 2
    if Severity.WARNING in severities:
        return 1
    return 3 if not report.accept_unknown and any(map(stopped, report.results)) else 0


def render(report: Report) -> str:
    """One line: the state, what there is, and the performance data."""
    # the root causes; what is folded under them is a matter for the report
    causes = [f for f in report.findings if f.explained_by is None]
    new = [f for f in causes if not all(m.known for m in (f, *report.symptoms(f)))]
    counts = {s: sum(report.weight(f) is s for f in new) for s in Severity}
    blind = sum(map(stopped, report.results))
    checks = len(report.results)
    words = [count(counts[s], s.value) for s in (Severity.ERROR, Severity.WARNING) if counts[s]]
    words += [f"{blind} unknown"] if blind else []
    named = some(dict.fromkeys(f.check.id for f in new if report.weight(f) is not Severity.INFO), MOST_NAMED)
    text = f"{', '.join(words) or 'nothing found'} in {count(checks, 'check')} of {count(len(report.hubs), 'hub')}"
    noted = "".join(f"; note: {clean(n, 200)}" for n in report.notices)
    data = [
        f"errors={counts[Severity.ERROR]};;0;0",
        f"warnings={counts[Severity.WARNING]};0;;0",
        f"infos={counts[Severity.INFO]};;;0",
        f"unknown={blind};;;0;{checks}",
        f"checks={checks};;;0",
        f"duration={report.duration:.2f}s;;;0",
    ]
    return line(exit_code(report), (f"{text}: {named}" if named else text) + noted, " ".join(data))


def line(state: int, text: str, data: str = "") -> str:
    """A line for a state. The bar sets the performance data apart, so the text has none."""
    message = clean(text, 1000).replace("|", "/")
    return f"{STATES[state]} - {message}" + (f" | {data}" if data else "") + "\n"
