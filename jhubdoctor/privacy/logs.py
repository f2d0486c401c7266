"""What a log may keep, told by what it consists of: words, small numbers, and names where programs write names.

`text.log_text` knows how secrets look, and such a list is always one behind. Here it is the other way round: whatever
is neither a word nor a quantity, and stands where none of the programs writes a name, is masked. A secret of a shape
that nobody thought of has no way out; what is left is a password of letters alone that follows no key, and what stands
where a name does.
"""

from __future__ import annotations

import re

from jhubdoctor.privacy.text import LOG_LINES, REMOVED, log_text

# The kubelet's time stamp, and the headers of the hub, of CHP, of klog and of Python's logging.
_HEAD = re.compile(
    r"(?:\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(?:\.\d{1,9})?(?:Z|[+-]\d\d:\d\d) )?"
    r"(?:\d\d:\d\d:\d\d\.\d{3} |\[[DIWEC] [\d-]{10} [\d:.]{12} [\w.]{1,80} [\w.]{1,80}:\d{1,6}\]"
    r"|[IWEF]\d{4} [\d:.]{15}\s{1,8}\d{1,8} [\w.-]{1,80}:\d{1,6}\])?"
)
_NAME = r"[^\s'\"\\,;(){}<>=&?#]{1,253}"
_NOUN = (
    r"(?:[Pp]ods?|[Nn]odes?|[Uu]sers?|[Ss]ervers?|[Nn]amespaces?|[Cc]laims?|pvc|PVC|[Ii]mage|[Vv]olumes?|[Qq]uota"
    r"|[Hh]ost(?:name)?|[Cc]ontainers?|[Dd]eployments?|[Rr]outes?|[Ss]ervices?|[Gg]roups?|[Rr]oles?|[Rr]evision|version"
    r"|persistentvolumeclaims?|persistentvolumes?|configmaps?|serviceaccounts?|events|endpoints|leases"
    r"|resourcequotas?|priorityclass(?:es)?|PriorityClass|StorageClass|storageclass(?:es)?|jobs|webhook|[Pp]rofile"
    r"|[Ss]ecrets?(?= \\?\"[a-z0-9.-]{1,253}\\?\" (?:not found|is forbidden|in namespace)))"
)
_PREFIXES = (
    "jupyter|hub|proxy|claim|volume|pvc|user-scheduler|user-placeholder|hook-image|continuous-image|autohttps|jupyterhub"
    "|aks|gke|ip|gk3|nodegroup"
)
_KEPT = (
    # revisions of the hub's database
    r"(?:schema version|!=|revision identified by|upgrade|->) '?[0-9a-f]{12}\b",
    # names where the programs write them
    rf"(?<![\w/-]){_NOUN}(?:/| named | name | \\?[\"']|\.[\w.]{{1,60}} \\?[\"']| ){_NAME}",
    # code: files of tracebacks, the class of an exception, the classes that the hub says it uses
    r"\bFile \"/[\w./+-]{1,300}\"",
    r"^\s{0,12}[a-z_]\w{0,40}(?:\.\w{1,60}){1,8}(?:Error|Exception|Refused|Timeout|Exit|Warning)(?=:|$)",
    r"^\s{0,2}Using (?:Authenticator|Spawner|Proxy): [\w.+-]{1,200}",
    rf"{_NAME}(?='s (?:server|pod|spawn))",
    # with the number of a kernel, or nothing of where it leads would stay
    (
        r"(?<=[/ '\"])(?:/hub)?/user(?:-redirect)?/[\w.@%~+-]{1,253}"
        r"(?:(?:/[\w.@%~+-]{1,63})?/api/(?:kernels|sessions)/[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}(?=[/? ]))?"
    ),
    r"\([^\s()@'\"=&]{1,253}@[\d.:a-f]{3,45}\)",
    # names that the chart and Kubernetes make
    rf"(?<![\w-])(?:{_PREFIXES})-[a-z0-9.-]{{1,253}}",
    # where a request went: the host, and paths of the hub and of the API
    r"\b(?:https?|wss?)://[\w.\[\]:-]{1,253}(?:/(?:hub|user|apis?)(?:/[\w.@%~+-]{1,253}){0,12})?",
    r"(?<!\w)/(?:hub|user|apis?)(?:/[\w.@%~+-]{1,253}){1,12}",
    # images and their digests
    r"(?<![\w./:-])[a-z0-9.-]{1,100}\.[a-z]{2,12}(?::\d{1,5})?(?:/[a-z0-9._-]{1,100}){1,6}(?::[\w.-]{1,80})?(?=[\s\"'\\,:@]|$)",
    r"\bsha256:[0-9a-f]{12,64}\b",
    # times, versions, addresses
    r"\b\d{4}-\d\d-\d\d[T ]\d\d:\d\d(?::\d\d(?:[.,]\d{1,9})?)?(?:Z|[+-]\d\d:?\d\d)?",
    r"(?<![\w.])v?\d{1,4}(?:\.\d{1,5}){1,3}(?:(?:-|\+|\.dev|\.post|rc|a|b)[\w.]{1,20})?(?![\w-])",
    r"(?<![\w:])[0-9a-f]{0,4}(?:::?[0-9a-f]{1,4}){2,7}(?![\w:])",
)
_PARTS = re.compile("(" + "|".join(_KEPT) + r")|[A-Za-z0-9][\w+/=.~%-]*")
_RUNS = re.compile(r"[^\W_]+")
# Words that hold a digit, and quantities.
_MIXED = re.compile(
    r"(?i:python\d{1,3}|py\d{1,3}|sqlite3|oauth2?|oauth20|psycopg\d|pbkdf2|utf8|latin1|cp1252|k8s|base64|md5|sha\d{1,3}|x509|rs256"
    r"|hs256|ipv[46]|http[12]|tls1\d?|h2c?|s3|ec2|ext4|cifs\d|nfs\d|smb\d|v\d{1,2}(?:(?:alpha|beta)\d{1,2})?|p\d{2}|json5|lib64|x86"
    r"|arm64|amd64|uid\d|xfs\d|win32|utf16|int(?:16|32|64)|float(?:32|64)|i18n|l10n|e\d{1,2}|lti1[13]|pep\d{3}|\d(?:st|nd|rd|th))"
    r"|0x[0-9a-f]{1,4}"
    r"|(?:\d{1,6}(?:ns|us|ms|s|m|h|d|w|y|k|[KMGTPE]i?[Bb]?|B|x|min|sec|n|u|µs)){1,4}"
)
_CAMEL = re.compile(r"[A-Z]?[a-z]+|[A-Z]+(?![a-z])")
_LONGEST_NUMBER = 7
_LONGEST_WORD = 40


