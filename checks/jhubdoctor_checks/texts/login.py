"""What login providers answer to a hub, as OAuthenticator logs it."""

from jhubdoctor.api import RESTARTS, Fix
from jhubdoctor_checks.texts import Known

_LDAP = "ldap3: core/exceptions.py; jupyterhub-ldapauthenticator 1.3 to 2.0"
_PYTHON = "Python: ssl, socket; aiohttp, urllib3, tornado"
_OAUTH = "OAuthenticator 14 to 17: oauth2.py; RFC 6749, 5.2"
# OAuthenticator 14 to 17 (oauth2.py): `Error LABEL CODE METHOD URL: BODY`. The body is the provider's, and may hold
# tokens: of it only these words count, and only the words of our own are shown.
ANSWER = r"Error .{1,80}? (?P<code>\d{3}) (?:GET|POST) https?://(?P<host>[\w.-]+)\S*: (?P<body>.*)"
ANSWERS: tuple[Known[None], ...] = (
    Known(
        "redirect-uri",
        r"(?i)redirect[_ ]uri",
        "it does not know the address that users come back to",
        Fix(
            "Register the hub's callback at the provider, letter by letter: https, host, base URL, /hub/oauth_callback."
        ),
        _OAUTH,
    ),
    Known(
        "client",
        r"(?i)invalid_client|incorrect_client_credentials|unauthorized_client|AADSTS7000215|client secret",
        "it does not take the hub's client id or secret",
        Fix(
            "Make a new client secret at the provider (some expire) and set it: client_id and client_secret of the "
            "authenticator's class under hub.config."
        ),
        _OAUTH,
    ),
    Known(
        "scope",
        r"(?i)invalid_scope|insufficient_scope|scope",
        "it does not grant what the hub asks for",
        Fix("Correct the authenticator's scope, or let the application at the provider have it."),
        _OAUTH,
    ),
)
OTHER: Known[None] = Known(
    "provider",
    "",
    "it answers with an error",
    Fix("See what the provider says of the application's registration."),
    "",
)

# Exceptions with which logins fail, `Class: text`, whatever authenticator raised them.
LOGIN_ERRORS: tuple[Known[None], ...] = (
    Known(
        "username-claim",
        r"ValueError: \W*No [\w.-]+ found in\b",
        "what the login provider says of a user has no field of the name that username_claim gives",
        Fix(
            "Set username_claim of the authenticator (under hub.config) to a field that the provider sends, or ask for "
            "more (scope: openid, profile, email). Some send a field only for users that have one."
        ),
        "OAuthenticator 16 to 17.4: oauth2.py",
    ),
    Known(
        "ldap-start-tls",
        r"LDAPStartTLSError|(?i:start_?tls)",
        "the LDAP server does not take StartTLS there",
        Fix(
            "LDAPAuthenticator 2 asks for StartTLS on the plain port unless it is told otherwise. Where the server "
            "speaks TLS on a port of its own (LDAPS, 636), set tls_strategy and server_port as shown; where it has "
            "neither, tls_strategy: insecure sends passwords in the clear. Before 2.0 the setting is use_ssl.",
            {"hub": {"config": {"LDAPAuthenticator": {"tls_strategy": "on_connect", "server_port": 636}}}},
            caution=RESTARTS,
        ),
        _LDAP,
    ),
    Known(
        "certificate",
        r"(?i)CERTIFICATE_VERIFY_FAILED|certificate verify failed|SSLCertVerificationError|self[- ]signed certificate"
        r"|LDAPCertificateError",
        "the hub does not trust the certificate of the server that knows the users",
        Fix(
            "Let the hub's image or hub.extraVolumes have the certificate authority, and name it (SSL_CERT_FILE or "
            "REQUESTS_CA_BUNDLE in hub.extraEnv, or the authenticator's own setting); see also whether it has expired."
        ),
        _PYTHON,
    ),
    Known(
        "name",
        r"gaierror|Name or service not known|Temporary failure in name resolution|nodename nor servname"
        r"|Could not resolve host|LDAPInvalidServerError|invalid server address",
        "the name of the server that knows the users has no address in the hub's pod",
        Fix("Correct the server's name under hub.config, or the cluster's DNS."),
        _PYTHON,
    ),
    Known(
        "cut",
        r"(?i:empty reply from server)|LDAPSessionTerminatedByServer|ConnectionReset|Connection reset by peer"
        r"|RemoteDisconnected|ServerDisconnected|IncompleteRead|Connection aborted",
        "the server that knows the users ends the connection before it has answered",
        Fix(
            "The hub reaches it: see what that server, or a proxy before it, logs at these times. It may be restarted, "
            "want TLS (https) where the hub speaks without, or refuse a header that is too long (a token with many "
            "groups)."
        ),
        _PYTHON,
    ),
    Known(
        "disk-at",
        r"(?:No space left on device|Disk quota exceeded): '(?P<path>/[^'\n]*)'",
        "no room is left on the hub's disk that {path} lies on",
        Fix("Make room there: see which volume the hub mounts at {path}, or above; without one it is the node's disk."),
        _PYTHON,
    ),
    Known(
        "disk",
        r"\[Errno 28\]|No space left on device|\[Errno 122\]|Disk quota exceeded",
        "no room is left on a disk that the hub writes to",
        Fix(
            "See which of the hub's disks is full (df in its container), and what fills it: its database and logs lie "
            "on the claim of hub.db.pvc, all else on the node's disk."
        ),
        _PYTHON,
    ),
    Known(
        "unreachable",
        r"LDAPSocketOpenError|LDAPServerPoolExhausted|ConnectionRefused"
        r"|ClientConnector|Cannot connect to host|ConnectTimeout|ConnectionTimeout|TimeoutError|HTTP 599"
        r"|No route to host|Network is unreachable|Max retries exceeded|(?i:timed out)",
        "the hub does not reach the server that knows the users",
        Fix(
            "See that the server runs, that its name and port under hub.config are right, and that the hub's pod may "
            "reach it: hub.networkPolicy.egress, a firewall, an HTTP proxy in hub.extraEnv."
        ),
        _PYTHON,
    ),
)

