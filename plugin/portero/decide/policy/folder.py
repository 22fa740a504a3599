"""What one policy folder holds: site.json, the built-in schemas beside it, rules and exceptions.

Rules are rules/<topic>/<rule-id>.json and host/<topic>/<rule-id>.json, exceptions are exceptions/<id>.json, public keys
are keys/<name>.pem and keys/<name>.jwks, lists of image digests are image-lists/<name>.json.
A file among these that is misnamed is a fault: a rule in it would be missed in silence.
"""

import re
from collections.abc import Mapping, Sequence
from hashlib import sha256
from pathlib import Path, PurePosixPath

from portero.decide.policy.json_files import parse_object
from portero.decide.policy.positions import find_position
from portero.decide.values.dataclass import dataclass, field
from portero.decide.values.errors import ContentRefused
from portero.decide.values.json_fields import JSON
from portero.decide.values.json_objects import MAX_FILE_BYTES

DOCUMENTS = (
    *("exception.json", "host.json", "host-rule.json", "image-list.json"),
    *("request.json", "rule.json", "site.json", "site.schema.json"),
)
BRANCHES = ("rules", "host")
EXCEPTIONS = "exceptions"
_RULE = re.compile(r"(rules|host)/[a-z0-9-]+/[a-z0-9-]+\.json")
_EXCEPTION = re.compile(r"exceptions/[a-z0-9-]+\.json")
_KEY = re.compile(r"keys/[a-z0-9.-]+\.(pem|jwks)")
KEYS = "keys"
LISTS = "image-lists"
_LIST = re.compile(r"image-lists/[a-z0-9.-]+\.json")
READ_ME = "README.md"
# The names that files of these folders have.
_FORMS = (
    (BRANCHES, _RULE, "a rule: call it rules/<topic>/<rule-id>.json, of a-z, 0-9 and -"),
    ((EXCEPTIONS,), _EXCEPTION, "an exception: call it exceptions/<id>.json, of a-z, 0-9 and -"),
    ((KEYS,), _KEY, "a file of public keys: call it keys/<name>.pem or keys/<name>.jwks, of a-z, 0-9, . and -"),
    ((LISTS,), _LIST, "a list of digests: call it image-lists/<name>.json, of a-z, 0-9, . and -"),
)


@dataclass(frozen=True, slots=True)
class Folder:
    """What a folder holds: `data` by name below it, the rest parsed: `rules` of requests, rules of the `host`.

    `keys`: the bytes of each file of keys, by its name in keys/. `image_lists`: lists of digests, by their name.
    """

    path: Path
    data: Mapping[str, bytes]
    documents: Mapping[str, dict[str, JSON]]
    rules: Mapping[Path, dict[str, JSON]]
    host: Mapping[Path, dict[str, JSON]]
    exceptions: Mapping[Path, dict[str, JSON]]
    keys: Mapping[str, bytes] = field(default_factory=dict)
    image_lists: Mapping[str, dict[str, JSON]] = field(default_factory=dict)

    def locate(self, file: Path, fault: str) -> str:
        """A line about a fault of one of its files, with where in the file it is."""
        data = self.data.get(file.relative_to(self.path).as_posix(), b"")
        return f"{file}: {fault}{find_position(data, fault)}"


def parse_folder(path: Path, files: Mapping[str, bytes], faults: list[str]) -> Folder:
    """The content of a folder, from all files that lie below it; what is wrong is added to `faults`, one line each."""
    names = _select_names(files)
    data = {name: files[name] for name in names if name in files and is_policy_file(name)}
    return make_folder(path, names, data, faults)


def hash_folders(folders: Sequence[Folder]) -> str:
    """SHA-256 over names and bytes of all files of a policy; lengths keep two files from passing for one."""
    total = sha256()
    for folder in folders:
        for name, data in sorted(folder.data.items()):
            total.update(f"{name}\n{len(data)}\n".encode() + data)
    return total.hexdigest()


def list_parts(path: Path) -> list[Path]:
    """What of a folder is read: whatever else lies in it, a .git say, has no part in the policy."""
    return [path / name for name in (*DOCUMENTS, *BRANCHES, EXCEPTIONS, KEYS, LISTS)]


