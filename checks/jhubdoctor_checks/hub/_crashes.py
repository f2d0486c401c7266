"""Why a hub does not start or ends: told from the last lines of the run that ended."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass, replace

from jhubdoctor.api import Entry, Fix, Hub, api_answer, clean
from jhubdoctor_checks.answered import meaning, remedy
from jhubdoctor_checks.texts import Known, last_words, names_of
from jhubdoctor_checks.texts.jupyterhub import CRASH, CRASHES, Entered

# The chart prints these while it loads its configuration; the last before a traceback is the part that failed.
_PART = r"^Loading (?P<part>extra config: [\w.\-/ ]{1,80}|\S+ config: \S{1,80}|pass-through config section \S+)$"
# How much before the fatal entry still belongs to it, and how far back is looked where there is none.
_NEAR, _FAR = 6, 60


@dataclass(frozen=True)
class Diagnosis:
    """A class of crash, and the entry that tells of it.

    Attributes:
        crash: the class.
        match: what its pattern found.
        entry: where.
        part: the part of the configuration that was loaded last.
        answer: what the API server answered, where the exception goes on with that.
    """

    crash: Known[Entered]
    match: re.Match[str]
    entry: Entry
    part: str = ""
    answer: str = ""

    @property
    def says(self) -> str:
        """The sentence's end, with what the entry names; of an exception that nobody knows its own words."""
        says = self.crash.means({**self.match.groupdict(""), "last": last_words(self.line)})
        if self.answer:
            says = f"{says}: {meaning(self.answer)}"
        return f"{says}, raised by hub.extraConfig ({self._own})" if self._own else says

    @property
    def _own(self) -> str:
        """The part of hub.extraConfig, and its line, that raises an exception that nobody knows."""
        part = self.part.removeprefix("extra config: ")
        lines = re.findall(r'^\s*File "<string>", line (\d+)', self.entry.text, re.MULTILINE)
        return f"{part}, line {lines[-1]}" if self.crash is CRASH and lines and part != self.part else ""

    def fix(self, hub: Hub) -> Fix:
        """What to do about it."""
        fix = self.crash.remedy({**names_of(hub), **self.match.groupdict("")})
        if self.answer:
            fix = remedy(self.answer, hub) or fix
        if self._own:
            fix = hub.values_fix(
                f"Correct hub.extraConfig ({self._own}): the log has the traceback.", {}, *fix.commands
            )
        return fix if hub.z2jh else replace(fix, values={})

    @property
    def line(self) -> str:
        """The line that tells, and no more of the entry."""
        text, at = self.entry.text, self.match.end() - 1
        start, end = text.rfind("\n", 0, max(at, 0)) + 1, text.find("\n", max(at, 0))
        found = text[start : end if end >= 0 else len(text)].strip() or self.entry.last
        # traitlets prints the value that it did not take, which may be a secret
        return clean(re.sub(r"(, not the \w+) .*", r"\1", found), 300)


def diagnosis(entries: Sequence[Entry]) -> Diagnosis | None:
    """Why a run ended, by its entries; None where they do not tell."""
    part = next((m["part"] for e in reversed(entries) if (m := re.search(_PART, e.message))), "")
    # a pod that could not be created is dumped whole, and what stands in it is no cause
    serious = [e for e in entries if e.level not in {"D", "I"} and not e.message.startswith("Failed for {")]
    fatal = next((i for i in reversed(range(len(serious))) if _is_fatal(serious[i])), None)
    look = serious[-_FAR:] if fatal is None else serious[max(0, fatal - _NEAR) : fatal + 1]
    for crash in CRASHES:
        for e in reversed(look):
            if crash.also is not None and not crash.also(Entered(e.level, fatal is not None)):
                continue
            if m := crash.search(e.text):
                return Diagnosis(crash, m, e, part)
    for e in reversed(look):
        if e is (serious[fatal] if fatal is not None else None) or not e.level:
            found = list(CRASH.compiled.finditer(e.text))
            if found:
                # what is logged without a header goes on in lines of their own
                after = [x.message for x in serious[serious.index(e) + 1 :][:_NEAR] if not x.level]
                _, answer = api_answer([*e.text[found[-1].end() :].splitlines(), *after])
                return Diagnosis(CRASH, found[-1], e, part, answer)
    return None


def _is_fatal(e: Entry) -> bool:
    """An exception that nobody caught: JupyterHub logs it with an empty message (launch_instance_async)."""
    return e.level in {"E", "C"} and e.module == "app" and not e.message.strip() and bool(e.more)
