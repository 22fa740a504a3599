"""What a build adds to the wheel: the pages, and links to them where a release has an address."""

import re
from pathlib import Path
from typing import Any

from hatchling.builders.hooks.plugin.interface import BuildHookInterface
from hatchling.metadata.plugin.interface import MetadataHookInterface


class Pages(BuildHookInterface):  # type: ignore[type-arg]
    def initialize(self, version: str, build_data: dict[str, Any]) -> None:
        folder = Path(self.root, "docs")
        if version != "editable":
            for page in sorted(folder.rglob("*.md")):
                build_data["shared_data"][str(page)] = f"share/doc/portero/{page.relative_to(folder)}"


class Links(MetadataHookInterface):
    def update(self, metadata: dict[str, Any]) -> None:
        text = Path(self.root, "plugin", "portero", "__init__.py").read_text(encoding="utf-8")
        address = re.search(r'^__address__ = "(.+)"$', text, re.MULTILINE)
        metadata["urls"] = {"Documentation": address[1]} if address else {}