def is_rule(name: str) -> bool:
    """Whether a file of this name below a policy folder is read as a rule of requests."""
    return name.startswith("rules/") and _RULE.fullmatch(name) is not None


def is_image_list(name: str) -> bool:
    """Whether a file of this name below a policy folder is read as a list of digests of images."""
    return _LIST.fullmatch(name) is not None


def make_empty(path: Path) -> Folder:
    """A folder that could not be read."""
    return Folder(path, {}, {}, {}, {}, {})


def make_folder(path: Path, names: list[str], data: Mapping[str, bytes], faults: list[str]) -> Folder:
    """The folder of files of these names, with the bytes of those that count; faults are added, one line each."""
    if not names:
        faults.append(f"{path}: holds no policy: name a folder with rules/ or site.json")
    faults += _find_name_faults(path, [name for name in names if name not in DOCUMENTS])
    # Those of a signed folder come as they were verified.
    large = [name for name, content in data.items() if len(content) > MAX_FILE_BYTES]
    faults += [f"{path / name}: has more than {MAX_FILE_BYTES >> 20} MiB: make it smaller" for name in large]
    data = {name: content for name, content in data.items() if name not in large}
    keys = {name.removeprefix(f"{KEYS}/"): content for name, content in data.items() if _KEY.fullmatch(name)}
    documents = _parse_files(
        path, {name: content for name, content in data.items() if not _KEY.fullmatch(name)}, faults
    )
    named = {name: document for name, document in documents.items() if name in DOCUMENTS}
    rules, host, exceptions = (
        {path / name: document for name, document in documents.items() if name.startswith(f"{branch}/")}
        for branch in (*BRANCHES, EXCEPTIONS)
    )
    lists = {name.partition("/")[2]: document for name, document in documents.items() if _LIST.fullmatch(name)}
    return Folder(path, data, named, rules, host, exceptions, keys, lists)


def is_policy_file(name: str) -> bool:
    """Whether a file of this name below a policy folder counts."""
    return name in DOCUMENTS or any(form.fullmatch(name) for form in (_RULE, _EXCEPTION, _KEY, _LIST))


def _select_names(files: Mapping[str, bytes]) -> list[str]:
    """The same from the names of all files; a folder where a file should be counts as one name."""
    depth = dict.fromkeys(BRANCHES, 3) | {EXCEPTIONS: 2, KEYS: 2, LISTS: 2}
    split = [name.split("/") for name in sorted(files)]
    filed = [part[: depth[part[0]]] for part in split if part[0] in depth]
    documents = [name for name in DOCUMENTS if name in files]
    return [*documents, *dict.fromkeys("/".join(part) for part in filed if READ_ME not in part)]


def _parse_files(path: Path, data: Mapping[str, bytes], faults: list[str]) -> dict[str, dict[str, JSON]]:
    documents = {}
    for name, content in data.items():
        try:
            documents[name] = parse_object(content)
        except ContentRefused as refused:
            faults.append(f"{path / name}: {refused}")
    return documents


def _find_name_faults(path: Path, names: list[str]) -> list[str]:
    branches = {name: name.partition("/")[0] for name in names}
    faults = [
        f"{path / name}: is {what}: remove it"
        if (what := describe_leftover(name))
        else f"{path / name}: is not named as {form}"
        for kinds, pattern, form in _FORMS
        for name in names
        if branches[name] in kinds and not pattern.fullmatch(name)
    ]
    first: dict[str, str] = {}
    for name in (name for name in names if branches[name] in BRANCHES):
        twin = first.setdefault(PurePosixPath(name).stem, name)
        if twin != name:
            faults.append(f"{path / name}: has the id of {path / twin}: rename one of them")
    return faults


# What package managers, editors and version control leave is never part of a policy; named as what it is, it is not
# taken for an attack, nor for a rule.
_LEFTOVERS = (
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
    for pattern, description in _LEFTOVERS:
        if match := pattern.fullmatch(last):
            return description.format(of=match["of"])
    return ""