# With which words a hub refuses logins (4xx): those of authenticators.
LOGIN_REFUSALS: tuple[Known[None], ...] = (
    Known(
        "consumer-key",
        r"oauth_consumer_key not known|unknown oauth_consumer_key",
        "the key that the learning platform sends is none that the hub knows",
        Fix(
            "Compare the key in the platform's tool with those under consumers. The class that reads them is "
            "LTI11Authenticator (charts from 2.0 on); a section LTIAuthenticator under hub.config is read no more."
        ),
        "ltiauthenticator: lti11/validator.py; ltiauthenticator issues 50 and 114",
    ),
    Known(
        "oauth-state",
        r"OAuth state (?:mismatch|missing from cookies)",
        "the cookie that the hub sets before it sends users to the login provider does not come back with them",
        Fix(
            "Users have to leave from and come back to one host name, by https: that of the authenticator's"
            " oauth_callback_url. See also what takes cookies away (a proxy, several hubs under one name)."
        ),
        "OAuthenticator 14 to 17.4: oauth2.py",
    ),
    Known(
        "provider-says",
        r"OAuth error: (?P<what>.{1,200})",
        "the login provider sends them back with an error: {what}",
        Fix("See what the provider says of the application's registration, and of who may use it."),
        "OAuthenticator 14 to 17.4: oauth2.py; RFC 6749, 4.1.2.1",
    ),
)

FORMS: dict[str, Fix] = {
    "launch": Fix(
        "No other site can have the hub's token, so an authenticator exempts its own pages, from some release on: "
        "ltiauthenticator from 1.5.1, which charts from 3.0 hold. Put a newer one into a hub's image of your own.",
        commands=("kubectl --namespace {ns} exec deployment/{hub} -- pip list",),
    ),
    "form": Fix(
        "Templates of your own for the login page need the hidden field _xsrf since JupyterHub 4: compare them with"
        " the release's own login.html.",
        commands=("kubectl --namespace {ns} describe deployment {hub}",),
    ),
    "xsrf": Fix(
        "Cookies have to come back as they were set: one host name, https all the way, no cache before the hub, and no "
        "second hub whose cookies reach this one (a cookie for a whole domain).",
        commands=("kubectl --namespace {ns} get ingress,service",),
    ),
}
"""What to do where forms have no XSRF token that counts, by what they have in common."""
