"""What answers look like that are neither lists nor objects: whatever stands between may say 200 to anything."""

from __future__ import annotations

import re

from jhubdoctor.model.jsontext import BadJSON, load_json
from jhubdoctor.privacy.logs import path_text
from jhubdoctor.sources.decode import describe
from jhubdoctor.sources.reads import READS, Answer, Query, ReadState

_ITEM = re.compile(r"^\[[+-]\]\S", re.MULTILINE)
# "readyz check passed"; of a server that fails "livez check failed" (k8s.io/apiserver/pkg/server/healthz/healthz.go)
_END = re.compile(r"^\w+ check (?:passed|failed)\s*\Z", re.MULTILINE)
_NO_METRIC = re.compile(r"^(?![#a-zA-Z_:]|\r?$)", re.MULTILINE)
# Every API server counts its requests: what has no such line are the metrics of something else.
_OF_API_SERVER = re.compile(r"^apiserver_\w+[{ ]", re.MULTILINE)
# What the kubelet writes in the place of a log, at HTTP 200: the container's file is gone, or was moved
# (pkg/kubelet/kuberuntime/kuberuntime_container.go, pkg/kubelet/kuberuntime/logs/logs.go).
_NO_LOG = re.compile(
    r"unable to retrieve container logs for |failed to try resolving symlinks in path \"|failed to open log file \""
)
GONE = "the node does not have this log any more"
_SHORT = 64 * 2**10


def path_answer(query: Query, text: str) -> Answer:
    """The answer to a query for a path, of which this text came."""
    if text.lstrip().startswith("<"):
        return Answer(ReadState.MALFORMED, [], detail=describe(text.encode(errors="replace")))
    state, detail = _judged(query, text)
    kept = "" if state is ReadState.MALFORMED else path_text(query.read, READS[query.read].kept(text))
    return Answer(state, [], kept, detail)


def _judged(query: Query, text: str) -> tuple[ReadState, str]:
    match query.read:
        case "readyz" | "livez" | "healthz":
            return _health(text)
        case "metrics":
            if _OF_API_SERVER.search(text) and not _NO_METRIC.search(text):
                return ReadState.OK, ""
            return ReadState.MALFORMED, "it is not the metrics of an API server"
        case "version":
            return _document(text, "gitVersion", str)
        case "discovery":
            return _document(text, "groups" if query.name == "/apis" else "resources", list)
    return ReadState.OK, ""


def _health(text: str) -> tuple[ReadState, str]:
    if text.strip() == "ok":
        return ReadState.OK, ""
    if not _ITEM.search(text):
        return ReadState.MALFORMED, "it is not the answer of a health endpoint"
    return (ReadState.OK, "") if _END.search(text) else (ReadState.TRUNCATED, "its end is missing")


def _document(text: str, key: str, kind: type) -> tuple[ReadState, str]:
    try:
        found = load_json(text)
    except BadJSON as e:
        return ReadState.MALFORMED, str(e)
    if not isinstance(found, dict) or not isinstance(found.get(key), kind):
        return ReadState.MALFORMED, "it is not the JSON that was asked for"
    return ReadState.OK, ""


def no_log(text: str) -> str:
    """In a few words, what came in the place of a log; empty where it is one."""
    start = text.lstrip()[:15].lower()
    if start.startswith(("<!doctype html", "<html")):
        return describe(start.encode())
    if start.startswith("{") and len(text) < _SHORT:
        try:
            found = load_json(text)
        except BadJSON:
            return ""
        # a program may log JSON, and one line of it alone
        if isinstance(found, dict) and "kind" in found and "apiVersion" in found:
            return "an object of the API came instead of a log"
    if _NO_LOG.match(text) and "\n" not in text.strip():
        return GONE
    return ""
