"""What the site's values cannot do: policy or values in, a sentence for each fault or warning out."""

from collections.abc import Iterator, Mapping
from pathlib import PurePosixPath
from typing import cast

from portero.decide.policy.policy import Policy
from portero.decide.policy.site import list_keys
from portero.decide.values.json_fields import JSON

_RULE, _SIGNED = "image-registries", "image-signed"
_ARCHIVES, _CLASSIC, _BUILDKIT = "unseen-build-context", "no-classic-builds", "no-buildkit"


def list_unseen_names(policy: Policy, profile: str) -> Iterator[str]:
    """A sentence where a rule about images is enforced and cannot hold: builds and archives, which no plugin sees, and
    tags give any image a name that is listed, or that needs no signature."""
    unsigned = [entry.images for entry in policy.images.entries if not entry.keys]
    if unsigned and _refuses(policy, profile, _SIGNED):
        yield (
            f"{_SIGNED} does not hold: image-trust lets {', '.join(unsigned)} run unsigned, and docker tag gives any"
            " image such a name; give the entry keys, or list digests under image-digests"
        )
    archives, buildkit, classic = (_refuses(policy, profile, rule) for rule in (_ARCHIVES, _BUILDKIT, _CLASSIC))
    if policy.images.entries and _refuses(policy, profile, _SIGNED) and not (buildkit and classic):
        missing = [rule for rule, refused in ((_CLASSIC, classic), (_BUILDKIT, buildkit)) if not refused]
        yield (
            f"{_SIGNED} does not hold in builds: docker build runs what any image holds, signed or not;"
            f" set {' and '.join(missing)} to deny under actions in site.json"
        )
    if policy.site["registries"] == [] or not _refuses(policy, profile, _RULE):
        return
    builds = buildkit and (archives or classic)
    commands = [*(() if archives else ("docker load", "docker import")), *(() if builds else ("docker build",))]
    if commands:
        missing = [rule for rule, refused in ((_ARCHIVES, archives), (_BUILDKIT, buildkit)) if not refused]
        yield (
            f"{_RULE} does not hold: {', '.join(commands)} give any image a name in a listed registry unseen;"
            f" set {' and '.join(missing)} to deny under actions in site.json"
        )


def _refuses(policy: Policy, profile: str, rule: str) -> bool:
    return rule in policy.rules and policy.action(rule, profile) == "deny"


def list_nested_sources(values: Mapping[str, JSON]) -> list[str]:
    """A fault for each listed source below a listed writable one: a container can replace it by a link."""
    lists = ("bind-sources-read-only", "bind-sources-writable", "bind-sources")
    listed = {key: cast("list[str]", values[key]) for key in lists if key in values}
    writable = set(listed.get("bind-sources-writable", []))
    return [
        f"{key}: {path} lies below {parent}, which bind-sources-writable lists: "
        f"a container that writes to {parent} could replace it; remove one of the two"
        for key, paths in listed.items()
        for path in paths
        for parent in map(str, PurePosixPath(path).parents)
        if parent in writable
    ]


def list_unmatched_values(values: Mapping[str, JSON], site_schema: Mapping[str, JSON]) -> Iterator[str]:
    """One sentence for each name that no request can have: a value behind a sysctl, or * where it stands for itself.

    `values` have passed the schema.
    """
    for key, becomes in list_keys(site_schema).items():
        for name in cast("list[str]", values[key]) if becomes == "name-list" else ():
            if "*" in name:
                yield f"site.json: {key}: {name} matches nothing, since * stands for itself here: write each name out"
            elif key == "sysctls" and "=" in name:
                yield f"site.json: {key}: {name} matches nothing: write the name alone, {name.partition('=')[0]}"
