"""The refusals that come before any rule: what could not be read, and is therefore never allowed.

Each has a stable code. A code names what could not be understood, never a value of the request.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType


@dataclass(frozen=True, slots=True)
class Refusal:
    """The words of one refusal code: a title that is true when it is obeyed, the reason, the remedy."""

    title: str
    reason: str
    remedy: str


_RESTART = "repeat the command; if it comes back, look at the plugin's log for a process that was killed"
_ONE_DOCUMENT = "send one JSON document and nothing else"
_CLIENT = "send the body that Docker's own clients send"

CODES: Mapping[str, Refusal] = MappingProxyType(
    {
        "envelope-empty": Refusal(
            "dockerd sends the request",
            "dockerd sent an empty request, as it does when it retries after a lost reply.",
            _RESTART,
        ),
        "envelope-undecodable": Refusal(
            "dockerd sends a JSON document of the authorization protocol",
            "What arrived on the plugin's socket is not what dockerd sends.",
            "let only dockerd connect to the plugin's socket",
        ),
        "envelope-too-large": Refusal(
            "The request fits the limit of dockerd itself",
            "The request is larger than any that dockerd forwards, so it was not read.",
            "send a body below 4 MiB",
        ),
        "uri-undecodable": Refusal(
            "The request target decodes",
            "The target holds a control character or a bad escape: dockerd may act by a body that it does not show.",
            "percent-encode the path and the query correctly",
        ),
        "uri-fragment": Refusal(
            "The request target has no fragment",
            "dockerd reads everything after # as part of the query, other readers do not.",
            "remove # from the request target, or write it as %23",
        ),
        "uri-not-clean": Refusal(
            "The request path is clean",
            "The path has empty or dot segments, so dockerd may carry out another operation than the path shows.",
            "write the path without //, /./ and /../",
        ),
        "uri-query-ambiguous": Refusal(
            "The query has one meaning",
            "A semicolon in the query is read differently by different handlers of dockerd.",
            "separate parameters with &, write a literal semicolon as %3B",
        ),
        "uri-version": Refusal(
            "The API version in the path is valid",
            "The API version in the path is not a number such as 1.45.",
            "write the version as /v1.45/, or leave it out",
        ),
        "unknown-operation": Refusal(
            "The operation is known",
            "Portero knows no operation of the Engine API for this method and path, and it may change something.",
            "check method and path; after an upgrade of Docker, upgrade Portero",
        ),
        "body-missing": Refusal(
            "The body that the operation needs is there",
            "dockerd did not forward the body, so Portero cannot tell what the request does.",
            _CLIENT + ": Content-Type application/json, below the daemon's size limit",
        ),
        "body-hidden": Refusal(
            "The body was forwarded to the plugin",
            "The headers announce a body that dockerd did not forward.",
            _CLIENT + ", with one Content-Type and one Content-Length",
        ),
        "body-unexpected": Refusal(
            "An operation without a body has none",
            "This operation takes no body, and Portero cannot see the one that was sent.",
            "send no body and no Content-Type",
        ),
        "body-form": Refusal(
            "The body is not a form",
            "dockerd takes parameters from a form before those in the query, and never shows a form to the plugin.",
            "put the parameters into the query and send no form",
        ),
        "body-undecodable": Refusal(
            "The body is JSON",
            "The body is not one JSON document, so it cannot be read as dockerd reads it.",
            _ONE_DOCUMENT,
        ),
        "body-not-utf8": Refusal(
            "The body is UTF-8",
            "The body holds bytes or escapes that are not Unicode text; dockerd would replace them.",
            "encode the body as UTF-8",
        ),
        "body-byte-order-mark": Refusal(
            "The body has no byte order mark",
            "The body begins with a byte order mark, which dockerd refuses and other readers skip.",
            "encode the body as UTF-8 without a byte order mark",
        ),
        "body-trailing-data": Refusal(
            "Nothing follows the JSON document",
            "Something follows the JSON document, which dockerd may ignore and other readers may not.",
            _ONE_DOCUMENT,
        ),
        "body-duplicate-name": Refusal(
            "No name occurs twice",
            "A name occurs twice in one object (dockerd ignores case in names), so readers differ on its value.",
            "give each field once",
        ),
        "body-too-deep": Refusal(
            "The body is not nested deeper than Docker's own types",
            "The body is nested too deeply to be read.",
            "remove the nested value that Docker does not know",
        ),
        "body-too-many": Refusal(
            "No list or map has more than 1,024 entries; commands, variables, labels, ports, hosts may have 10,240",
            "A list or map has more than 1,024 entries; commands, variables, labels, ports, hosts may have 10,240.",
            "send fewer entries",
        ),
        "body-number": Refusal(
            "Numbers are in range",
            "A number is out of range for the type of the field.",
            "send a number in range",
        ),
        "body-wrong-type": Refusal(
            "Every field has Docker's type",
            "A field has another type than Docker's own.",
            "look up the field's type in the Engine API reference",
        ),
        "body-legacy-field": Refusal(
            "Host settings are in HostConfig",
            "A host setting is outside HostConfig: older daemons obey it there, newer ones do not.",
            "move the field into HostConfig",
        ),
        "unknown-field": Refusal(
            "Docker knows every field",
            "Docker has no field of this name, and a later version may give it a meaning.",
            "check the spelling of the field, or remove it",
        ),
        "dropped-field": Refusal(
            "Fields that protect are kept at the API version of the request",
            "Docker drops this field at the API version of the request, so it protects nothing.",
            "send the request to a newer API version",
        ),
        "path-climbs": Refusal(
            "Paths that the kernel follows do not go up",
            "A path goes up with .., and a symbolic link in it decides where that leads.",
            "write the path without .., as realpath prints it",
        ),
        "mount-template": Refusal(
            "Mounts of services name their host paths without templates",
            "Swarm fills in the template ({{...}}) of a bind source or volume option after this check, with any path.",
            "write the path itself, or use a named volume: its name may be a template",
        ),
        "path-control-character": Refusal(
            "Paths are plain text",
            "A path holds a control character.",
            "rename the file or folder",
        ),
        "host-unreadable": Refusal(
            "The host can be read",
            "Portero could not read what the decision depends on: a path of the request, /proc or daemon.json.",
            "mount /proc, make daemon.json JSON that it can read, and give it enough file descriptors and memory",
        ),
        "lookup-failed": Refusal(
            "The daemon answers what Portero asks about an existing object",
            "dockerd did not tell Portero in time what this object is, so Portero cannot tell what the request does.",
            "repeat the command; see whether docker inspect of it takes over 2 seconds, or set PORTERO_LOOKUPS=off",
        ),
        "writers-unknown": Refusal(
            "Portero remembers which containers could write where",
            "Portero cannot read or save which containers could write folders of the host, or they are too many.",
            "see that Portero can write writers.jsonl beside PORTERO_STATE; delete it only when no container runs",
        ),
        "container-alias": Refusal(
            "Containers are named by their own name or ID",
            "A name with a slash is an alias of docker run --link; it can mean another container when dockerd uses it.",
            "use the container's own name or its ID",
        ),
        "certificate-invalid": Refusal(
            "The client certificate names one user",
            "The client certificate cannot be read, or it has several common names, or one that is no plain line.",
            "use a certificate whose subject has one common name (CN) of at most 128 characters",
        ),
        "certificate-expired": Refusal(
            "The client certificate is valid now",
            "The client certificate has expired, or is not valid yet.",
            "get a new certificate; check the clocks of client and host",
        ),
        "certificate-untrusted": Refusal(
            "The client certificate is from an issuer of the site",
            "None of the issuers in certificate-issuers of site.json issued the client certificate.",
            "get a certificate from one of them",
        ),
        "token-invalid": Refusal(
            "The token is one signed JSON Web Token that names a user",
            "X-Portero-Token does not hold exactly one token, signed with EdDSA, ES256 or RS256, with user and end.",
            "get a new token: portero login; portero token show says what one holds",
        ),
        "token-expired": Refusal(
            "The token is valid now",
            "The token has expired, or is not valid yet.",
            "get a new token: portero login; check the clocks of issuer and host",
        ),
        "token-untrusted": Refusal(
            "The token is from an issuer of the site, for this host",
            "The token is not from one of the token-issuers in site.json, is for another host, or breaks their terms.",
            "get a token for one of the host's PORTERO_HOST_GROUPS: portero login",
        ),
        "door-invalid": Refusal(
            "The stamp is from the door of this host",
            "X-Portero-Door does not hold a stamp that the door of this host made since its boot.",
            "connect to the door and send no such header; as root: systemctl restart portero-door",
        ),
        "door-expired": Refusal(
            "The stamp of the door is of the last minute",
            "The stamp of the door is older than a minute: the request waited for so long, or it is a copy.",
            "repeat the command",
        ),
        "door-unlisted": Refusal(
            "The site lists the door",
            "The site value doors does not list the door that this request came through.",
            "add an entry with its name to doors in site.json, or use another door (portero door list)",
        ),
        "identity-conflict": Refusal(
            "Certificate, token and door name the same user",
            "Certificate, token and door name different users, or a user by a name that only doors give.",
            "use a token for the user of the certificate or account, or only one of them",
        ),
        "log-failure": Refusal(
            "Every decision is logged",
            "The decision log cannot be written, and a change without a log line is not allowed.",
            "free disk space or fix PORTERO_LOG as root; PORTERO_LOG_FAILURE=allow lifts this",
        ),
        "policy-unusable": Refusal(
            "A policy is in force",
            "Portero has no policy: the policy folders are invalid, and no copy of the last policy is valid either.",
            "fix the policy folders as root (`portero status` names the faults): they are loaded at once",
        ),
        "settings-unusable": Refusal(
            "The settings can be used",
            "Portero has no settings: what its environment or command line says cannot be used.",
            "fix them as root (`portero status` names the faults), and run systemctl restart portero",
        ),
        "internal-error": Refusal(
            "Portero has no internal error",
            "An internal error of Portero; a request that it cannot judge is refused.",
            "look up the decision's id in the plugin's log and report it as a bug",
        ),
    }
)


class Refused(Exception):
    """A request that cannot be read. `code`: one of CODES (else KeyError); `at`: where in it, never a value of it."""

    def __init__(self, code: str, at: str = "") -> None:
        self.refusal, self.code, self.at = CODES[code], code, at
        super().__init__(f"{code} at {at}" if at else code)
