"""Of what cluster-autoscaler says of itself: when it said so, and which node groups failed to grow, and why."""

from __future__ import annotations

import json
import re
from typing import Any

from jhubdoctor.model.yaml import BadValues, load_yaml
from jhubdoctor.privacy.logs import message
from jhubdoctor.privacy.text import clean

STATUS = "cluster-autoscaler-status"
"""The ConfigMap, in the namespace of the autoscaler."""
_LIMIT = 2**18
_GROUPS = 200
# `2023-11-24 10:25:10.316990961 +0000 UTC` (ConfigMapLastUpdateFormat in clusterstate/utils/status.go), or RFC 3339
_MOMENT = re.compile(r"(\d{4}-\d\d-\d\d)[ T](\d\d:\d\d:\d\d)(?:\.\d+)? ?(Z|[+-]\d\d:?\d\d)")
# Before 1.30 it is a text, with a block a group.
_FORMER = re.compile(r"Cluster-autoscaler status at (.{1,60}):$", re.MULTILINE)
_BLOCK = re.compile(r"^ *Name: +(\S+)\n(?:(?! *Name:).*\n)*? *ScaleUp: +(\w+)", re.MULTILINE)


def reduced_status(text: str) -> str:
    """The status as JSON: `time`, and of each group `name`, `scaleUp`, `code` and `message`; empty where it is none.

    Doing it twice changes nothing.
    """
    if len(text) > _LIMIT:
        return ""
    if former := _FORMER.search(text):
        groups = [_group(name, status, "", "") for name, status in _BLOCK.findall(text)[:_GROUPS]]
        return _written(former[1], groups)
    try:
        found = load_yaml(text, limit=_LIMIT)
    except BadValues:
        return ""
    if not isinstance(found, dict) or "time" not in found:
        return ""
    return _written(str(found["time"]), [_read(g) for g in _list(found.get("nodeGroups"))[:_GROUPS]])


def _written(time: str, groups: list[dict[str, str]]) -> str:
    moment = _MOMENT.match(time)
    at = f"{moment[1]}T{moment[2]}{moment[3]}" if moment else ""
    return json.dumps({"time": at, "nodeGroups": groups})


def _list(value: Any) -> list[Any]:
    return value if isinstance(value, list) else []


def _read(group: Any) -> dict[str, str]:
    group = group if isinstance(group, dict) else {}
    scale_up = group.get("scaleUp")
    if isinstance(scale_up, str):
        return _group(group.get("name"), scale_up, group.get("code"), group.get("message"))
    scale_up = scale_up if isinstance(scale_up, dict) else {}
    why = scale_up.get("backoffInfo")
    why = why if isinstance(why, dict) else {}
    return _group(group.get("name"), scale_up.get("status"), why.get("errorCode"), why.get("errorMessage"))


def _group(name: Any, status: Any, code: Any, told: Any) -> dict[str, str]:
    """A group; of a name that is a URL the last part: the others name projects and zones."""
    return {
        "name": clean(str(name or "").rpartition("/")[2], 120),
        "scaleUp": clean(str(status or ""), 40),
        "code": clean(str(code or ""), 80),
        "message": message(str(told or ""), 400),
    }
