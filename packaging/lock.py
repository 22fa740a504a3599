"""Prints a lock file: each package of the environment that runs this, with the hashes of all files of its release.

usage: python packaging/lock.py [--pip] TITLE [LOCK]...
LOCK: a lock file beside the new one, whose packages are left out; the last one is included.
--pip: a lock of pip alone, which no other lock has.
All files, not only those that fit this machine: the lock then holds for every Python and processor. The index is asked
the options by which pip asks it.
"""

import argparse
import json
import re
import subprocess
import sys
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pip
from pip._internal.commands import create_command
from pip._vendor.packaging.utils import (
    InvalidSdistFilename,
    InvalidWheelFilename,
    canonicalize_name,
    parse_sdist_filename,
    parse_wheel_filename,
)
from pip._vendor.packaging.version import Version

_JSON = {"Accept": "application/vnd.pypi.simple.v1+json"}
_PINNED = re.compile(r"^([A-Za-z0-9._-]+)==(\S+)", re.MULTILINE)


@dataclass(frozen=True, slots=True)
class Index:
    """The package index that pip is configured for. `session`: pip's own, with its certificates and proxies."""

    session: Any
    address: str

    def list_hashes(self, name: str, version: str) -> list[str]:
        """The SHA-256 of each file of a release."""
        answer = self.session.get(f"{self.address.rstrip('/')}/{canonicalize_name(name)}/", headers=_JSON)
        answer.raise_for_status()
        files = json.loads(answer.content)["files"]
        return sorted(file["hashes"]["sha256"] for file in files if _version_of(file["filename"]) == Version(version))


def _version_of(filename: str) -> Version | None:
    """The version of a wheel or source archive; None: of a file that pip would not take."""
    try:
        if filename.endswith(".whl"):
            return parse_wheel_filename(filename)[1]
        return parse_sdist_filename(filename)[1]
    except (InvalidWheelFilename, InvalidSdistFilename):
        return None


def _list_installed() -> Iterator[tuple[str, str]]:
    """Name and version of each package but Portero and pip's own."""
    frozen = subprocess.run(
        [sys.executable, "-m", "pip", "freeze", "--exclude", "portero"], capture_output=True, text=True, check=True
    )
    return ((match[1], match[2]) for match in _PINNED.finditer(frozen.stdout))


def print_lock(index: Index, packages: Iterable[tuple[str, str]], title: str, locks: Sequence[str]) -> None:
    known = {match.groups() for lock in locks for match in _PINNED.finditer(Path(lock).read_text())}
    print(f"# {title}; `make lock` writes it.")
    for lock in locks[-1:]:
        print(f"-r {Path(lock).name}")
    for name, version in packages:
        if (name, version) not in known:
            hashes = index.list_hashes(name, version)
            if not hashes:
                sys.exit(f"{name}=={version}: the index has no file of this release")
            print(" \\\n    ".join([f"{name}=={version}", *(f"--hash=sha256:{each}" for each in hashes)]))


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("--pip", action="store_true")
    parser.add_argument("title")
    parser.add_argument("locks", nargs="*")
    asked = parser.parse_args()
    packages = [("pip", pip.__version__)] if asked.pip else _list_installed()
    command: Any = create_command("download")
    options, _ = command.parse_args([])
    with command.main_context():
        index = Index(command.get_default_session(options), options.index_url)
        print_lock(index, packages, asked.title, asked.locks)


if __name__ == "__main__":
    main()
