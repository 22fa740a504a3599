"""The facts of calls that make, change or enter a container.

dockerd joins all `changes` of a commit and reads them as a Dockerfile (moby builder/dockerfile, BuildFromConfig and
parser).
"""

import re
from collections.abc import Iterator, Mapping, Sequence

from portero.decide.facts import (
    devices,
    image,
    limits,
    log_driver,
    mount_sizes,
    mounts,
    networks,
    plugins,
    ports,
    process,
    secret_names,
    security,
    templates,
)
from portero.decide.interfaces.host import HostMoment
from portero.decide.values.json_fields import JSON, Fact, child, flag, integer, objects, text, texts

# dockerd keeps all of an exec while its container runs.
_EXEC_TEXTS = ("Env", "Cmd", "User", "WorkingDir", "DetachKeys")
_AT = "?changes"
_ESCAPE = re.compile(r"#\s*escape\s*=\s*(?P<escape>[\\`])\s*", re.IGNORECASE)
_WHITE = re.compile(r"[\t\v\f\r ]+")
_DIRECTIVE = re.compile(r"#\s*[a-z]\w*\s*=.*", re.IGNORECASE)
# A word ends at white space that is neither quoted nor escaped. The possessive quantifiers keep the match linear.
_WORD = re.compile(r"""(?:[^\s"'\\]++|\\.?|"(?:[^"\\]|\\.)*+"?|'[^']*+'?)++""", re.DOTALL)


def read_create(body: Fact, host: HostMoment) -> dict[str, JSON]:
    config = child(body, "HostConfig")
    return {
        "privileged": process.make_value(flag(config, "Privileged"), "HostConfig.Privileged"),
        **security.read_create(config),
        "maskedPathsNewer": security.read_newer_masks(config, host),
        "namespaces": process.read_namespaces(config),
        "networks": networks.read_create(body, host),
        "readOnlyRootfs": process.make_value(flag(config, "ReadonlyRootfs"), "HostConfig.ReadonlyRootfs"),
        "user": process.make_value(text(body, "User"), "User"),
        "account": process.make_value(host.find_account(text(body, "User")), "User"),
        "workingDirectory": process.read_working_directory(body, "WorkingDir", "WorkingDir"),
        "groups": process.read_groups(texts(config, "GroupAdd"), "HostConfig.GroupAdd")
        + process.read_primary(text(body, "User"), "User"),
        "sysctls": process.read_sysctls(child(config, "Sysctls"), "HostConfig.Sysctls[*]")
        + process.read_domain_name(text(body, "Domainname"), "Domainname")
        + networks.read_endpoint_sysctls(body),
        "runtime": process.make_value(text(config, "Runtime"), "HostConfig.Runtime"),
        # Runtimes act on them.
        "annotations": [{"name": name, "at": "HostConfig.Annotations[*]"} for name in child(config, "Annotations")],
        "extraHosts": process.read_extra_hosts(texts(config, "ExtraHosts"), "HostConfig.ExtraHosts"),
        **_read_resources(config, "HostConfig."),
        "limits": limits.read_create(config),
        "labelsSize": process.measure_texts(
            [
                *((at, body.get(at)) for at in ("Labels", "Env", "Cmd", "Entrypoint")),
                # Of networks that need not exist: dockerd keeps these names, and lists them.
                ("HostConfig.NetworkMode", config.get("NetworkMode")),
                ("NetworkingConfig.EndpointsConfig", child(body, "NetworkingConfig").get("EndpointsConfig")),
            ]
        ),
        "blockIO": devices.read_block_io(config, "HostConfig.", host),
        "image": image.parse_reference(text(body, "Image"), "Image"),
        "mounts": [*mounts.read_create(body, host)],
        **mount_sizes.measure_create(body),
        "mountedImages": [*mounts.read_images(objects(config, "Mounts"), "HostConfig.Mounts")],
        "volumesFrom": [*mounts.read_volumes_from(body)],
        "plugins": plugins.read_create(body),
        "devices": devices.read_devices(config, "HostConfig.", host),
        "deviceCgroupRules": devices.read_rules(config, "HostConfig."),
        "deviceRequests": devices.read_requests(config, "HostConfig."),
        "ports": ports.read_create(config),
        "publishedPorts": ports.count_create(body),
        "stopTimeout": process.make_value(integer(body, "StopTimeout"), "StopTimeout"),
        "init": process.make_value(config.get("Init"), "HostConfig.Init"),
        "layerLimit": process.make_value("size" in child(config, "StorageOpt"), "HostConfig.StorageOpt"),
        "labels": process.make_value(bool(body.get("Labels")), "Labels"),
        "publishAllPorts": process.make_value(flag(config, "PublishAllPorts"), "HostConfig.PublishAllPorts"),
        "log": log_driver.read_create(config),
        "growingTemplates": templates.read_create(config),
        **process.read_healthcheck(child(body, "Healthcheck"), "Healthcheck"),
        "secrets": secret_names.find_in_env(texts(body, "Env"), "Env")
        + secret_names.find_in_map(child(body, "Labels"), "Labels[*]"),
    }


