"""Files that package managers, editors and version control leave beside the files of a policy, by their names.

They are never part of a policy; named as what they are, they are not taken for an attack, nor for a rule.
"""

import re

_KINDS = (
    # dpkg(1), conffiles; ucf(1).
    (re.compile(r"(?P<of>.+)\.(?:dpkg|ucf)-[a-z-]+"), "what dpkg left when a package changed {of}"),
    # rpm(8), %config.
    (re.compile(r"(?P<of>.+)\.rpm(?:new|save|orig)"), "what rpm left when a package changed {of}"),
    # Emacs, nano, Vim (:help backup), patch(1) and merges.
    (re.compile(r"#?(?P<of>[^#].*?)(?:~|#|\.orig|\.rej)"), "a backup of {of}"),
    # Vim (:help swap-file), Emacs' locks (info emacs, Interlocking), nano.
    (re.compile(r"\.?(?P<of>.+)\.sw[a-z]"), "the swap file of an editor in which {of} is open, or was when it ended"),
    (re.compile(r"\.#(?P<of>.+)"), "the lock of an editor in which {of} is open, or was when it ended"),
)


def describe_leftover(name: str) -> str:
    """What a file of this name below a policy folder is, for "it is ..."; empty for any other file."""
    last = name.rpartition("/")[2]
    for pattern, description in _KINDS:
        if match := pattern.fullmatch(last):
            return description.format(of=match["of"])
    return ""
