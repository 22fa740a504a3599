"""What dockerd runs and believes by its settings."""

from collections.abc import Mapping, Sequence

import pytest

from portero.dockerd.programs import list_programs
from portero.values.json_types import JSON


@pytest.mark.parametrize(
    ("settings", "paths"),
    [
        ({"runtimes": {"kata": {"path": "/srv/kata/bin/../run"}, "other": {"path": "runsc"}}}, ("/srv/kata/run",)),
        ({"runtimes": {"shim": {"runtimeType": "/srv/shim"}, "usual": {"runtimeType": "io.x.v2"}}}, ("/srv/shim",)),
        ({"init-path": "/srv/i", "userland-proxy-path": "/srv/p"}, ("/srv/i", "/srv/p")),
        ({"tlscacert": "/srv/ca.pem", "seccomp-profile": "/srv/s.json"}, ("/srv/ca.pem", "/srv/s.json")),
        ({"cdi-spec-dirs": ["/srv/cdi", "/srv/more"]}, ("/srv/cdi", "/srv/more")),
        ({"nri-opts": {"enable": True, "plugin-path": "/srv/n", "plugin-config-path": "/srv/c"}}, ("/srv/n", "/srv/c")),
        ({"seccomp-profile": "unconfined"}, ()),
        ({"runtimes": [], "init-path": 7, "cdi-spec-dirs": "/srv/x"}, ()),
        ({"runtimes": {"odd": "/srv/x", "odder": {"path": ["/srv/x"]}}, "cdi-spec-dirs": [7]}, ()),
    ],
)
def test_the_settings_name_paths(settings: Mapping[str, JSON], paths: Sequence[str]) -> None:
    assert list_programs(settings, {}) == paths


@pytest.mark.parametrize(
    ("flag", "value", "paths"),
    [
        ("add-runtime", "kata=/srv/kata", ("/srv/kata",)),
        ("add-runtime", "kata=runsc", ()),
        ("init-path", "/srv/i", ("/srv/i",)),
        ("cdi-spec-dir", "/srv/cdi", ("/srv/cdi",)),
        (
            "nri-opts",
            'enable,"plugin-path=/srv/n,m",socket-path=/srv/s,plugin-config-path=/srv/c',
            ("/srv/n,m", "/srv/c"),
        ),
    ],
)
def test_so_do_flags(flag: str, value: str, paths: Sequence[str]) -> None:
    assert list_programs({}, {flag: (value,)}) == paths
