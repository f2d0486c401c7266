"""Where cluster text is made harmless, and log text loses its secrets.

Log lines cannot be allow-listed: they pass `log_text` before anything else sees them. What leaks there was seen in real
hub logs (the pod dump `Failed for {...}`, the culler's `api_token='...'`, database URLs in tracebacks, OAuth tokens).
"""

from __future__ import annotations

import re

REMOVED = "[removed]"
# C0 and C1 controls, and what reorders or hides text: bidirectional marks, zero width characters, line separators.
_UNSAFE = re.compile(
    "[\x00-\x08\x0b-\x1f\x7f-\x9f\u00ad\u061c\u180e\u200b-\u200f\u2028-\u202e\u2060-\u206f\ufeff\ufff9-\ufffb"
    "\U000e0000-\U000e007f\ud800-\udfff]"
)
# A whole escape sequence goes, not its first byte alone: CSI, OSC with either end, and two-character sequences.
_ESCAPE = re.compile(
    r"(?:\x1b\[|\x9b)[0-?]*[ -/]*[@-~]|(?:\x1b[\]PX^_]|[\x90\x98\x9d-\x9f])[^\x07\x1b\x9c]*(?:\x07|\x1b\\|\x9c)?"
    r"|\x1b[ -/]*[0-~]"
)


def clean(text: str, limit: int = 2000) -> str:
    """Text of a cluster on one line of at most `limit`, without control characters, escapes, bidi overrides."""
    if len(text) > limit * 8:
        text = text[: limit * 8]
    text = _ESCAPE.sub("", text)
    text = re.sub(r"\s+", " ", text.replace("\r", " ")).strip() if re.search(r"[\s]", text) else text
    text = _UNSAFE.sub("\ufffd", text)
    # `##[add-mask]` and `##vso[...]` are commands to the CI that shows them, wherever in a line and in whatever format
    text = re.sub(r"##(?=\w*\[)", "# #", text) if "##" in text else text
    return text if len(text) <= limit else text[: limit - 1] + "\u2026"


