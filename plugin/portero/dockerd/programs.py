"""What dockerd runs as root or believes by its settings: the content of daemon.json and its flags in, paths out.

Who may write there is root on the host, or weakens what keeps containers in.
"""

import csv
from collections.abc import Iterator, Mapping, Sequence

from portero.files.path import clean
from portero.values.json_fields import to_object, to_texts
from portero.values.json_types import JSON

# The program of docker --init, that of published ports, who may come by TLS, and what system calls containers have.
_FILES = ("init-path", "userland-proxy-path", "tlscacert", "seccomp-profile")
_FOLDERS = "cdi-spec-dirs"
# Plugins of 29.2 and later that dockerd starts, and what they read (moby daemon/internal/nri/nri.go).
_NRI, _NRI_FOLDERS = "nri-opts", ("plugin-path", "plugin-config-path")
# Flags of one value in place of what daemon.json has in a list or an object.
_RUNTIME_FLAG, _FOLDER_FLAG = "add-runtime", "cdi-spec-dir"


def list_programs(settings: Mapping[str, JSON], flags: Mapping[str, Sequence[str]]) -> tuple[str, ...]:
    """The absolute paths; dockerd looks up other names in the PATH of root, which no container may mount."""
    named = (*_list_set(settings), *_list_flags(flags))
    return tuple(dict.fromkeys(clean(path) for path in named if path.startswith("/")))


def _list_set(settings: Mapping[str, JSON]) -> Iterator[str]:
    for runtime in map(to_object, to_object(settings.get("runtimes")).values()):
        # A type can be the path of a shim.
        yield from to_texts([runtime.get("path"), runtime.get("runtimeType")])
    yield from to_texts([settings.get(key) for key in _FILES])
    yield from to_texts(settings.get(_FOLDERS))
    yield from to_texts([to_object(settings.get(_NRI)).get(key) for key in _NRI_FOLDERS])


def _list_flags(flags: Mapping[str, Sequence[str]]) -> Iterator[str]:
    yield from (word.partition("=")[2] for word in flags.get(_RUNTIME_FLAG, ()))
    yield from (word for flag in (*_FILES, _FOLDER_FLAG) for word in flags.get(flag, ()))
    # One value of several pairs, as a line of a table (moby opts/nri_opts.go).
    pairs = (pair.partition("=") for word in flags.get(_NRI, ()) for row in csv.reader([word]) for pair in row)
    yield from (path for key, _, path in pairs if key in _NRI_FOLDERS)
