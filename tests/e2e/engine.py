"""The Docker engine under test: this machine's own, or one that `make engines` unpacked into a folder."""

import os
import shutil
from pathlib import Path

from tests.paths import ROOT

# Where `make engines` unpacks them, a folder for each suite of Debian.
ENGINES = Path(os.environ.get("PORTERO_E2E_ENGINES") or ROOT / "build" / "engines")
# bookworm has 20.10, forky 28.5 with buildx and compose 2.40; 29.7 is that of forky with newer programs.
FOLDERS = {"20.10": ENGINES / "bookworm", "28.5": ENGINES / "forky", "29.7": ENGINES / "29"}
_CHOSEN = os.environ.get("PORTERO_E2E_ENGINE")
_PATH = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"


def _is_there(engine: Path) -> bool:
    return shutil.which("dockerd", path=f"{engine}/root/usr/sbin") is not None


# The newest of them that is there.
NEW = FOLDERS["29.7" if _is_there(FOLDERS["29.7"]) else "28.5"]


def not_tried() -> str:
    """A line that names what no test will run on; empty when nothing is left out."""
    if _is_there(FOLDERS["29.7"]):
        return ""
    return "NOT TRIED: Docker 29.7; PORTERO_ENGINE_29 names a folder of its programs to make engines\n"


def chosen_engine() -> Path | None:
    """The folder in PORTERO_E2E_ENGINE; None: this machine's own engine."""
    return Path(_CHOSEN).resolve() if _CHOSEN else None


def search_path(engine: Path | None) -> str:
    """The PATH on which the engine's programs come first."""
    return _PATH if engine is None else f"{engine}/root/usr/sbin:{engine}/root/usr/bin:{_PATH}"


def find_cli_plugins(engine: Path | None) -> Path | None:
    """The plugins of its command line (buildx, compose); None: it brings none."""
    folder = engine / "root/usr/libexec/docker/cli-plugins" if engine else None
    return folder if folder is not None and folder.is_dir() else None


def missing_engine(engine: Path | None) -> str:
    """What to do when the engine is not there, in one sentence; empty when it is."""
    if engine is None or _is_there(engine):
        return ""
    return f"no engine is unpacked in {engine}: make engines"