def excerpt(text: str, at: tuple[int, int] | None = None, limit: int = 300) -> str:
    """The telling part of a text of a cluster, as `clean` gives it, with an ellipsis for what is left out.

    Args:
        at: from where to where in the text what tells stands; it is shown with what is around it. Without it the start
            and the end are: every layer puts its own words before those of the cause.
        limit: of the whole excerpt.
    """
    if at is None:
        whole = clean(text, LINE_LIMIT)
        start = limit // 3
        return whole if len(whole) <= limit else f"{whole[:start]}\u2026{whole[start + 1 - limit :]}"
    before, telling, after = (clean(t, LINE_LIMIT) for t in (text[: at[0]], text[slice(*at)], text[at[1] :]))
    before += " " if before and text[: at[0]][-1:].isspace() else ""
    after = " " + after if after and text[at[1] :][:1].isspace() else after
    if len(before) + len(telling) + len(after) <= limit:
        return before + telling + after
    telling = clean(telling, limit - 2)
    room = limit - 2 - len(telling)
    left = min(len(before), max(room // 3, room - len(after)))
    right = room - left
    before = "\u2026" + before[len(before) - left :] if len(before) > left else before
    return before + telling + (after[:right] + "\u2026" if len(after) > right else after)


# Of what `clean` replaces that which takes no room, and so hides in a word.
_HIDDEN = re.compile(
    "[\x00-\x08\x0e-\x1b\x7f\x90\x98\x9b-\x9f\u00ad\u061c\u180e\u200b-\u200f\u202a-\u202e\u2060-\u206f\ufeff]"
)
LOG_LINES = 5000
"""As many lines of a container's log are looked at."""
LOG_SAMPLE = 500
"""As many of a log that is one of very many, or of which it is not known whether it says anything."""
LINE_LIMIT = 16_384
# A key can be long, and a log may hold the start of one alone.
_KEY_LINES = 200
# containerd's "repository does not exist or may require authorization: ..." is prose, and the cause follows it.
_NO_HEADER = r"(?<!or may require )"
# The names of gRPC's status codes: `rpc error: code = ResourceExhausted desc = ...` is no OAuth code.
_GRPC = (
    "Canceled|Unknown|InvalidArgument|DeadlineExceeded|NotFound|AlreadyExists|PermissionDenied|ResourceExhausted"
    "|FailedPrecondition|Aborted|OutOfRange|Unimplemented|Internal|Unavailable|DataLoss|Unauthenticated"
)
_KEYWORD = (
    r"(?:(?:token|secret|passw(?:or)?d|passphrase|passcode|pwd|(?<![a-z])pass(?![a-z])"
    r"|(?:api|access|account|private|signing|client|master)[_-]?key"
    r"|credential|cookie|session|authorization)[\w-]{0,64})"
)
_SEPARATOR = r"(?:\\{0,3}['\"])?\s{0,8}(?:[:=]|=>)\s{0,8}"
_NOTHING = r"(?:None|null|true|false|yes|no)\b"
_QUOTED = r"[bru]{0,2}(?P<q>\\{0,3}['\"])(?P<value>(?:(?!(?P=q)).)*)(?:(?P=q)|$)"
# Each of these starts and ends on one line. Bounded repetitions: a log can hold a line of megabytes.
_LOG_RULES: tuple[tuple[re.Pattern[str], str], ...] = (
    # a private key whose line breaks are written as \n
    (re.compile(r"-----BEGIN [A-Z ]{0,40}PRIVATE KEY-----.*?(?:-----END [A-Z ]{0,40}PRIVATE KEY-----|$)"), REMOVED),
    # services/auth.py and OAuthenticator print the state of OAuth and the cookie that holds it
    (re.compile(r"(?i)\b(oauth state (?:mismatch|argument):?).*"), rf"\1 {REMOVED}"),
    # OAuthenticator prints what the provider said: tokens, and everything that is known of a user
    (re.compile(r"\b(Bad response|An id token was not returned|found in):? ?\{.*"), rf"\1 {REMOVED}"),
    # SQLAlchemy prints what a statement was given
    (re.compile(r"(\[parameters: ).*"), rf"\1{REMOVED}]"),
    # curl -u user:password
    (re.compile(r"((?<![\w-])(?:-u|--user)[ =]['\"]?[^\s:'\"]{1,100}:)[^\s'\"]{1,500}"), rf"\1{REMOVED}"),
    # traitlets quotes the value that a trait did not take, which may be a password
    (re.compile(r"(\btrait of an? \S{1,80} instance .{0,200}?, not (?:the|an?) \w{1,40}) .*"), rf"\1 {REMOVED}"),
    # KubeSpawner dumps the pod it could not create: 'name': ..., 'value': ...
    (re.compile(r"(['\"]value['\"]:\s{0,8})" + _QUOTED), rf"\1'{REMOVED}'"),
    # user:password@ of any URL, also with an @ in the password; a port and a path are no password
    (re.compile(r"(://[^/\s:@'\"]{0,200}:)(?!\d{1,5}(?:[/?#\s'\"]|$))[^\s'\"]{0,500}@"), rf"\1{REMOVED}@"),
    # one that begins like a port: behind a port stands a path of the hub or of an API
    (
        re.compile(r"(://[^/\s:@'\"]{0,200}:)\d{1,5}(?:[#?]|/(?!(?:hub|user|apis?|services|v\d)\b))[^\s'\"]{0,500}@"),
        rf"\1{REMOVED}@",
    ),
    (re.compile(r"(https?://)[^/\s:@'\"]{8,500}@"), rf"\1{REMOVED}@"),
    # user:password@ of an image's registry, which is no URL
    (
        re.compile(r"(?:(?<=[\s'\"=(,])|^)[\w.+-]{1,100}:[^\s'\"/]{1,300}@(?=[\w.-]{1,253}(?::\d{1,5})?/)"),
        f"{REMOVED}@",
    ),
    (re.compile(r"\beyJ[\w-]{16,}(?:\.[\w-]*){0,4}"), REMOVED),
    (
        re.compile(
            r"\b(?:gh[pousr]_\w{20,}|github_pat_\w{20,}|glpat-[\w-]{16,}|xox[abeprs]-[\w-]{10,}|GOCSPX-[\w-]{16,}"
            r"|ya29\.[\w.-]{16,}|AIza[\w-]{30,}|hf_\w{20,}|npm_\w{30,}|pypi-[\w-]{30,}|sk-[\w-]{20,}"
            r"|(?:AKIA|ASIA)[A-Z0-9]{16}|v1\.public\.[\w-]{20,})"
        ),
        REMOVED,
    ),
    (
        re.compile(
            rf"(?i){_NO_HEADER}\b((?:proxy-)?authorization|(?:set-)?cookie)"
            r"((?:\\{0,3}['\"])?:\s{0,8})(?!['\"\\])(?=\S).*"
        ),
        rf"\1\2{REMOVED}",
    ),
    (re.compile(r"(?i)\b(bearer)\s{1,8}[\w+/=.~-]{8,}"), rf"\1 {REMOVED}"),
    (re.compile(r"(?i)\b(basic|token)\s{1,8}(?=[\w+/=.~-]{0,80}[\d=])[\w+/=.~-]{12,}"), rf"\1 {REMOVED}"),
    # "auth" of a registry's credentials
    (re.compile(r"(\\{0,3}\"auth\\{0,3}\"\s{0,8}:\s{0,8})" + _QUOTED), rf'\1"{REMOVED}"'),
    # api_token='...', "client_secret": "...", also where the quotes are escaped
    (
        re.compile(rf"(?i)(?P<key>{_KEYWORD}{_SEPARATOR})(?!{_NOTHING}){_QUOTED}"),
        rf"\g<key>\g<q>{REMOVED}\g<q>",
    ),
    # PASSWORD=..., --token=..., ?access_token=...
    (re.compile(rf"(?i)({_KEYWORD}(?:=|=>|:=))(?!{_NOTHING})[^\s'\"&]{{1,4096}}"), rf"\1{REMOVED}"),
    # --password hunter2, ["--password", "hunter2"]
    (
        re.compile(rf"(?i)((?<![\w-])--?[\w-]{{0,64}}{_KEYWORD}['\"]?,?\s{{1,8}}['\"]?)(?!-)[^\s'\"]{{1,4096}}"),
        rf"\1{REMOVED}",
    ),
    # password: ..., but not `failed to fetch anonymous token: unexpected status`, which is prose
    (
        re.compile(
            rf"(?i)({_NO_HEADER}{_KEYWORD}\s{{0,8}}(?::|=|=>)\s{{0,8}})(?!{_NOTHING})"
            r"(?!(?-i:[a-z]{1,15})[,.:;]?\s)[^\s'\"&]{3,4096}"
        ),
        rf"\1{REMOVED}",
    ),
    # parameters of URLs
    (
        re.compile(
            rf"(?i)(?<![\w-])(code|state|sig|signature)=(?!(?:active|inactive|ready|{_GRPC})\b)[^\s'\"&]{{6,4096}}"
        ),
        rf"\1={REMOVED}",
    ),
    (
        re.compile(r"(?i)(['\"](?:code|state|sig|signature)['\"]:\s{0,8}['\"])[^\s'\"]{16,4096}"),
        rf"\1{REMOVED}",
    ),
    # tokens of the hub, of services, cookie secrets
    (re.compile(r"(?<!sha256:)(?<![0-9a-fA-F])[0-9a-fA-F]{32,}"), REMOVED),
)
# Without one of these, in lower case, no rule applies to a line.
_HINTS = (
    "token", "secret", "pass", "pwd", "credential", "cookie", "session", "authorization", "bearer",
    "basic", "oauth state", "key", "code=", "state=", "sig=", "signature=", "code'", "state'", "sig'", "signature'",
    'code"', 'state"', 'sig"', 'signature"', "'value'", '"value"', 'auth"', 'auth\\"', "eyj", "ghp_", "gho_", "ghu_",
    "ghs_", "ghr_", "github_pat", "glpat", "xox", "gocspx", "ya29", "aiza", "hf_", "npm_", "pypi-", "sk-", "akia",
    "asia", "v1.public", "found in", "bad response", "trait of", "[parameters", "-u ", "--user",
)  # fmt: skip
_HEX = re.compile(r"[0-9a-fA-F]{32}")
_STAMP = r"(?:\d{4}-\d\d-\d\dT[\d:.]{8,18}(?:Z|[+-]\d\d:\d\d) )?"
# `Failed for {...}` and, before KubeSpawner 7, `Pods: {...}`: whole pods, with the environment of their users
_DUMP = re.compile(r"^(.{0,200}?(?:Failed (?:for|to create)|\bPods:|\bEvents:) ?)\{(?!\})")
# Its lines are indented by one more than those of the entry's traceback, which says why and is kept.
_IN_DUMP = re.compile(rf"^{_STAMP}(?:[ \t]{{5}}|    (?!\[removed\])['\"{{\[(]|$)")
# The rest of a dump whose start is no longer there.
_DUMPED = re.compile(rf"^{_STAMP}[ \t]{{4,}}(?!\[removed\])[bru]{{0,2}}['\"{{\[(]")
# A value over several lines goes on as strings on lines of their own.
_OPEN_VALUE = re.compile(r"['\"]value['\"]:\s{0,8}[bru]{0,2}(['\"]).*\1\s*$")
_STRING = re.compile(rf"^{_STAMP}\s*[bru]{{0,2}}(['\"]).*\1[\s,}}\])]*$")
# Only with one of these a secret can take up several lines.
_SPREAD = ("Failed for", "Failed to create", "Pods:", "Events:", "'value'", '"value"', "PRIVATE KEY", "    '", "    {")
_KEY_BEGIN = re.compile(r"-----BEGIN [A-Z ]{0,40}PRIVATE KEY-----(?!.*-----END)")
_KEY_BODY = re.compile(rf"^{_STAMP}[\s'\"bru]*(?:[A-Za-z0-9+/=]+|[\w-]+: ?[\w,-]+|)(?:\\n)?['\"]?[\s,}}\])]*$")


def log_text(text: str) -> str:
    """Log text without tokens, passwords, keys and environment values.

    Dumps of whole pods go as a whole, with their continuation lines up to the traceback: nothing in them is of use.
    Private keys go with all their lines. The rest is looked through line by line; a line without any sign of a secret
    is passed through, and no line is longer than `LINE_LIMIT`. Redacting twice changes nothing. What moves a terminal
    or cannot be seen goes first: it may stand within a key, and whoever takes it away later would join its parts.
    """
    if _HIDDEN.search(text):
        text = _HIDDEN.sub("", _ESCAPE.sub("", text))
    if not any(sign in text for sign in _SPREAD):
        return "\n".join(map(_line, text.split("\n")))
    kept: list[str] = []
    leading = "\n" in text
    dump = value = False
    key = 0
    for line in text.split("\n"):
        if leading and _DUMPED.match(line):
            continue
        if dump and line and _IN_DUMP.match(line):
            continue
        if key:
            if _KEY_BODY.match(line[:LINE_LIMIT]):
                key -= 1
                continue
            key = 0
            if "-----END" in line[:LINE_LIMIT]:
                continue
        if value and _STRING.match(line[:LINE_LIMIT]):
            value = line.rstrip()[-1:] in "'\""
            continue
        leading = leading and not line.strip()
        dump = _DUMP.match(line) is not None
        value = _OPEN_VALUE.search(line[:LINE_LIMIT]) is not None if "value" in line[:LINE_LIMIT] else False
        key = _KEY_LINES if "PRIVATE KEY" in line[:LINE_LIMIT] and _KEY_BEGIN.search(line[:LINE_LIMIT]) else 0
        kept.append(_line(line))
    return "\n".join(kept)


def brief(text: str, limit: int = 300) -> str:
    """Text that may hold a secret as it may be shown: without it, and on one line, as `clean` gives it."""
    return clean(log_text(text), limit)


# In `MountVolume.SetUp failed for volume "secret" : secret "hub" not found` the name of a volume is no key of a secret.
_VOLUME = re.compile(r'(?:Mount|Attach|Map)Volume\.\w+ failed for volume "[\w.-]{1,253}" : ')


def _line(line: str) -> str:
    if len(line) < 5:
        return line
    if len(line) > LINE_LIMIT:
        line = line[: LINE_LIMIT - 1] + "\u2026"
    if head := _VOLUME.match(line):
        return head[0] + _line(line[head.end() :])
    if dump := _DUMP.match(line):
        line = f"{dump[1]}{{{REMOVED}}}"
    low = line.lower()
    if not any(h in low for h in _HINTS) and not ("@" in line and ":" in line) and not _HEX.search(line):
        return line
    for pattern, replacement in _LOG_RULES:
        line = pattern.sub(replacement, line)
    return line
