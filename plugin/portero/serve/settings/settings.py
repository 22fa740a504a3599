"""The settings: defaults from config.json, then the environment, then the command line.

Text comes in, one frozen value goes out. A value out of range and an unknown PORTERO_ variable are errors.
"""

import json
import os
from collections.abc import Callable, Iterable, Mapping, Sequence
from pathlib import Path
from types import MappingProxyType
from typing import Annotated, Any, Literal, Self, cast, get_args, get_origin, get_type_hints

from portero.decide.values.dataclass import dataclass, field
from portero.decide.values.errors import Faults
from portero.decide.values.spelling import suggest_name
from portero.observe.dockerd.asking_daemon import DAEMON_CONFIG
from portero.observe.process import package_files
from portero.serve.decision_log.decision_log import Sync
from portero.serve.settings import setting_values as value

PREFIX = "PORTERO_"
POLICY, _SCHEMAS = "PORTERO_POLICY", "PORTERO_SCHEMAS"
ROOTS_STATE = Path("/var/lib/portero")
_FIRST_PROCESS = 1
_ROOT = 0
# What is enforced is unknown while any setting is: a name may be misspelled.
_ENFORCED = ("mode", "profile", "audit_profile", "schemas", "trusted_keys", "bundle")

Profile = Literal["baseline", "hardened", "restricted"]
AuditProfile = Literal["auto", "none", "hardened", "restricted"]
Mode = Literal["enforce", "audit"]
LogFailure = Literal["deny", "allow"]
LogReads = Literal["all", "none"]
YesOrNo = Literal["yes", "no"]
Lookups = Literal["auto", "off"]


class InvalidSettings(Faults):
    """Settings that cannot be used; `faults` holds one sentence each.

    `usable`: settings to refuse everything by; None when it is not known where to listen, or where the log goes.
    """

    def __init__(self, faults: Iterable[str], usable: "Settings | None" = None) -> None:
        super().__init__(faults)
        self.usable = usable


@dataclass(frozen=True, slots=True)
class Settings:
    """Every setting, and how it is read; field `log_failure` is PORTERO_LOG_FAILURE and --log-failure."""

    socket: Annotated[Path, value.parse_socket_path]
    schemas: Annotated[tuple[Path, ...], value.parse_files]
    profile: Annotated[Profile, value.make_choice_parser(*get_args(Profile))]
    audit_profile: Annotated[AuditProfile, value.make_choice_parser(*get_args(AuditProfile))]
    mode: Annotated[Mode, value.make_choice_parser(*get_args(Mode))]
    log: Annotated[str, value.parse_log]
    log_failure: Annotated[LogFailure, value.make_choice_parser(*get_args(LogFailure))]
    log_sync: Annotated[Sync, value.make_choice_parser(*get_args(Sync))]
    log_reads: Annotated[LogReads, value.make_choice_parser(*get_args(LogReads))]
    docker_host: Annotated[Path | None, value.parse_docker_host]
    lookups: Annotated[Lookups, value.make_choice_parser(*get_args(Lookups))]
    host_root: Annotated[Literal["auto", "none"] | Path, value.parse_host_root]
    daemon_config: Annotated[Path | None, value.parse_optional]
    threads: Annotated[int, value.make_number_parser(1, 512)]
    trusted_keys: Annotated[tuple[Path, ...], value.parse_files]
    host_groups: Annotated[tuple[str, ...], value.parse_groups]
    state: Annotated[Path, value.parse_absolute]
    allow_rollback: Annotated[YesOrNo, value.make_choice_parser(*get_args(YesOrNo))]
    bundle: Annotated[str, value.parse_bundle]
    bundle_folder: Annotated[Path, value.parse_absolute]
    bundle_max_age: Annotated[int, value.make_number_parser(60, 604800)]
    bundle_hosts: Annotated[tuple[str, ...], value.parse_servers]
    bundle_login: Annotated[Path | None, value.parse_optional]
    bundle_ca: Annotated[Path | None, value.parse_optional]
    images: Annotated[Path, value.parse_absolute]
    record: Annotated[Path | None, value.parse_optional]
    record_max: Annotated[int, value.parse_record_max]
    # What these were read from, by variable.
    texts: Mapping[str, str] = field(default_factory=dict, compare=False, repr=False)

    @property
    def visible_root(self) -> str:
        """Where the host's files are visible, or none."""
        if self.host_root != "auto":
            return str(self.host_root)
        # A managed plugin is the first process of its container, which shows other files.
        return "none" if os.getpid() == _FIRST_PROCESS else "/"

    @property
    def lacks_daemon(self) -> bool:
        """Whether dockerd cannot be asked: a managed plugin sees no processes outside its container."""
        return self.docker_host is None and _FIRST_PROCESS in (os.getpid(), os.getppid())

    @property
    def daemon_json(self) -> str:
        """The path of daemon.json, unless dockerd's command line has another."""
        return str(self.daemon_config or DAEMON_CONFIG)

    @property
    def last_policy(self) -> Path:
        """Where the policy in force is saved: beside the versions of signed folders that were in force."""
        return self.state.parent / "last-policy.json"

    @property
    def writers(self) -> Path:
        """Where it is remembered which containers could write folders of the host, and who can hold what they left."""
        return self.state.parent / "writers.jsonl"

    @property
    def door_key(self) -> Path:
        """The public half of the door's key, which verifies stamps: root puts it beside the state."""
        return self.state.parent / "door.pub"

    @property
    def door_folder(self) -> Path:
        """Where the door has the private half."""
        return find_door_folder(self.state.parent)

    @classmethod
    def read(
        cls,
        environ: Mapping[str, str],
        options: Mapping[str, str],
        uid: int = 0,
        running: Mapping[str, str] = MappingProxyType({}),
    ) -> Self:
        """`options`: the options of the command line by field. `uid`: the user whose defaults count.

        `running`: of the Portero that runs here, instead of defaults. Raises InvalidSettings with every fault.
        """
        defaults = {entry["name"]: entry["value"] for entry in _read_manifest()} | find_user_defaults(environ, uid)
        named = {name: text for name, text in environ.items() if name.startswith(PREFIX)}
        # Its older name is that of the managed plugin's setting, where it is empty unless it is set.
        policy, older = named.pop(POLICY, ""), named.get(_SCHEMAS, "")
        given = defaults | dict(running) | named | ({_SCHEMAS: policy} if policy else {})
        given |= {name_variable(field): text for field, text in options.items()}
        fields = {name_variable(field): field for field in _READERS}
        faults = [_describe_unknown(name, list(fields)) for name in given.keys() - fields]
        if policy and older not in ("", policy):
            faults.append(f"{POLICY}: {_SCHEMAS} is its older name, and says otherwise: keep {POLICY} alone")
        values: dict[str, Any] = {}
        for name, key in fields.items():
            try:
                values[key] = _READERS[key](given[name])
            except ValueError as fault:
                # As the user wrote it: an option or a variable.
                written = POLICY if name == _SCHEMAS and policy else name
                faults.append(f"{f'--{key}'.replace('_', '-') if key in options else written}: {fault}")
        if not faults and values["bundle"] and not (values["trusted_keys"] and values["host_groups"]):
            faults.append("PORTERO_BUNDLE: needs PORTERO_TRUSTED_KEYS and PORTERO_HOST_GROUPS: who may sign, for whom")
        if faults:
            raise InvalidSettings(sorted(faults), _keep_usable(values, defaults))
        if values["bundle"]:
            values["schemas"] += (values["bundle_folder"] / value.CURRENT,)
        return cls(**values, texts=MappingProxyType(given))

    @property
    def reported_profile(self) -> str:
        """The stricter profile whose violations are only reported; empty for none."""
        profiles = get_args(Profile)
        stricter = profiles[profiles.index(self.profile) + 1 :]
        if self.audit_profile == "auto":
            return str(stricter[0]) if stricter else ""
        return self.audit_profile if self.audit_profile in stricter else ""

    @property
    def policy_folders(self) -> tuple[Path, ...]:
        """The built-in folder and the site's own, which override it."""
        return (package_files.schemas(), *self.schemas)


