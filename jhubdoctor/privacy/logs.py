"""What a log may keep, told by what it consists of: words, small numbers, and names where programs write names.

`text.log_text` knows how secrets look, and such a list is always one behind. Here it is the other way round: whatever
is neither a word nor a quantity, and stands where none of the programs writes a name, is masked. A secret of a shape
that nobody thought of has no way out. Behind a word for a secret it is not enough to be a word: it has to be one with
which programs speak of secrets. What is left is a password of letters alone that nothing announces, and what stands
where a name does.
"""

from __future__ import annotations

import re

from jhubdoctor.privacy.text import LOG_LINES, REMOVED, clean, log_text

# The kubelet's time stamp, and the headers of the hub, of CHP, of klog and of Python's logging.
_HEAD = re.compile(
    r"(?:\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(?:\.\d{1,9})?(?:Z|[+-]\d\d:\d\d) )?"
    r"(?:\d\d:\d\d:\d\d\.\d{3} |\[[DIWEC] [\d-]{10} [\d:.]{12} [\w.]{1,80} [\w.]{1,80}:\d{1,6}\]"
    r"|[IWEF]\d{4} [\d:.]{15}\s{1,8}\d{1,8} [\w.-]{1,80}:\d{1,6}\])?"
)
_NAME = r"(?![a-z+]{1,20}://)[^\s'\"\\,;(){}<>=&?#]{1,253}"
_NOUN = (
    r"(?:[Pp]ods?|[Nn]odes?|[Nn]amespaces?|[Cc]laims?|pvc|PVC|[Ii]mage|[Vv]olumes?|[Qq]uota"
    r"|[Hh]ost(?:name)?|[Cc]ontainers?|[Dd]eployments?|[Rr]outes?|[Ss]ervices?|[Gg]roups?|[Rr]oles?|[Rr]evision|version"
    r"|persistentvolumeclaims?|persistentvolumes?|configmaps?|serviceaccounts?|events|endpoints|leases"
    r"|resourcequotas?|priorityclass(?:es)?|PriorityClass|StorageClass|storageclass(?:es)?|jobs|webhook|[Pp]rofile"
    r"|[Ss]ecrets?(?= \\?\"[a-z0-9.-]{1,253}\\?\" (?:not found|is forbidden|in namespace)))"
)
_PREFIXES = (
    "jupyter|hub|proxy|claim|volume|pvc|user-scheduler|user-placeholder|hook-image|continuous-image|autohttps|jupyterhub"
    "|aks|gke|ip|gk3|nodegroup"
)
# The name of a user, and behind it a short one of a server: what else follows a colon may be a password.
_USER = r"[^\s'\"\\,;(){}<>=&?#:/]{1,253}(?:[:/][\w-]{1,12}(?![\w-]))?"
_NAMED = (
    # objects as kubelets, schedulers and controllers write them in events and conditions
    r"\b[Pp]od[= ][a-z0-9.-]{1,253}_[a-z0-9-]{1,63}(?:\([0-9a-f-]{1,36}\))?",
    r"\b[Pp]od(?:\(s\)|:) [a-z0-9.-]{1,253}(?:, [a-z0-9.-]{1,253}){0,9}",
    r"\bassigned [a-z0-9-]{1,63}/[a-z0-9.-]{1,253} to [a-z0-9.-]{1,253}",
    r"\b(?:[Rr]eplica ?[Ss]et|DaemonSet|StatefulSet|in Secret|in ConfigMap) \\?\"?[a-z0-9./-]{1,253}",
    r"\battach [0-9a-f-]{36} volume to [0-9a-f-]{36}",
    r"\bsandbox \\?\"[0-9a-f]{1,64}\\?\"",
    r"\b(?:zones?|sufficient) [a-z0-9.-]{1,40}",
    r"(?<![\w/])/var/(?:lib|run)/(?:kubelet|containerd|docker|containers|crio)/[\w./~-]{1,300}",
    # what Go says of a connection: which end, and which name
    r"\b(?:tcp|udp)[46]? [\w.:\[\]]{1,253}(?:->[\w.:\[\]]{1,253})?",
    r"\blookup [a-z0-9.-]{1,253}(?: on [\w.:\[\]-]{1,60})?",
    # names where the programs write them
    rf"(?<![\w/-])[Uu]ser \\?[\"']system:{_NAME}",
    rf"(?<![\w/-])(?:[Uu]sers?|[Ss]ervers?)(?: named | name | \\?[\"']| ){_USER}",
    rf"(?<![\w/-]){_NOUN}(?:/| named | name | \\?[\"']|\.[\w.]{{1,60}} \\?[\"']| ){_NAME}",
    # code: files of tracebacks, the class of an exception, the classes that the hub says it uses
    r"\bFile \"/[\w./+-]{1,300}\"",
    r"^\s{0,12}[a-z_]\w{0,40}(?:\.\w{1,60}){1,8}(?:Error|Exception|Refused|Timeout|Exit|Warning)(?=:|$)",
    r"^\s{0,2}Using (?:Authenticator|Spawner|Proxy): [\w.+-]{1,200}",
    rf"{_NAME}(?='s (?:server|pod|spawn))",
    r"\([^\s()@'\"=&]{1,253}@[\d.:a-f]{3,45}\)",
    # names that the chart and Kubernetes make
    rf"(?<![\w-])(?:{_PREFIXES})-[a-z0-9.-]{{1,253}}",
    # images and their digests
    r"(?<![\w./:-])[a-z0-9.-]{1,100}\.[a-z]{2,12}(?::\d{1,5})?(?:/[a-z0-9._-]{1,100}){1,6}(?::[\w.-]{1,80})?(?=[\s\"'\\,:@]|$)",
    r"\bsha256:[0-9a-f]{12,64}\b",
)
_KEPT = (
    # revisions of the hub's database
    r"(?:schema version|!=|revision identified by|upgrade|->) '?[0-9a-f]{12}\b",
    *_NAMED,
    # times, sizes, versions, addresses
    r"(?<![\w.])(?:\d{1,4}h)?(?:\d{1,4}m)?\d{1,6}(?:\.\d{1,9})?(?:[nuµm]?s)(?![\w.])",
    r"(?<![\w.])\d{1,16} ?(?:bytes|[kKMG]i?B)\b|(?<=quantity: )\d{1,16}\b",
    r"\b\d{4}-\d\d-\d\d[T ]\d\d:\d\d(?::\d\d(?:[.,]\d{1,9})?)?(?:Z|[+-]\d\d:?\d\d)?",
    r"(?<![\w.])v?\d{1,4}(?:\.\d{1,5}){1,3}(?:(?:-|\+|\.dev|\.post|rc|a|b)[\w.]{1,20})?(?![\w-])",
    r"(?<![\w:])[0-9a-f]{0,4}(?:::?[0-9a-f]{1,4}){2,7}(?![\w:])",
)
# Where a request went: the host, and paths of the hub, of CHP and of the API.
_PATH = (
    r"\b(?:https?|wss?)://[\w.\[\]:-]{1,253}(?:/(?:hub|user|apis?)(?:/[\w.@%~+-]{1,253}){0,12})?"
    r"|(?<!\w)/(?:hub|user|user-redirect|apis?)(?:/[\w.@%~+-]{1,253}){1,12}"
)
_PARTS = re.compile(rf"({'|'.join(_KEPT)})|({_PATH})|[A-Za-z0-9][\w+/=.~%-]*")
# Segments of such a path behind which a name stands; behind that of a user stands that of a server.
_OF_USERS = frozenset({"user", "users", "user-redirect", "spawn", "spawn-pending", "servers"})
_NAMES_FOLLOW = _OF_USERS | frozenset(
    "group groups service services route routes namespaces nodes pods persistentvolumeclaims persistentvolumes events "
    "configmaps secrets serviceaccounts deployments replicasets statefulsets daemonsets jobs leases endpoints "
    "resourcequotas storageclasses priorityclasses kernelspecs".split()
)
_RUNS = re.compile(r"[^\W_]+")
# Words that hold a digit, and quantities.
_MIXED = re.compile(
    r"(?i:python\d{1,3}|py\d{1,3}|sqlite3|oauth2?|oauth20|psycopg\d|pbkdf2|utf8|latin1|cp1252|k8s|base64|md5|sha\d{1,3}|x509|rs256"
    r"|hs256|ipv[46]|http[12]|tls1\d?|h2c?|s3|ec2|ext4|cifs\d|nfs\d|smb\d|v\d{1,2}(?:(?:alpha|beta)\d{1,2})?|p\d{2}|json5|lib64|x86"
    r"|arm64|amd64|uid\d|xfs\d|win32|utf16|int(?:16|32|64)|float(?:32|64)|i18n|l10n|e\d{1,2}|lti1[13]|pep\d{3}|\d(?:st|nd|rd|th))"
    r"|0x[0-9a-f]{1,4}|AADSTS\d{5,7}"
    r"|(?:\d{1,6}(?:ns|us|ms|s|m|h|d|w|y|k|[KMGTPE]i?[Bb]?|B|x|min|sec|n|u|µs)){1,4}"
)
_CAMEL = re.compile(r"[A-Z]?[a-z]+|[A-Z]+(?![a-z])")
_LONGEST_NUMBER = 7
_MOST_DIGITS = 12
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


