"""Each command spells a flag in its own way, and what it lacks is not made up."""

import pytest

from portero.flags.docker import FLAGS, spelling, spellings


@pytest.mark.parametrize(
    ("operation", "flag", "value", "typed"),
    [
        ("ContainerCreate", "--memory", "512m", [("-m", "512m")]),
        ("ContainerCreate", "--read-only", "", [("--read-only",)]),
        ("ContainerCreate", "--publish-all", "", [("-P",)]),
        ("ContainerUpdate", "--restart", "on-failure:5", [("--restart", "on-failure:5")]),
        ("ContainerExec", "--user", "1:1", [("-u", "1:1")]),
        ("ServiceUpdate", "--workdir", "/srv", [("-w", "/srv")]),
        ("ServiceCreate", "--memory", "512m", [("--limit-memory", "512m")]),
        ("ServiceCreate", "--ulimit", "nofile=1:2", [("--ulimit", "nofile=1:2")]),
        ("ServiceUpdate", "--ulimit", "nofile=1:2", [("--ulimit-add", "nofile=1:2")]),
        (
            "ServiceCreate",
            "--restart",
            "on-failure:5",
            [("--restart-condition", "on-failure"), ("--restart-max-attempts", "5")],
        ),
        ("ServiceUpdate", "--restart", "no", [("--restart-condition", "none"), ("--restart-max-attempts", "0")]),
        ("NetworkCreate", "--opt", "a=b", [("-o", "a=b")]),
        ("ContainerCreate", "--gpus", '"device=0,1"', [("--gpus", '"device=0,1"')]),
        ("ContainerCreate", "--gpus", "a.com/b=1,a.com/b=2", [("--device", "a.com/b=1"), ("--device", "a.com/b=2")]),
        ("ImageBuild", "--cpus", "0.5", [("--cpu-period", "100000"), ("--cpu-quota", "50000")]),
    ],
)
def test_a_flag_is_written_as_its_command_takes_it(
    operation: str, flag: str, value: str, typed: list[tuple[str, ...]]
) -> None:
    spelt = spelling(operation, flag)

    assert spelt is not None
    assert list(spelt.write(value)) == typed


@pytest.mark.parametrize(
    ("operation", "flag"),
    [
        ("ContainerUpdate", "--user"),
        ("ServiceCreate", "--privileged"),
        ("ServiceCreate", "--security-opt"),
        ("ServiceUpdate", "--network"),
        ("VolumeCreate", "--memory"),
        ("ImageBuild", "--pids-limit"),
    ],
)
def test_a_command_without_the_flag_has_no_spelling(operation: str, flag: str) -> None:
    assert spelling(operation, flag) is None


def test_every_flag_is_spelt_by_some_command() -> None:
    assert all(spellings(flag) for flag in FLAGS)
    assert spellings("--nonsense") == []
