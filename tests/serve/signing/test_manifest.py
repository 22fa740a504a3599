"""What a signed folder claims is compared and written in one way, without the library that makes signatures."""

import subprocess
import sys
from types import MappingProxyType

from portero.serve.signing.manifest import Manifest

FILES = MappingProxyType({"rules/a/x.json": "0" * 64, "site.json": "1" * 64})


def test_two_manifests_of_the_same_files_have_the_same_content() -> None:
    first = Manifest(1, "2026-11-24T15:00:00Z", "key", "web", FILES)
    second = Manifest(2, "2026-11-25T15:00:00Z", "other", "db", FILES)

    assert first.content == second.content
    assert first.content != Manifest(1, first.date, "key", "web", {}).content
    assert first.encode_signed() != second.encode_signed()


def test_a_manifest_is_read_and_settings_are_checked_without_cryptography() -> None:
    modules = "sys, portero.tools.cli.serve_command, portero.serve.signing.manifest"
    code = f"import {modules}; print('cryptography' in sys.modules)"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)

    assert done.stdout == "False\n"
