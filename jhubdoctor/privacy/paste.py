"""Whether a command does what it shows, wherever it is pasted."""

from __future__ import annotations

import re

_QUOTED_PART = re.compile(r"'[^']*'")
# What commands of checks are joined to: programs that read alone, kubectl for what was made in the command itself, and
# a file of this folder.
_JOINED = re.compile(
    r"\| (?:grep|jq|base64|head|tail) "
    r"|(?P<made>(?:^echo| --dry-run=client) .*?)\| kubectl (?=(?:--namespace \S+ )?apply )"
    r"|[<>] \w[\w.-]*(?= |$)",
    re.ASCII,
)
# Globs, braces and `!` mean something to one shell or another; `~` and `=` do at the start of a word.
_SHELL = re.compile(r"[^\x20-\x7e]|[$`;&|<>()'\"\\!#*?\[\]{}^]|(?:^| )[~=]")
# A name must not become an option that leads to another server, runs a program, or takes in all there are.
_LEADS_AWAY = re.compile(
    r" (?:--(?:server|kube\w*|kube-[\w-]+|context|cluster|user|token|username|password|insecure-skip-tls-verify"
    r"|tls-server-name|certificate-authority|client-(?:certificate|key)|post-renderer|all)(?:[= ]|$)|-s(?!\w* ))"
)
_CHANGES = re.compile(
    r"^(?:kubectl|oc) .*\b(?:delete|drain|patch|scale|label|annotate|taint|set|rollout|replace|apply)\b"
)
_TAKES_ALL = re.compile(r" (?:-A|--all-namespaces|-l\S|-l?=|--(?:field-)?selector=)")


def pasteable(command: str) -> bool:
    """Whether a command does what it shows: outside single quotes nothing that a shell would run or fill in besides.

    Names are made identifiers before; this is for what comes from values, logs and messages, and for checks that forget
    to quote.
    """
    bare = _JOINED.sub(lambda m: f"{m['made'] or ''} ", _QUOTED_PART.sub("", command))
    if _SHELL.search(bare):
        return False
    if bare.startswith(("kubectl ", "oc ", "helm ")) and _LEADS_AWAY.search(bare):
        return False
    return not (_CHANGES.match(bare) and _TAKES_ALL.search(bare))