def find_door_folder(state: Path) -> Path:
    """Where a door has its private key, by the folder of the state: beside it.

    That of a rootless Docker which root's Portero judges has one for its account, which reaches nothing in root's.
    """
    if state.parent == ROOTS_STATE:
        return ROOTS_STATE.with_name(f"portero-door-{state.name}")
    return state.parent / "portero-door"


def _keep_usable(values: Mapping[str, Any], defaults: Mapping[str, str]) -> Settings | None:
    """The values that could be read, and defaults for others and for all that says what is enforced."""
    if not {"socket", "log"} <= values.keys():
        return None
    unknown = [field for field in _READERS if field in _ENFORCED or field not in values]
    return Settings(**{**values, **{field: _READERS[field](defaults[name_variable(field)]) for field in unknown}})


def _describe_unknown(name: str, names: Sequence[str]) -> str:
    if name in value.GONE:
        return f"{name}: {value.GONE[name]}"
    # All of them have the same prefix, so that only the rest shows which one is close.
    close = suggest_name(name.removeprefix(PREFIX), [one.removeprefix(PREFIX) for one in names])
    close = close.replace("'", f"'{PREFIX}", 1)
    return f"{name}: unknown setting{close}" if close else f"{name}: unknown setting; use one of {', '.join(names)}"


def name_variable(field: str) -> str:
    """The environment variable of a field."""
    return PREFIX + field.upper()


def read_descriptions() -> dict[str, str]:
    """The description of each field in config.json."""
    texts = {entry["name"]: entry["description"] for entry in _read_manifest()}
    return {field: texts[name_variable(field)] for field in _READERS}


def find_user_defaults(environ: Mapping[str, str], uid: int) -> dict[str, str]:
    """Defaults that differ from root's, by setting: only root may write to /run/docker, /var/log and /var/lib.

    Folders follow the XDG Base Directory Specification, as those of rootless Docker do.
    """
    if uid == _ROOT:
        return {}
    runtime = _find_folder(environ, "XDG_RUNTIME_DIR", f"/run/user/{uid}")
    state = _find_folder(environ, "XDG_STATE_HOME", f"{environ.get('HOME', '')}/.local/state")
    return {
        "PORTERO_SOCKET": f"{runtime}/portero/portero.sock",
        "PORTERO_LOG": f"{state}/portero/decisions.jsonl",
        "PORTERO_BUNDLE_FOLDER": f"{state}/portero/bundle",
        "PORTERO_IMAGES": f"{state}/portero/images",
        "PORTERO_STATE": f"{state}/portero/signed-versions.json",
    }


def _find_folder(environ: Mapping[str, str], name: str, default: str) -> str:
    """A relative path is invalid and is ignored (XDG Base Directory Specification)."""
    path = environ.get(name, "")
    return path if path.startswith("/") else default


def _read_manifest() -> list[dict[str, str]]:
    manifest = json.loads(package_files.manifest().read_text(encoding="utf-8"))
    return cast(list[dict[str, str]], manifest["env"])


# How each field is read, by its name.
_READERS: Mapping[str, Callable[[str], object]] = {
    name: hint.__metadata__[0]
    for name, hint in get_type_hints(Settings, include_extras=True).items()
    if get_origin(hint) is Annotated
}
