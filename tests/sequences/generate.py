"""Makes sequences: the same number and seed give the same steps, whatever a daemon answers."""

import random
from collections.abc import Mapping, Sequence
from typing import TypeVar

from tests.cases import cases
from tests.sequences import pieces

from .pieces import Piece
from .steps import Step

_T = TypeVar("_T")
FEWEST, MOST = 3, 12
# How much likelier a sequence of a theme takes a piece of it than another theme's.
BOOST = 12
# What makes use of a source that was replaced, or of a socket that listens.
FOLLOW_UPS = {"swaps": ("restart", "start", "copy-out", "copy-in", "run"), "plugins": ("run", "volume", "network")}
# What comes after a descriptor was passed on.
PASSED_ON = ("remove", "create", "run", "swap-held", "start", "restart")
NO_NETWORK = Piece("--network none", {"HostConfig": {"NetworkMode": "none"}})
# How likely each kind of step is, and in which themes it is likelier.
KINDS: Mapping[str, tuple[float, Sequence[str]]] = dict(cases(__file__, "kinds.jsonl"))


def sequence(seed: int, number: int, *, device: str, host_users: bool) -> list[Step]:
    """The sequence `number` of a seed. `device` is the host's block device; `host_users`: they swap folders too."""
    return _Sequence(random.Random(f"{seed}/{number}"), device, host_users).make()


