"""Which policy a command judges by: that of the Portero that runs on this host, unless the command is given another.

Root asks the running Portero, users read what it shows them (serve/status/policy_page.py). Where none runs it is the
policy of the folders that are named, or the built-in one.
"""

import os
import pwd
from collections.abc import Mapping
from contextlib import suppress
from pathlib import Path
from typing import Self

from portero.decide.values.dataclass import dataclass, field, replace
from portero.decide.values.json_objects import load_object
from portero.observe.files.chroot import Files
from portero.observe.files.whole_files import read_regular_file
from portero.serve.settings.own_files import SUMMARIES, SUMMARY
from portero.serve.settings.settings import Settings, name_variable
from portero.serve.status.policy_page import PolicyPage, read_page
from portero.serve.status.policy_state import PolicyFiles
from portero.tools.hostcheck.plugin_client import ask_policy, find_running, is_managed

_MAX_BYTES = 64 << 20
_SHOWN_DIGITS = 12
# What says where policy comes from: of the running Portero none of it counts once another policy is named.
_POLICY = frozenset({"PORTERO_POLICY", "PORTERO_SCHEMAS", "PORTERO_BUNDLE"})
# In a managed plugin all paths are those of its container.
_PATHLESS = frozenset(map(name_variable, ("profile", "audit_profile", "mode", "lookups", "host_groups", "log_reads")))


@dataclass(frozen=True, slots=True)
class PolicySource:
    """`page`: of the Portero that runs here; None: none does. `is_other`: the command is given another policy.

    `silent`: why the one that should run did not answer. `names`: what policy folders are, instead of their paths.
    """

    page: PolicyPage | None = None
    is_other: bool = False
    silent: str = ""
    names: tuple[str, ...] = ()

    @property
    def files(self) -> PolicyFiles | None:
        """The files that are in force; None: they are read from their folders."""
        return None if self.page is None or self.is_other else self.page.files

    @property
    def page_settings(self) -> Mapping[str, str]:
        """The settings of the Portero that runs here, by variable."""
        return {} if self.page is None else self.page.settings

    @property
    def links(self) -> tuple[str, ...]:
        return () if self.page is None else self.page.links

    def describe(self, settings: Settings) -> str:
        """Which policy it is under these settings, in a line."""
        page = self.page
        folders = ", ".join(self.names or map(str, settings.schemas))
        profile = f"profile {settings.profile}"
        if page is None or self.is_other:
            silent = f"; {self.silent}" if self.silent else ""
            return f"judged by {f'the policy in {folders}' if folders else 'the built-in rules'}, {profile}{silent}"
        if page.unusable:
            why = f"the Portero on this host denies everything ({page.unusable}: see portero status)"
            return f"{why}; judged by the built-in rules, {profile}"
        audit = ", mode audit: nothing is enforced" if page.settings.get("PORTERO_MODE") == "audit" else ""
        about = f"the policy in force on this host ({page.digest[:_SHOWN_DIGITS]}, {profile}{audit})"
        if page.hidden is None:
            return f"judged by {about}"
        hidden = f", without its {', '.join(page.hidden)}" if page.hidden else ""
        return f"judged by {about}, as far as users may see it{hidden}"


@dataclass(frozen=True, slots=True)
class HostSettings(Settings):
    """Settings of a command on this host, and which policy it judges by."""

    source: PolicySource = field(default_factory=PolicySource)

    @property
    def judged_by(self) -> Self:
        """The same with the folders to judge by: none while the Portero on this host has no policy."""
        page = self.source.page
        return replace(self, schemas=()) if page is not None and page.unusable and not self.source.is_other else self

    @property
    def readable_folders(self) -> tuple[Path, ...]:
        """The policy folders that can be read here, the built-in one first."""
        known = self.source.files
        hidden = known is not None and "PORTERO_SCHEMAS" not in self.source.page_settings
        return (replace(self, schemas=()) if hidden else self).policy_folders


def choose(given: Mapping[str, str]) -> HostSettings:
    """The settings under the environment and these options, by field; raises InvalidSettings."""
    alone = HostSettings.read(os.environ, given, os.geteuid())
    source = _find_source(alone)
    page = source.page
    if page is None:
        return replace(alone, source=source)
    texts = page.settings
    is_other = "schemas" in given or bool(_POLICY & {*os.environ})
    if is_other:
        texts = {name: text for name, text in texts.items() if name not in _POLICY}
    chosen = HostSettings.read(os.environ, given, os.geteuid(), texts)
    if not is_other and "PORTERO_SCHEMAS" not in texts:
        # Its folders are not to be read here; their files are known.
        chosen = replace(chosen, schemas=tuple(page.files))
    return replace(chosen, source=replace(source, is_other=is_other))


def name_another(settings: HostSettings, folders: tuple[Path, ...]) -> HostSettings:
    """The same with the policy of these folders, as they are on the disk."""
    return replace(settings, schemas=folders, source=replace(settings.source, is_other=True))


def _find_source(settings: Settings) -> PolicySource:
    socket = settings.socket
    with suppress(OSError):  # then it is asked where it should be
        socket = find_running(Files(), settings.daemon_json, socket)
    try:
        page = read_page(ask_policy(socket))
        if is_managed(socket):
            page = replace(page, settings={name: text for name, text in page.settings.items() if name in _PATHLESS})
        return PolicySource(page)
    except (FileNotFoundError, NotADirectoryError, PermissionError):
        return PolicySource(_read_summary())
    except (OSError, ValueError, LookupError, TypeError) as error:
        why = getattr(error, "strerror", None) or "the process that answers is not this portero"
        return PolicySource(silent=f"the Portero at {socket} does not say which policy is in force ({why})")


def _read_summary() -> PolicyPage | None:
    """What users of this host may see; None: nothing is shown."""
    if os.geteuid() == 0:
        return None
    for file in _list_summaries():
        with suppress(OSError, ValueError, LookupError, TypeError):
            return read_page(load_object(read_regular_file(file, _MAX_BYTES)))
    return None


def _list_summaries() -> list[Path]:
    of_root, of_rootless = map(Path, SUMMARIES)
    with suppress(KeyError):  # an account without a name
        return [of_rootless / pwd.getpwuid(os.geteuid()).pw_name / SUMMARY, of_root / SUMMARY]
    return [of_root / SUMMARY]