def _odd(part: str) -> bool:
    """Whether there is anything strange in a part of a line."""
    if part.isalpha() and len(part) < 10:
        return False
    runs = _RUNS.findall(re.sub("%[0-9A-Fa-f]{2}", "-", part))
    return any(map(_strange, runs)) or sum(len(r) for r in runs if r.isdigit()) > _MOST_DIGITS


def _path(text: str) -> str:
    parts = text.split("/")
    start = 3 if parts[0][-1:] == ":" else 1  # behind the host
    for i in range(start, len(parts)):
        named = parts[i - 1] in _NAMES_FOLLOW or parts[i - 2] in _OF_USERS
        if not named and _odd(parts[i]):
            parts[i] = REMOVED
    return "/".join(parts)


def _masked(m: re.Match[str]) -> str:
    if m[1]:
        return m[1]
    if m[2]:
        return _path(m[2])
    return REMOVED if _odd(m[0]) else m[0]


_DIGIT_OR_LONG = re.compile(r"\d|[^\W_]{10}")


# Words that announce a secret, and the words with which programs speak of one.
_ANNOUNCED = re.compile(
    # `[secret]` is what JupyterHub writes in the place of one
    r"(?<![A-Za-z/\[])(?:(?i:pass(?:words?|wd|phrase|code|wort)|pwd?|(?<!\bin )secret(?! \\?[\"'])"
    r"|(?:(?:access|api|auth|bearer|id|refresh)[ _-]?)?tokens?|credentials?|(?:api|access|private|secret)[ _-]?key"
    r"|pin|otp|one-time code|(?:user|device)_code|mot de passe|contraseña)|PASS)(?![A-Za-z_/])"
)
_HINTS = ("pass", "pw", "secret", "token", "credential", "key", "pin", "otp", "code", "contraseña")
_OF_SECRETS = frozenset(
    """
    a aborted about access account accounts admin after again all already an and anonymous another any api app
    application are argument arguments as ask at attempt attempting auth authenticate authenticated authentication
    authenticator authority authorization authorized aws azure back bad basic be bearer because been before being
    between both but by bytes cache cached call called canceled cancelled cannot caused certificate chain change
    changed check checking class clear client close closed code command config configuration configured conflict
    connect connection container contains context cookie correct could create created creating credential
    credentials crypto current data database db deadline decode decoded decoding decrypt default delete deleted
    denied deprecated dial did disabled dns does doesn domain done due during each ecr either email empty enabled
    encrypt encrypted endpoint endpoints env environment eof error errors etc event events exceeded exception
    exceptions exchange exhausted exist exists expected expiration expire expired expires expiry fail failed failure
    false fetch fetched fetching field file files for forbidden form format found from function gcp get getting
    github gitlab give given go google got grant granted group groups had handler handshake has hash hashed hashes
    have header headers host hours http https hub i if image images in incorrect info information instead
    insufficient internal into invalid io is issue issued issuer it its jupyter jupyterhub jwt keep key keys
    kubernetes last ldap length less line list load loaded logged login logout long longer lookup made make
    malformed many match matches may message minutes mismatch missing mode module more must name named namespace
    need needed needs net network new next no node nodes non none not null o oauth oauthenticator object of off oidc
    ok old on once one only openid options or other out output owner page parameter parse parsing part passed
    password passwords patch peer perform permission permissions please plugin pod pods policy possible post pre
    private problem process profile provide provided provider providers proxy proxyconnect public pull purge purged
    put queue random reachable reached read reading reason reauthenticate received redirect refresh refreshed
    refreshing refused registry reject rejected release renew repository request requested requests require required
    requires reset resource response retrying return returned returning revoke revoked role root route rsa run
    running s saved scheme scope scopes seconds secret secrets see send sent server service services session set
    setting shared should shutdown sign signature signed since single singleuser so socket spawner start started
    starting state status still stored string succeed such system t table tcp tell tenant than that the their them
    then there this time timed timeout times tls to token tokens too true try trying type udp unable unauthorized
    unexpected unknown unreachable unsupported until update updated url usage use used user username users using
    valid validate validated validation value values variable verification verify version via wait waiting was web
    were what when where which while who will with within without work would write wrong x x509 yes yet you your
    """.split()
)
_REACH = 160
_STRETCHES = re.compile(
    rf"({'|'.join(_NAMED)}|{_PATH}|{re.escape(REMOVED)})|[^\W_](?:[^\s'\"\\,;:()[\]{{}}<>=&?#|]*[^\W_])?"
)