class _Sequence:
    def __init__(self, choose: random.Random, device: str, host_users: bool) -> None:
        self._choose = choose
        self._device = device
        self._theme = choose.choice(pieces.THEMES)
        self._kinds = [kind for kind in KINDS if host_users or kind != "swap"]
        self._mounted: dict[str, list[tuple[str, str]]] = {}  # container: (source, target) of its mounts
        self._staying: list[str] = []  # containers whose program stays
        self._swapped: list[str] = []  # sources that a step replaces by a link
        self._held: list[tuple[str, str]] = []  # a container that has a descriptor, and the source that it opens
        self._senders: list[str] = []
        self._listens: list[str] = []  # names of drivers that lead to sockets
        self._networks: list[str] = []
        self._images: list[str] = []

    def make(self) -> list[Step]:
        weights = [KINDS[kind][0] * (4 if self._theme in KINDS[kind][1] else 1) for kind in self._kinds]
        steps = [self._run()]
        length = min(self._choose.randint(FEWEST, MOST), self._choose.randint(FEWEST, MOST))  # short ones are likelier
        for _ in range(length - 1):
            kind = self._choose.choices(self._kinds, weights)[0]
            if (self._swapped or self._listens) and self._chance(0.5):
                kind = self._choose.choice(FOLLOW_UPS["swaps" if self._swapped else "plugins"])
            elif self._theme == "passed" and self._chance(0.7):
                kind = self._choose.choice(PASSED_ON) if self._held else "pass"
            steps.append(getattr(self, "_" + kind.replace("-", "_"))())
        return steps

    def _chance(self, probability: float) -> bool:
        return self._choose.random() < probability

    def _user(self) -> str:
        return self._choose.choice(("alicia", "bruno"))

    def _container(self) -> str:
        """A container, mostly one whose mounts lead elsewhere since they were made, where there is one."""
        swapped = [
            name for name, mounts in self._mounted.items() if any(source in self._swapped for source, _ in mounts)
        ]
        if swapped and self._chance(0.7):
            return self._choose.choice(swapped)
        return self._choose.choice([*self._mounted])

    def _version(self) -> str:
        return self._choose.choice(pieces.VERSIONS) if self._chance(0.1) else ""

    def _themed(self, table: Mapping[str, Sequence[_T]]) -> _T:
        weights = [BOOST if theme == self._theme else 3 if theme == "mixed" else 1 for theme in table]
        return self._choose.choice(table[self._choose.choices([*table], weights)[0]])

    def _driver(self) -> str:
        """The name of a driver: mostly one that leads to a socket which listens in a container, where there is one."""
        if self._listens and self._chance(0.8):
            return self._choose.choice(self._listens)
        return self._choose.choice(("local", "local", "x", f"{pieces.UP}/srv/app/evil"))

    # -- containers

    def _create(self) -> Step:
        return self._run("create")

    def _run(self, kind: str = "run") -> Step:
        name = f"c{len(self._mounted)}"
        self._mounted[name] = []
        # Half of the containers want nothing special: what follows needs some that run.
        daring = self._chance(0.25 if self._theme in ("plugins", *pieces.SWAPPING) else 0.5)
        mounts = (0, 2, 6, 1) if self._theme in ("swaps", "passed") else (2, 6, 4, 1)
        if self._theme == "passed" and not daring and self._chance(0.7):
            return self._meet(kind, name)
        chosen = [self._mount(name, daring) for _ in range(self._choose.choices((0, 1, 2, 3), mounts)[0])]
        if daring:
            flags = [self._themed(pieces.CONTAINER_FLAGS) for _ in range(self._choose.choices((0, 1, 2), (6, 4, 1))[0])]
            chosen += [_with_device(piece, self._device) for piece in flags]
        if self._chance(0.5 if self._theme == "plugins" and self._listens else 0.03):
            driver = self._driver()
            if self._chance(0.6):  # the driver is then that of the image's own volumes only
                chosen, self._mounted[name] = [], []
            chosen.append(Piece(f"--volume-driver {driver}", {"HostConfig": {"VolumeDriver": driver}}))
        if self._networks and self._chance(0.4):
            network = self._choose.choice(self._networks)
            chosen.append(Piece(f"--network {network}", {"HostConfig": {"NetworkMode": network}}))
        else:
            chosen.append(NO_NETWORK)
        restarts = self._chance(0.4 if self._theme == "swaps" else 0.05)
        if restarts:
            chosen.append(self._choose.choice(pieces.RESTARTS))
        text = self._program(name, restarts)
        return Step(self._user(), kind, name, _last_network(chosen), text, self._image(), self._version())

    def _meet(self, kind: str, name: str) -> Step:
        """A container that stays and meets others in a volume; one that mounts a folder below, once that is held."""
        volume, (place, target) = pieces.NAMED_VOLUMES[0], pieces.TARGETS[:2]
        below = [source for source in pieces.SOURCES["swaps"] if source in self._list_below_held()]
        source = self._choose.choice(below or pieces.HARMLESS)
        self._mounted[name] = [(source, target)] if below else [(volume, place), (source, target)]
        chosen = [self._bind(source, target, read_only=bool(below) or source not in pieces.WRITABLE), NO_NETWORK]
        if not below:
            chosen.append(self._volume_mount(volume, place, daring=False))
            self._staying.append(name)
        return Step(
            self._user(), kind, name, chosen, "look; exit 0" if below else "look; echo staying; sleep 60", pieces.APP
        )

    def _list_below_held(self) -> set[str]:
        return {other for _, held in self._held for other in pieces.SOURCES["swaps"] if other.startswith(f"{held}/")}

    def _image(self) -> str:
        if self._images and self._chance(0.3):
            return self._choose.choice(self._images)
        return pieces.DATA if self._chance(0.7 if self._theme == "plugins" else 0.3) else pieces.APP

    def _mount(self, container: str, daring: bool) -> Piece:
        taken = [target for _, target in self._mounted[container]]
        target = self._choose.choice([target for target in pieces.TARGETS if target not in taken])
        if self._chance(0.7 if self._theme == "plugins" else 0.25):
            source = self._choose.choice(pieces.NAMED_VOLUMES)
            self._mounted[container].append((source, target))
            return self._volume_mount(source, target, daring)
        if not daring:
            swapping = self._theme in pieces.SWAPPING
            source = self._choose.choice(pieces.SOURCES["swaps"] if swapping else pieces.HARMLESS)
            if swapping and self._chance(0.5):
                source = self._choose.choice(self._related(container) or [source])
            self._mounted[container].append((source, target))
            return self._bind(source, target, read_only=source not in pieces.WRITABLE or self._chance(0.3))
        source = self._themed(pieces.SOURCES)
        self._mounted[container].append((source, target))
        return self._bind(source, target, read_only=source not in pieces.WRITABLE and self._chance(0.6))

    def _bind(self, source: str, target: str, *, read_only: bool) -> Piece:
        if self._chance(0.25):
            flags, mount = _bind_mount(source, target, read_only)
            return Piece(flags, {"HostConfig": {"Mounts": [mount]}})
        bind = f"{source}:{target}" + self._choose.choice(
            (":ro", ":ro", ":ro,z", ":ro,z", ":ro,rslave") if read_only else ("", ":z")
        )
        return Piece(f"-v {bind}", {"HostConfig": {"Binds": [bind]}})

    def _volume_mount(self, source: str, target: str, daring: bool) -> Piece:
        if daring and self._chance(0.25):
            driver = self._driver() if self._chance(0.5) else "local"
            options = self._choose.choice(pieces.VOLUME_OPTIONS) if self._chance(0.4) else {}
            mount = {
                **{"Type": "volume", "Source": source, "Target": target},
                "VolumeOptions": {"DriverConfig": {"Name": driver, "Options": dict(options)}},
            }
            words = "".join(f",volume-opt={name}={value}" for name, value in options.items())
            flags = f"--mount type=volume,src={source},dst={target},volume-driver={driver}{words}"
            return Piece(flags, {"HostConfig": {"Mounts": [mount]}})
        bind = f"{source}:{target}"
        return Piece(f"-v {bind}", {"HostConfig": {"Binds": [bind]}})

    def _program(self, container: str, restarts: bool) -> str:
        """Look round, and do some mischief in what is mounted; then end, or stay."""
        mischief = (1, 4, 1) if self._theme == "swaps" else (4, 3, 1)
        acts = ["look", *(self._mischief(container) for _ in range(self._choose.choices((0, 1, 2), mischief)[0]))]
        if restarts:
            return "; ".join([*acts, "exit 1"])
        if self._chance(0.1 if self._theme == "plugins" else 0.25):
            return "; ".join([*acts, "exit 0"])
        self._staying.append(container)
        return "; ".join([*acts, "echo staying; sleep 60"])

    def _below(self, container: str) -> list[tuple[str, str, str]]:
        """Sources of any container that lie below a mount of this one: the mount's target, the rest, the source."""
        others = [source for mounts in self._mounted.values() for source, _ in mounts]
        return [
            (target, other.removeprefix(f"{source}/"), other)
            for source, target in self._mounted[container]
            for other in others
            if other.startswith(f"{source}/")
        ]

    def _related(self, container: str) -> list[str]:
        """Sources above or below one that this container mounts already."""
        own = [source for source, _ in self._mounted[container]]
        return [
            other
            for other in pieces.SOURCES["swaps"]
            if any(other.startswith(f"{source}/") or source.startswith(f"{other}/") for source in own)
        ]

    def _mischief(self, container: str) -> str:
        targets = [target for _, target in self._mounted[container]] or ["/tmp"]
        folder = self._choose.choice(targets)
        aim = self._choose.choice(("/", *pieces.LINK_TARGETS))
        below = self._below(container)
        if below and self._chance(0.8):
            folder, inner, source = self._choose.choice(below)
            self._swapped.append(source)
            return f"mv {folder}/{inner} {folder}/old; ln -s {aim} {folder}/{inner}"
        inner = self._choose.choice(("data", "d", "up", "data/deep"))
        return self._choose.choice(
            (
                f"mv {folder}/{inner} {folder}/old; ln -s {aim} {folder}/{inner}",
                f"ln -s {aim} {folder}/{inner}",
                f"mkdir -p {folder}/data/deep",
                f"mknod {folder}/disk b 7 0; head -c 64 {folder}/disk",
                f"cp /bin/busybox {folder}/sh; chmod u+s {folder}/sh",
                "mount -t proc proc /tmp; look",
                "cat /proc/1/root/canary",
            )
        )

    def _start(self) -> Step:
        return Step(self._user(), "start", self._container(), version=self._version())

    def _restart(self) -> Step:
        return Step(self._user(), "restart", self._container())

    def _pass(self) -> Step:
        """A container that stays passes a folder on to another one that mounts the same; such ones come first."""
        pairs = [
            (sender, folder, opened, target, receiver, meeting)
            for sender in self._staying
            for source, target in self._mounted[sender]
            for folder, opened in self._mounted[sender]
            for receiver in self._staying
            for other, meeting in self._mounted[receiver]
            if receiver != sender and other == source and folder != source
        ]
        if not pairs:
            return self._run()
        sender, folder, opened, target, receiver, meeting = self._choose.choice(pairs)
        self._held.append((receiver, folder))
        self._senders.append(sender)
        return Step(self._user(), "pass", sender, text=f"{opened} {target} {receiver} {meeting}")

    def _swap_held(self) -> Step:
        if not self._held:
            return self._pass()
        name, folder = self._choose.choice(self._held)
        below = [
            source.removeprefix(f"{folder}/")
            for mounts in self._mounted.values()
            for source, _ in mounts
            if source.startswith(f"{folder}/")
        ]
        inner = self._choose.choice(below or ["data"])
        self._swapped.append(f"{folder}/{inner}")
        return Step(self._user(), "swap-held", name, text=f"{inner} {self._choose.choice(('/', *pieces.LINK_TARGETS))}")

    def _remove(self) -> Step:
        return Step(self._user(), "remove", self._senders.pop() if self._senders else self._container())

    def _stop(self) -> Step:
        return Step(self._user(), "stop", self._container())

    def _exec(self) -> Step:
        name = self._container()
        chosen = []
        if self._chance(0.2):
            chosen.append(self._choose.choice(pieces.EXECS))
        text = "; ".join([*(self._mischief(name) for _ in range(self._choose.choice((0, 1, 1)))), "look"])
        return Step(self._user(), "exec", name, chosen, text)

    def _path_in(self, container: str) -> str:
        targets = [target for _, target in self._mounted.get(container, [])]
        swapped = [target for source, target in self._mounted.get(container, []) if source in self._swapped]
        return self._choose.choice(swapped or targets or ["/v"])

    def _copy_out(self) -> Step:
        name = self._container()
        below = self._choose.choice(("canary", "etc/canary", "root/canary", "data/canary", ""))
        return Step(self._user(), "copy-out", name, text=f"{self._path_in(name)}/{below}")

    def _copy_in(self) -> Step:
        name = self._container()
        below = self._choose.choice(("", "data", "etc", "containerd/bin"))
        return Step(self._user(), "copy-in", name, text=f"{self._path_in(name)}/{below}")

    def _commit(self) -> Step:
        name = self._container()
        repository = self._choose.choice(("registry.example.com/team/made", "registry.example.com/team/app"))
        self._images.append(f"{repository}:1")
        changes = self._choose.choice(("", "VOLUME /v", "USER 0", "ONBUILD VOLUME /w"))
        chosen = [Piece(f"-c '{changes}'", {"changes": [changes]})] if changes else []
        return Step(self._user(), "commit", name, chosen, repository)

    def _rename(self) -> Step:
        return Step(self._user(), "rename", self._container(), text=self._choose.choice(("c0", "c1", "c9")))

    def _update(self) -> Step:
        return Step(self._user(), "update", self._container(), [self._choose.choice(pieces.UPDATES)])

    def _checkpoint(self) -> Step:
        folder = self._choose.choice(("", "/srv/app", "/opt/containerd"))
        chosen = [Piece(f"--checkpoint-dir {folder}", {"CheckpointDir": folder})] if folder else []
        return Step(self._user(), "checkpoint", self._container(), chosen, self._choose.choice(("p0", "../../p0")))

    def _listen(self) -> Step:
        """A program of a container that stays listens where it can write; a container that can comes first."""
        places = [
            (name, source, target)
            for name in self._staying
            for source, target in self._mounted[name]
            if source in pieces.WRITABLE or not source.startswith("/")
        ]
        if not places:
            return self._run()
        name, source, target = self._choose.choice(places)
        socket = self._choose.choice(pieces.SOCKET_NAMES)
        folder = source if source.startswith("/") else f"/var/lib/docker/volumes/{source}/_data"
        self._listens.append(f"{pieces.UP}{folder}/{socket}")
        return Step(self._user(), "listen", name, text=f"{target}/{socket}.sock")

    # -- everything else

    def _volume(self) -> Step:
        name = self._choose.choice((*pieces.NAMED_VOLUMES, "v2", "v2"))
        chosen = []
        if self._chance(0.5 if self._theme == "plugins" else 0.15):
            driver = self._driver()
            chosen.append(Piece(f"-d {driver}", {"Driver": driver}))
        elif self._chance(0.3):
            options = self._choose.choice(pieces.VOLUME_OPTIONS)
            words = " ".join(f"-o {key}={value}" for key, value in options.items())
            chosen.append(Piece(words, {"DriverOpts": dict(options)}))
        return Step(self._user(), "volume", name, chosen, version=self._version())

    def _remove_volume(self) -> Step:
        return Step(self._user(), "remove-volume", self._choose.choice(pieces.NAMED_VOLUMES))

    def _network(self) -> Step:
        name = f"n{len(self._networks)}"
        self._networks.append(name)
        chosen = [self._themed(pieces.NETWORK_PIECES) for _ in range(self._choose.choices((1, 2, 3), (4, 3, 1))[0])]
        chosen.append(pieces.NETWORK_PIECES["mixed"][0])
        if self._listens and self._chance(0.5 if self._theme == "plugins" else 0.1):
            driver = self._choose.choice(self._listens)  # dockerd looks 15 s for one that is not there
            ipam = Piece(f"--ipam-driver {driver}", {"IPAM": {"Driver": driver}})
            chosen.append(self._choose.choice((ipam, Piece(f"-d {driver}", {"Driver": driver}))))
        return Step(self._user(), "network", name, chosen, version=self._version())

    def _connect(self) -> Step:
        networks = [*self._networks, "host", "bridge"]
        return Step(self._user(), "connect", self._container(), text=self._choose.choice(networks))

    def _service(self) -> Step:
        chosen = []
        if self._chance(0.7):
            theme = "swaps" if self._theme == "waiting" else self._theme
            theme = theme if theme in pieces.SOURCES else "mixed"
            source, target = self._choose.choice(pieces.SOURCES[theme]), self._choose.choice(pieces.TARGETS)
            flags, mount = _bind_mount(source, target, self._chance(0.5))
            chosen.append(Piece(flags, {"TaskTemplate": {"ContainerSpec": {"Mounts": [mount]}}}))
        if self._chance(0.4):
            log = self._choose.choice(pieces.CONTAINER_FLAGS["logs"])
            config = log.body["HostConfig"]["LogConfig"]
            driver = {"Name": config["Type"], "Options": config["Config"]}
            chosen.append(Piece(log.flags, {"TaskTemplate": {"LogDriver": driver}}))
        image = pieces.APP
        if self._chance(0.7 if self._theme == "waiting" else 0.1):
            image = pieces.LATE
            chosen.append(pieces.TRIES_ANEW)
        return Step(self._user(), "service", "s0", chosen, "look; exit 0", image, self._version())

    def _tag(self) -> Step:
        return Step(self._user(), "tag", pieces.APP, text=pieces.LATE)

    def _swap(self) -> Step:
        """A user of the host replaces a folder of their own by a link."""
        user = self._user()
        self._swapped.append(f"/home/{user}/d")
        return Step(user, "swap", f"/home/{user}/d", text=self._choose.choice(pieces.LINK_TARGETS))

    def _request(self) -> Step:
        method, target = self._choose.choice(pieces.REQUESTS)
        return Step(self._user(), "request", method, text=target)

    def _build(self) -> Step:
        network, made = self._choose.choice(("none", "host", "container:c0")), "registry.example.com/team/made:1"
        self._images.append(made)
        chosen = [Piece(f"-t {made} --network {network}", {"t": made, "networkmode": network})]
        return Step(self._user(), "build", "b", chosen, f"FROM {pieces.APP}\nRUN look\n")


def _bind_mount(source: str, target: str, read_only: bool) -> tuple[str, dict[str, object]]:
    """A --mount as it is typed, and as it is sent."""
    mount: dict[str, object] = {"Type": "bind", "Source": source, "Target": target, "ReadOnly": read_only}
    return f"--mount type=bind,src={source},dst={target}{',readonly' if read_only else ''}", mount


def _last_network(chosen: Sequence[Piece]) -> list[Piece]:
    """A container has one network mode: the pieces without all but the first that sets it."""
    setting = [piece for piece in chosen if "NetworkMode" in piece.body.get("HostConfig", {})]
    return [piece for piece in chosen if piece not in setting[1:]]


def _with_device(piece: Piece, device: str) -> Piece:
    if "{device}" not in piece.flags:
        return piece
    entry = {"PathOnHost": device, "PathInContainer": "/dev/disk0", "CgroupPermissions": "rwm"}
    return Piece(piece.flags.format(device=device), {"HostConfig": {"Devices": [entry]}})