def _strange(run: str) -> bool:
    """Whether a run of letters and digits is neither a word nor a quantity."""
    if run.isdigit():
        return len(run) > _LONGEST_NUMBER
    if run.isalpha():
        # the words of a name in camel case are longer than the pieces of something random
        least = 0 if len(run) < 10 else 3 if len(run) < 14 else 4
        return len(run) > _LONGEST_WORD or len(run) < least * len(_CAMEL.findall(run))
    return _MIXED.fullmatch(run) is None


def _masked(m: re.Match[str]) -> str:
    if m[1]:
        return m[1]
    if m[0].isalpha() and len(m[0]) < 10:
        return m[0]
    return REMOVED if any(map(_strange, _RUNS.findall(re.sub("%[0-9A-Fa-f]{2}", "-", m[0])))) else m[0]


_DIGIT_OR_LONG = re.compile(r"\d|[^\W_]{10}")


def _line(line: str) -> str:
    head = _HEAD.match(line)
    start = head.end() if head else 0
    if not _DIGIT_OR_LONG.search(line, start):
        return line
    return line[:start] + _PARTS.sub(_masked, line[start:])


def masked(text: str) -> str:
    """A log without what `log_text` knows, and without all that is not what logs consist of."""
    return "\n".join(map(_line, log_text(text).split("\n")))


def log_end(text: str, lines: int = LOG_LINES) -> str:
    """The last lines of a log, masked: as many as are asked of a live cluster, for a dump may hold all."""
    parts = text.rsplit("\n", lines + 1)
    return masked("\n".join(parts[1:]) if len(parts) > lines + 1 else text)
