"""What login providers answer to a hub, as OAuthenticator logs it."""

from jhubdoctor.api import Fix
from jhubdoctor_checks.texts import Known

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
