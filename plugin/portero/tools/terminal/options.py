"""The options that several commands share, and what they become: settings, or exit status 2."""

import os
import sys
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from functools import reduce
from typing import Any, NoReturn, TypeVar

import click

from portero.serve.settings.setting_values import GONE
from portero.serve.settings.settings import PREFIX, InvalidSettings, Settings, name_variable, read_descriptions
from portero.tools.terminal.output import show_lines

_Command = TypeVar("_Command", bound=Callable[..., Any] | click.Command)
Given = Mapping[str, str | Sequence[str] | None]

ALLOWED, REFUSED, ERROR = 0, 1, 2

_HELP = read_descriptions()


def make_absolute(context: click.Context, parameter: click.Parameter, path: str | None) -> str | None:
    """Make a path absolute from the folder where it is typed."""
    # Links are not followed: one that another user planted is refused later.
    return os.path.abspath(path) if path else path


def join(*flags: Callable[[Any], Any]) -> Callable[[_Command], _Command]:
    """Several options as one, in this order."""
    return lambda command: reduce(lambda done, flag: flag(done), reversed(flags), command)


def _make_option(flag: str, metavar: str, **more: Any) -> Callable[[_Command], _Command]:
    """The option of a setting; its help is the text of config.json."""
    return click.option(flag, metavar=metavar, help=_HELP[flag.removeprefix("--").replace("-", "_")], **more)


SOCKET = _make_option("--socket", "PATH", callback=make_absolute)


def _keep_older(context: click.Context, parameter: click.Parameter, folders: tuple[str, ...]) -> None:
    context.meta["--schemas"] = folders


def _join_names(context: click.Context, parameter: click.Parameter, folders: tuple[str, ...]) -> tuple[str, ...]:
    older: tuple[str, ...] = context.meta["--schemas"]
    if folders and older and folders != older:
        context.fail("--policy and its older name --schemas differ: give --policy alone")
    return folders or older


_ABOUT = (
    "A policy folder, or oci://… of a bundle where a command judges. Repeatable: a later one overrides earlier ones."
)
_OLDER: Any = {"hidden": True, "is_eager": True, "expose_value": False, "callback": _keep_older}
# The folders of a policy, by both names of their option.
SCHEMAS = join(
    click.option("--policy", "schemas", metavar="DIR", multiple=True, help=_ABOUT, callback=_join_names),
    click.option("--schemas", "older", multiple=True, **_OLDER),
)
PROFILE = _make_option("--profile", "LEVEL")
MODE = _make_option("--mode", "MODE")
DOCKER_HOST = _make_option("--docker-host", "ADDRESS")
HOST_ROOT = _make_option("--host-root", "PATH")
DAEMON_CONFIG = _make_option("--daemon-config", "PATH", callback=make_absolute)


def _say_it_is_gone(context: click.Context, parameter: click.Parameter, given: str | None) -> None:
    if given is not None:
        (option,) = parameter.opts
        give_up([f"{option}: {GONE[name_variable(option.removeprefix('--').replace('-', '_'))]}"])


_GONE: Any = {"hidden": True, "expose_value": False, "callback": _say_it_is_gone}
takes_service = join(
    SOCKET,
    SCHEMAS,
    PROFILE,
    _make_option("--audit-profile", "LEVEL"),
    MODE,
    _make_option("--log", "FILE"),
    _make_option("--log-failure", "ACTION"),
    _make_option("--log-sync", "WHEN"),
    DOCKER_HOST,
    HOST_ROOT,
    DAEMON_CONFIG,
    _make_option("--threads", "N"),
    _make_option("--trusted-keys", "FILE", multiple=True),
    _make_option("--state", "FILE"),
    _make_option("--allow-rollback", "YES|NO"),
    _make_option("--record", "FILE", callback=make_absolute),
    _make_option("--record-max", "SIZE"),
    *(click.option("--" + name.removeprefix(PREFIX).lower().replace("_", "-"), **_GONE) for name in GONE),
)
USER = click.option(
    "--user", metavar="NAME", default="", help="Who asks, such as alicia or unix:alicia. Default: an unknown caller."
)
takes_host = join(DOCKER_HOST, HOST_ROOT, DAEMON_CONFIG)
_FOLDER = click.Path(exists=True, file_okay=False)
takes_compose = join(
    click.option("--project-root", metavar="DIR", type=_FOLDER, help="The folder that Compose may read."),
    click.option("--env", metavar="NAME[=VALUE]", multiple=True, help="A variable that Compose may see."),
    click.option(
        "--no-sandbox", is_flag=True, help="Run Compose with your files and network: for projects that you trust."
    ),
)
LOGIN = click.option("--login", metavar="FILE", help="Logins, as `docker login` writes them (PORTERO_BUNDLE_LOGIN).")
STATE = click.option("--state", metavar="FILE", help="The versions that were in force. Default: PORTERO_STATE.")
_KEY = "A public key that signs the bundle. Default: PORTERO_TRUSTED_KEYS."
TRUSTED = click.option("--trusted", "trusted_keys", metavar="FILE", multiple=True, help=_KEY)
takes_policy = join(SCHEMAS, TRUSTED, PROFILE)


def load_settings(given: Given) -> Settings:
    """The settings under the environment and these options; an option that is not given is None or empty."""
    with give_up_on(InvalidSettings):
        return read_settings(given)


def read_settings(given: Given) -> Settings:
    """The same; raises InvalidSettings."""
    return Settings.read(os.environ, list_given(given), os.geteuid())


def list_given(given: Given) -> dict[str, str]:
    return {
        field: value if isinstance(value, str) else ":".join(value)
        for field, value in given.items()
        if value is not None and value != ()
    }


def read_variables(given: Sequence[str], environ: Mapping[str, str]) -> dict[str, str]:
    """The variables that --env names: NAME=VALUE, or NAME with its value in this environment."""
    parts = (each.partition("=") for each in given)
    values = {name: value if sign else environ.get(name) for name, sign, value in parts}
    return {name: value for name, value in values.items() if name and value is not None}


@contextmanager
def explain_os_errors(name: object, cure: str = "", *, by_file: bool = False) -> Iterator[None]:
    """Give up with one sentence where the system refuses a file. `by_file`: name the file that the error is about."""
    try:
        yield
    except OSError as error:
        give_up([f"{(by_file and error.filename) or name}: {error.strerror}{cure and f'; {cure}'}"])


@contextmanager
def give_up_on(*kinds: type[Exception], name: object = "") -> Iterator[None]:
    """Give up with what such an error says, a line for each of its faults. `name`: what the error is about."""
    try:
        yield
    except kinds as error:
        faults = getattr(error, "faults", None) or [str(error)]
        give_up([f"{name}: {fault}" if name else fault for fault in faults])


def give_up(faults: Sequence[str]) -> NoReturn:
    """Print a line for each fault, and end with exit status 2."""
    show_lines((f"portero: {fault}" for fault in faults), err=True)
    sys.exit(ERROR)
