"""Reads policy folders that must be signed: what is handed to the loader are the very bytes that were verified.

The built-in folder belongs to the package and is installed with it; every other one needs a signature that covers
exactly its files, by a trusted key, for a group of this host, of no older version than the one that was in force.
"""

from collections.abc import Mapping, Sequence
from pathlib import Path

from portero.decide.identity.key_pairs import PublicKey, parse_public_key
from portero.decide.policy import folder
from portero.decide.policy.folder import Folder
from portero.decide.values.dataclass import dataclass, field
from portero.decide.values.errors import FileFaults, LoadError
from portero.observe.files.whole_files import read_regular_file
from portero.observe.stores import policy_loader
from portero.serve.signing import signature, tree, versions
from portero.serve.signing.manifest import Manifest
from portero.serve.signing.versions import Seen


@dataclass(frozen=True, slots=True)
class SignedReader:
    """Reads folders for the policy loader. `groups`: those of this host; `seen`: what was in force, by group.

    `running`: what this process has in force, as `seen`, which comes from a file. `saved`: files read instead of
    those in the folders. `within`: where the links of a folder must end. `files` and `manifests` hold what was read,
    signatures included.
    """

    trusted: Mapping[str, PublicKey]
    groups: Sequence[str]
    builtin: Path
    seen: Mapping[str, Seen]
    saved: Mapping[Path, Mapping[str, bytes]] | None = None
    running: Mapping[str, Seen] = field(default_factory=dict)
    within: Mapping[Path, Path] = field(default_factory=dict)
    files: dict[Path, Mapping[str, bytes]] = field(default_factory=dict)
    manifests: dict[Path, Manifest] = field(default_factory=dict)

    def read(self, path: Path, faults: list[str]) -> Folder:
        """The folder's content when its signature holds; faults are added to `faults`, one line each."""
        if path == self.builtin:
            return policy_loader.read_folder(path, faults)
        try:
            read = tree.read_tree(path, self.within.get(path)) if self.saved is None else self.saved[path]
            files = self.files[path] = read
            manifest = signature.verify(files, self.trusted)
        except FileFaults as refused:
            faults += [f"{path / name}: {sentence}" for name, sentence in refused.faults]
            return folder.make_empty(path)
        except OSError as error:
            faults.append(policy_loader.describe_failure(path, error))
            return folder.make_empty(path)
        fault = (
            find_group_fault(path, manifest, self.groups)
            or self._find_twin_fault(path, manifest)
            or versions.find_fault(self.seen, manifest)
            or versions.find_fault(self.running, manifest)
        )
        if fault:
            faults.append(f"{path / signature.NAME}: {fault}")
        self.manifests[path] = manifest
        return folder.parse_folder(path, files, faults)

    def _find_twin_fault(self, path: Path, manifest: Manifest) -> str | None:
        twin = next((other for other, one in self.manifests.items() if one.group == manifest.group), path)
        if twin != path:
            return f"is signed for {manifest.group}, as {twin} is: sign one of the two for another group"
        return None


def find_group_fault(path: Path, manifest: Manifest, groups: Sequence[str]) -> str | None:
    """Why a host of these groups must not take the folder; None when it may."""
    if manifest.group in groups:
        return None
    return (
        f"is signed for {manifest.group}, this host takes {', '.join(groups)} (PORTERO_HOST_GROUPS): "
        f"sign it with `portero bundle sign {path} --key KEY --for {groups[0]}`"
    )


def read_keys(files: Sequence[Path]) -> dict[str, PublicKey]:
    """The public keys in these files by key id; raises LoadError with every fault."""
    keys: dict[str, PublicKey] = {}
    faults: list[str] = []
    for file in files:
        try:
            key = parse_public_key(read_regular_file(file))
        except OSError as error:
            faults.append(f"{file}: cannot be read ({error.strerror}): name a public key")
            continue
        if key is None:
            faults.append(f"{file}: not a public key in PEM (Ed25519): name the .pub file that `portero keygen` made")
        else:
            keys[signature.identify_key(key)] = key
    if faults:
        raise LoadError(faults)
    return keys