def read_update(body: Fact, host: HostMoment) -> dict[str, JSON]:
    # dockerd ignores Devices here (measured on 26.1.5). A request that has them is judged by them all the same.
    return {
        **_read_resources(body, ""),
        "limits": limits.read_update(body),
        "blockIO": devices.read_block_io_update(body, host),
        "devices": devices.read_devices(body, "", host),
        "deviceCgroupRules": devices.read_rules(body, ""),
        "deviceRequests": devices.read_requests(body, ""),
    }


def read_exec(body: Fact, host: HostMoment) -> dict[str, JSON]:
    return {
        "privileged": process.make_value(flag(body, "Privileged"), "Privileged"),
        "user": process.make_value(text(body, "User"), "User"),
        "account": process.make_value(host.find_account(text(body, "User")), "User"),
        "workingDirectory": process.read_working_directory(body, "WorkingDir", "WorkingDir"),
        "groups": process.read_primary(text(body, "User"), "User"),
        "labelsSize": process.measure_texts([(at, body.get(at)) for at in _EXEC_TEXTS]),
        "secrets": secret_names.find_in_env(texts(body, "Env"), "Env"),
    }


def _read_resources(config: Fact, prefix: str) -> dict[str, JSON]:
    """What create and update share: below HostConfig of the one, at the top of the other."""
    return {
        "oomKillDisable": process.make_value(config.get("OomKillDisable"), f"{prefix}OomKillDisable"),
        "cgroupParent": process.make_value(text(config, "CgroupParent"), f"{prefix}CgroupParent"),
        "ulimits": limits.read_ulimits(config, f"{prefix}Ulimits"),
        "restartPolicy": process.read_container_restart(child(config, "RestartPolicy"), f"{prefix}RestartPolicy"),
    }


def read_config(body: Fact, query: Mapping[str, Sequence[str]]) -> dict[str, JSON]:
    """The facts of ImageCommit."""
    user = process.make_value(text(body, "User"), "User")
    healthcheck = process.read_healthcheck(child(body, "Healthcheck"), "Healthcheck")["healthcheck"]
    secrets = secret_names.find_in_env(texts(body, "Env"), "Env") + secret_names.find_in_map(
        child(body, "Labels"), "Labels[*]"
    )
    for line in _join_lines("\n".join(query.get("changes", ()))):
        instruction, _, rest = _WHITE.sub(" ", line.strip(), count=1).partition(" ")
        instruction, rest = instruction.upper(), rest.strip()
        if instruction == "USER":
            user = process.make_value(rest, _AT)
        elif instruction == "HEALTHCHECK":
            healthcheck = {"value": "none" if rest.upper() == "NONE" else "set", "at": _AT}
        elif instruction in ("ENV", "LABEL"):
            secrets += _find_secrets(rest)
    return {"secrets": secrets, "user": user, "healthcheck": healthcheck}


def _join_lines(text: str) -> Iterator[str]:
    """Logical lines, without comments and empty ones; the escape character at the end joins a line with the next."""
    lines = [line.removesuffix("\r") for line in text.split("\n")]
    escape = re.escape(_escape(lines))
    # A doubled escape character is a plain one.
    continued, joined = re.compile(rf"(?:(?<!{escape})|^){escape}[ \t]*$"), ""
    for line in lines:
        if line.strip() == "" or line.lstrip().startswith("#"):
            continue
        part = continued.split(line, maxsplit=1)
        joined += part[0]
        if len(part) == 1:
            yield joined
            joined = ""
    yield joined


def _escape(lines: Sequence[str]) -> str:
    # Directives stand before everything else; the first other line ends them.
    for line in lines:
        if directive := _ESCAPE.fullmatch(line.strip()):
            return directive["escape"]
        if not _DIRECTIVE.fullmatch(line.strip()):
            break
    return "\\"


def _find_secrets(rest: str) -> list[JSON]:
    """From `NAME=value NAME="a b"` or, the old way, `NAME value`."""
    words = _WORD.findall(rest)
    if words and "=" not in words[0]:
        words = [f"{words[0]}={' '.join(words[1:])}"]
    pairs = [word.partition("=") for word in words]
    return [
        fact for name, _, value in pairs for fact in secret_names.find_in_map({_unquote(name): _unquote(value)}, _AT)
    ]


def _unquote(text: str) -> str:
    return text.strip("\"'")
