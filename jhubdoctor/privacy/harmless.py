"""Findings with every text of the cluster's neutralised, before any format sees them."""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping
from typing import Any

from jhubdoctor.model.finding import Evidence, Finding, Fix, Ref
from jhubdoctor.privacy.paste import pasteable
from jhubdoctor.privacy.text import clean


def harmless(finding: Finding) -> Finding:
    """The finding with every text of the cluster's neutralised: the one place where that is done for all formats."""
    fix = finding.fix
    commands = [clean(c, 4000) for c in fix.commands if c]
    safe = tuple(filter(pasteable, commands))
    left_out = " A command is left out: a name in it is not safe to paste." if len(safe) < len(commands) else ""
    return dataclasses.replace(
        finding,
        on=tuple(map(_harmless_ref, finding.on)),
        affects=tuple(map(_harmless_ref, finding.affects)),
        says=clean(finding.says, 600),
        evidence=tuple(Evidence(clean(e.source, 100), clean(e.detail, 600), e.time) for e in finding.proof),
        fix=Fix(
            clean(fix.text, 1500),
            {str(k): _harmless_value(v) for k, v in fix.values.items()},
            safe,
            clean(fix.caution + left_out, 600),
            fix.replaces,
        ),
    )


def _harmless_ref(ref: Ref) -> Ref:
    return Ref(
        clean(ref.kind, 100),
        clean(ref.name, 253),
        clean(ref.namespace, 63),
        clean(ref.api_version, 120),
        clean(ref.container, 63),
        ref.stable,
    )


def _harmless_value(value: Any) -> Any:
    if isinstance(value, Mapping):
        return {clean(str(k), 300): _harmless_value(v) for k, v in value.items()}
    if isinstance(value, (list, tuple)):
        return [_harmless_value(v) for v in value]
    return clean(value, 1000) if isinstance(value, str) else value
