"""The systemd units hide nothing from portero: what it judges must be what dockerd sees (man systemd.exec)."""

import configparser
from pathlib import Path

import pytest

from tests.paths import ROOT

# What fetches bundles or answers Prometheus decides nothing, and sees as little of the host as it can.
OTHERS = {"portero-door.service", "portero-bundle.service", "portero-images.service", "portero-metrics@.service"}
UNITS = sorted(unit for unit in (ROOT / "packaging" / "systemd").rglob("*.service") if unit.name not in OTHERS)
# Options after which a path is missing, empty or another one than on the host, whatever their value.
HIDING = {
    *("RootDirectory", "RootImage", "RootImageOptions", "RootEphemeral", "RootMStack"),
    *("MountAPIVFS", "BindLogSockets", "BindPaths", "BindReadOnlyPaths", "MountImages", "ExtensionImages"),
    *("ExtensionDirectories", "InaccessiblePaths", "InaccessibleDirectories", "TemporaryFileSystem", "ExecPaths"),
    *("NoExecPaths", "PrivateTmp", "PrivateDevices", "PrivateUsers", "PrivatePIDs", "PrivateIPC", "PrivateBPF"),
    *("IPCNamespacePath", "UserNamespacePath", "ProtectHome", "ProtectProc", "ProcSubset", "ProtectKernelTunables"),
    *("ProtectKernelModules", "ProtectKernelLogs", "DynamicUser", "LogNamespace", "JoinsNamespaceOf"),
    *("RestrictFileSystems", "LoadCredential", "LoadCredentialEncrypted", "ImportCredential", "SetCredential"),
    *("SetCredentialEncrypted", "RootHash", "RootVerity", "MountFlags", "User", "Group"),
}
# Options that hide something with one value only; these values hide nothing (257: `private` and `strict` do).
HARMLESS_VALUES = {"ProtectSystem": {"strict", "full", "yes"}, "ProtectControlGroups": {"yes"}}
# The capabilities that the options above would take away, beside what they hide.
DANGEROUS = {"CAP_SYS_ADMIN", "CAP_SYS_MODULE", "CAP_SYSLOG", "CAP_SYS_RAWIO", "CAP_SYS_TIME", "CAP_DAC_OVERRIDE"}


def options(unit: Path) -> dict[str, str]:
    parser = configparser.ConfigParser(interpolation=None, strict=False)
    parser.optionxform = str  # type: ignore[assignment,method-assign]  # the documented way to keep the case
    parser.read_string(unit.read_text(encoding="utf-8"))
    return dict(parser["Service"])


@pytest.mark.parametrize("unit", UNITS, ids=lambda unit: str(unit.relative_to(ROOT)))
def test_no_option_hides_or_replaces_a_path(unit: Path) -> None:
    given = options(unit)

    assert sorted(given.keys() & HIDING) == []
    assert [name for name, harmless in HARMLESS_VALUES.items() if name in given and given[name] not in harmless] == []


@pytest.mark.parametrize("unit", [unit for unit in UNITS if unit.parent.name == "systemd"], ids=lambda unit: unit.stem)
def test_capabilities_do_the_work_of_the_options_that_are_missing(unit: Path) -> None:
    given = options(unit)

    assert set(given["CapabilityBoundingSet"].split()) & DANGEROUS == set()
    assert {"/proc/sys", "/sys"} <= set(given["ReadOnlyPaths"].split())
    assert given["ProtectSystem"] == "strict"


@pytest.mark.parametrize("unit", UNITS, ids=lambda unit: unit.stem)
def test_memory_has_a_bound_in_each_unit(unit: Path) -> None:
    assert options(unit)["MemoryMax"] == "512M"
    assert options(ROOT / "packaging/systemd/portero-door.service")["MemoryMax"] == "256M"


@pytest.mark.parametrize("unit", [unit for unit in UNITS if unit.parent.name == "systemd"], ids=lambda unit: unit.stem)
def test_no_rate_limit_drops_a_decision_on_its_way_to_the_journal(unit: Path) -> None:
    assert options(unit)["LogRateLimitIntervalSec"] == "0"
