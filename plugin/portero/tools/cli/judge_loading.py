"""The judge of a command: its settings in, a judge out, and what exists at this host's daemon, or exit status 2."""

import pwd
from contextlib import suppress
from typing import cast

from portero.decide.engine import Check
from portero.decide.identity.caller import ACCOUNT_PREFIX, NO_IDENTITY, Identity, identify_at_door
from portero.decide.identity.trusted import USERS
from portero.decide.judging.judge import Judge
from portero.decide.policy.doors import find_label
from portero.decide.values.dataclass import replace
from portero.decide.values.errors import LoadError
from portero.decide.values.json_fields import JSON
from portero.observe.dockerd.daemon_config import DaemonConfigs
from portero.observe.host.clients import read_account
from portero.observe.host.live_host import HostFiles
from portero.serve.application.judged_host import list_daemon_addresses
from portero.serve.application.loading import judge_of
from portero.tools.cli import host_settings
from portero.tools.hostcheck.policy_source import HostSettings
from portero.tools.standin import trial_objects
from portero.tools.standin.trial_objects import NO_OBJECTS, HostObjects
from portero.tools.terminal import options

# What this rule refuses depends on who owns folders on the host.
_OWNERS_RULE = "no-swappable-sources"
_LABEL_RULE = "owner-label-own"


def load_judge(settings: HostSettings) -> Judge:
    """The judge under these settings; says in a line which policy it judges by."""
    host_settings.show_source(settings)
    with options.give_up_on(LoadError):
        return judge_of(settings.judged_by, settings.source.files, settings.source.links)


def load_remote_judge(settings: HostSettings) -> Judge:
    """The judge of requests that may be meant for another host than this one.

    Unless --host-root is given, what depends on the owners of this machine's folders is reported, not refused. Who
    vouches for images is not asked: that depends on the images that the daemon has. The daemon is asked by
    list_host_objects() alone: what Portero remembers is not touched. With --host-root none, the daemon.json that is
    named counts as in force: no dockerd can say since when it runs.
    """
    judge = replace(load_judge(replace(settings, lookups="off")), images=None)
    if settings.host_root == "none" and settings.daemon_config and isinstance(judge.host, HostFiles):
        judge.host.configs = DaemonConfigs(str(settings.daemon_config), in_force=True)
    return report_owners(judge, settings)


def list_host_objects(settings: HostSettings) -> HostObjects:
    """What exists at this host's daemon, where its Portero looks there too, and where this is the host that counts."""
    is_here = settings.visible_root == "/" or (settings.docker_host is not None and settings.host_root != "none")
    if settings.lookups == "off" or not is_here:
        return NO_OBJECTS
    return trial_objects.list_host_objects([*list_daemon_addresses(settings, None)])


def find_caller(judge: Judge, user: str) -> tuple[Judge, Identity]:
    """As whom requests are judged; an account of the host with its groups, as at the users' door.

    Where that door writes the label of owners, the judge takes a request without it.
    """
    site, trusted = judge.policy.site, judge.policy.trusted
    account = user.removeprefix(ACCOUNT_PREFIX)
    if account == user or USERS not in trusted.doors:
        return judge, Identity(user, trusted.user_groups.get(user, ())) if user else NO_IDENTITY
    groups: tuple[str, ...] = ()
    with suppress(KeyError):  # of another host
        groups = read_account(pwd.getpwnam(account).pw_uid).groups
    if find_label(site, USERS):
        asked = judge.policy.checks[_LABEL_RULE]
        as_written = Check(
            lambda request: asked.is_satisfied(_write_labels(request)),
            lambda request: asked.failures(_write_labels(request)),
        )
        checks = {**judge.policy.checks, _LABEL_RULE: as_written}
        judge = replace(judge, policy=replace(judge.policy, checks=checks))
    return judge, identify_at_door(USERS, account, groups, trusted)


def _write_labels(request: JSON) -> JSON:
    """The request with the labels that it does not have, as if the door had written them."""
    document = cast("dict[str, JSON]", request)
    used = cast("dict[str, JSON]", document["objects"])
    labels = cast("list[dict[str, JSON]]", used.get("ownerLabels", []))
    written: list[JSON] = [one if one["given"] else {**one, "value": True, "given": True} for one in labels]
    return {**document, "objects": {**used, "ownerLabels": written}}


def report_owners(judge: Judge, settings: HostSettings) -> Judge:
    """The same judge for requests that may be meant for another host."""
    return judge if settings.host_root != "auto" else replace(judge, policy=judge.policy.report(_OWNERS_RULE))
