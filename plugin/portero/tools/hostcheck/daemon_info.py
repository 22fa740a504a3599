"""What dockerd reports in its answer to GET /info, as facts."""

import re
from collections.abc import Mapping
from typing import cast

from portero.decide.values.dataclass import dataclass
from portero.decide.values.json_fields import JSON, Fact, to_object
from portero.tools.hostcheck.fact import observe

_LOOPBACK = frozenset({"127.0.0.0/8", "::1/128"})


@dataclass(frozen=True, slots=True)
class Info:
    """The answer to GET /info; None: there was no answer."""

    answer: Mapping[str, JSON] | None

    def read_fact(self, name: str, kind: type) -> Fact:
        return observe(f"GET /info {name}", lambda: self._read_member(name, kind))

    def read_option(self, name: str) -> Fact:
        """Whether a security option is on: an entry `name=<name>,...`."""
        return observe("GET /info SecurityOptions", lambda: any(option[0] == name for option in self._list_options()))

    def read_seccomp(self) -> Fact:
        """The seccomp profile of containers that name none; `off`: the kernel or the daemon has no seccomp."""
        return observe("GET /info SecurityOptions", self._find_seccomp)

    def read_insecure_registries(self) -> Fact:
        """Registries that dockerd may talk to without TLS, without the loopback ones of every daemon."""
        return observe("GET /info RegistryConfig", self._list_insecure)

    def _read_member(self, name: str, kind: type) -> JSON:
        value = (self.answer or {}).get(name)
        if not isinstance(value, kind):
            raise ValueError(f"GET /info has no {name}")
        return value

    def _list_options(self) -> list[tuple[str, str]]:
        entries = [str(entry) for entry in cast(list[JSON], self._read_member("SecurityOptions", list))]
        pairs = (re.fullmatch(r"name=([^,]*)(?:,profile=(.*))?.*", entry) for entry in entries)
        return [(pair[1], pair[2] or "") for pair in pairs if pair is not None]

    def _find_seccomp(self) -> str:
        return next((profile or "builtin" for name, profile in self._list_options() if name == "seccomp"), "off")

    def _list_insecure(self) -> JSON:
        registries = cast(dict[str, JSON], self._read_member("RegistryConfig", dict))
        networks, names = registries.get("InsecureRegistryCIDRs") or [], registries.get("IndexConfigs") or {}
        if not isinstance(networks, list) or not isinstance(names, dict):
            raise ValueError("GET /info has no list of insecure registries")
        insecure = [name for name, about in names.items() if to_object(about).get("Secure") is not True]
        return [*insecure, *(str(network) for network in networks if network not in _LOOPBACK)]
