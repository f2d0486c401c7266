"""What the API server answered, by the exceptions of its Python clients."""

from __future__ import annotations

import re
from collections.abc import Iterable

from jhubdoctor.model.jsontext import load_json
from jhubdoctor.privacy.text import LINE_LIMIT, clean

_BODY = re.compile(r"HTTP response body: (?P<body>\{.*\})")
_MESSAGE = re.compile(r'"message":\s*"((?:[^"\\]|\\.)*)"')
_CODE = re.compile(r'"code":\s*(\d{3})')


def api_answer(lines: Iterable[str]) -> tuple[int | None, str]:
    """HTTP status and message of the first answer that lines of a log hold; (None, "") where they hold none.

    Only `message` of the JSON body leaves here: the rest may hold the pod with its tokens.
    """
    for line in lines:
        found = _BODY.search(line)
        if not found:
            continue
        try:
            body = load_json(found["body"])
            code = body.get("code")
            return (code if isinstance(code, int) else None), clean(str(body.get("message", "")), LINE_LIMIT)
        except (ValueError, AttributeError):
            if m := _MESSAGE.search(found["body"]):
                code = _CODE.search(found["body"])
                return (int(code[1]) if code else None), clean(m[1].replace('\\"', '"'), LINE_LIMIT)
    return None, ""