def _spoken(m: re.Match[str]) -> str:
    """A stretch behind a word for a secret: a name, a path, or what programs say of one; else it may be it."""
    text = m[0]
    if m[1] or (text.isdigit() and len(text) < 4):
        return text
    apart = re.sub("(?<=[a-z])(?=[A-Z])", " ", text).lower()
    return text if all(w in _OF_SECRETS for w in re.findall(r"[^\W_]+", apart)) else REMOVED


def _strict(line: str) -> str:
    low = line.lower()
    if not any(hint in low for hint in _HINTS):
        return line
    if m := _ANNOUNCED.search(line):
        end = m.end() + _REACH
        if end < len(line):
            end = line.rfind(" ", m.end(), end) + 1 or len(line)
        line = line[: m.end()] + _STRETCHES.sub(_spoken, line[m.end() : end]) + line[end:]
    return line


def _line(line: str) -> str:
    head = _HEAD.match(line)
    start = head.end() if head else 0
    rest = line[start:]
    if _DIGIT_OR_LONG.search(rest):
        rest = _PARTS.sub(_masked, rest)
    return line[:start] + _strict(rest)


def masked(text: str) -> str:
    """A log without what `log_text` knows, and without all that is not what logs consist of."""
    return "\n".join(map(_line, log_text(text).split("\n")))


def message(text: str, limit: int = 300) -> str:
    """What a program says of something, masked as a log is, and on one line of at most `limit`, as `clean` gives it."""
    return clean(masked(text), limit)


def path_text(read: str, text: str) -> str:
    """The answer of a path, masked: what fails of a health endpoint may be told in its own words."""
    return masked(text) if read in {"livez", "readyz", "healthz"} else text


def log_end(text: str, lines: int = LOG_LINES) -> str:
    """The last lines of a log, masked: as many as are asked of a live cluster, for a dump may hold all."""
    parts = text.rsplit("\n", lines + 1)
    return masked("\n".join(parts[1:]) if len(parts) > lines + 1 else text)
