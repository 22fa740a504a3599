"""Where violations are, and what they are about."""

from portero.flags.violated_fields import Violated


def test_a_violation_is_within_every_place_around_it_and_in_no_other() -> None:
    violated = Violated(["HostConfig.Mounts[10].BindOptions.Propagation"])

    assert all(
        at in violated
        for at in (
            *("HostConfig", "HostConfig.Mounts", "HostConfig.Mounts[10]"),
            *("HostConfig.Mounts[10].BindOptions", "HostConfig.Mounts[10].BindOptions.Propagation"),
        )
    )
    assert not any(at in violated for at in ("", "Host", "HostConfig.Mount", "HostConfig.Mounts[1]", "Mounts"))


def test_a_fact_tells_which_of_several_names_is_meant() -> None:
    violated = Violated(["Sysctls[*]"], [{"name": "b"}, {"target": "/run"}])

    assert violated.named(["a", "b"]) == ["b"]
    assert violated.named(["/run", "/tmp"], "target") == ["/run"]
    assert violated.named(["c", "d"]) == ["c", "d"]
