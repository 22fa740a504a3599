"""Whether userns-remap really remaps root: its value and /etc/subuid in, yes or no out."""

# moby daemon/daemon_unix.go, setupRemappedRoot: dockerd only logs that root cannot be remapped to itself.
_ROOT = frozenset({"root", "0"})
# The user whom `default` stands for (moby daemon/daemon_unix.go, defaultRemappedID).
_DEFAULT = ("default", "dockremap")
SUBUID = "/etc/subuid"


def remaps_root(value: str, subuid: str) -> bool:
    """Whether root in a container is another user on the host. `value`: of userns-remap, user[:group] or empty.

    A range that begins at host ID 0 maps root to root, and dockerd says nothing of it. Where the user is a number,
    any such range in the file counts.
    """
    user = value.partition(":")[0]
    if user == "" or user in _ROOT:
        return False
    name = _DEFAULT[1] if user == _DEFAULT[0] else user
    lines = [line.strip().split(":") for line in subuid.splitlines()]
    starts = [fields[1] for fields in lines if len(fields) == 3 and (name.isdecimal() or fields[0] == name)]
    return not any(start.isdecimal() and int(start) == 0 for start in starts)
