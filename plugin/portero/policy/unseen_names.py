"""Where image-registries is enforced and cannot hold: what no plugin sees gives any image a listed name.

A policy and a profile in, a sentence out.
"""

from collections.abc import Iterator

from portero.policy.policy import Policy

_RULE = "image-registries"
_ARCHIVES, _CLASSIC, _BUILDKIT = "unseen-build-context", "no-classic-builds", "no-buildkit"


def list_notices(policy: Policy, profile: str) -> Iterator[str]:
    """One sentence where the rule is enforced with a list, and builds or image archives are not refused."""
    if policy.site["registries"] == [] or not _refuses(policy, profile, _RULE):
        return
    archives, buildkit = (_refuses(policy, profile, rule) for rule in (_ARCHIVES, _BUILDKIT))
    builds = buildkit and (archives or _refuses(policy, profile, _CLASSIC))
    ways = [*(() if archives else ("docker load", "docker import")), *(() if builds else ("docker build",))]
    if ways:
        missing = [rule for rule, refused in ((_ARCHIVES, archives), (_BUILDKIT, buildkit)) if not refused]
        yield (
            f"{_RULE} does not hold: {', '.join(ways)} give any image a name in a listed registry unseen;"
            f" set {' and '.join(missing)} to deny under actions in site.json"
        )


def _refuses(policy: Policy, profile: str, rule: str) -> bool:
    return rule in policy.rules and policy.action(rule, profile) == "deny"
