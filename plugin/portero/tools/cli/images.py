"""`portero images`: fetch signatures of images, and see which images of the daemon may run."""

import random
import sys
from collections.abc import Iterable, Iterator, Sequence
from datetime import UTC, datetime
from pathlib import Path

import click

from portero.decide.images.image_verdict import ImageQuery, Verdict, find_denied, judge_image
from portero.decide.images.trust import ImageTrust, RecordUnreadable
from portero.decide.values.dataclass import dataclass
from portero.decide.values.errors import LoadError
from portero.observe.dockerd.api import EngineApi
from portero.observe.files.whole_files import read_regular_file
from portero.observe.host.sockets import DEFAULT_SOCKETS
from portero.observe.stores import api_tables
from portero.observe.stores.image_store import ImageStore
from portero.serve.application import loading
from portero.serve.settings.settings import Settings
from portero.tools.registries import image_references
from portero.tools.registries.bundle_fetch import DEADLINE, WHOLE
from portero.tools.registries.https import DeadlinePassed, TransportFailed, limit_seconds
from portero.tools.registries.image_references import DaemonImage
from portero.tools.registries.registry import AccessRefused
from portero.tools.registries.signature_fetch import ImageMissing, fetch_image, open_registry, write_records
from portero.tools.terminal import options
from portero.tools.terminal.formats import JSON_OUTPUT, Outputs, show
from portero.tools.terminal.output import show_lines

# Users of Docker make names without end: so many are fetched at once, by chance, and others the next time.
_MAX_REFERENCES = 1000


@click.group()
def images() -> None:
    """Fetch signatures of images, see which may run.

    image-trust in site.json defines who must sign what. Fetching decides nothing: Portero verifies what was fetched
    again, without a network, when an image is used.
    """


@images.command()
@click.argument("named", metavar="[IMAGE]...", nargs=-1)
@click.option("--from", "file", metavar="FILE", type=click.Path(path_type=Path), help="A file with one image per line.")
@options.LOGIN
@options.STATE
def fetch(named: tuple[str, ...], file: Path | None, login: str | None, state: str | None) -> None:
    """Fetch the signatures of images.

    An IMAGE is registry.example.com/team/app:1.4.2, or has @sha256: and its digest. portero-images.timer starts this
    for all images of the daemon. Of a FILE, images count whose registry an entry of image-trust names.

    Exit status 1: an image has no valid signature. 2: something cannot be fetched. Older signatures stay valid.
    """
    if not named and file is None:
        options.give_up(["name an IMAGE, or a file of them with --from"])
    settings = options.load_settings({"bundle_login": login, "state": state})
    trust = _load_trust(settings)
    requested = [(written, False) for written in named] + [(written, True) for written in _read_list(file)]
    fetched = [_fetch_one(written, settings, trust, is_listed=is_listed) for written, is_listed in requested]
    reached = {one.registry for one in fetched if one.status != options.ERROR}
    statuses = [one.status if one.registry not in reached else min(one.status, one.if_reached) for one in fetched]
    sys.exit(max(statuses, default=options.ALLOWED))


@images.command("list")
@click.option("--references", "only_references", is_flag=True, help="Print what `portero images fetch --from` reads.")
@options.DOCKER_HOST
@JSON_OUTPUT
def list_all(only_references: bool, docker_host: str | None, outputs: Outputs) -> None:
    """Show for each image of the daemon whether it may run. Exit status 1: one may not."""
    settings = options.load_settings({"docker_host": docker_host})
    store = ImageStore(settings.images, _load_trust(settings))
    # Where no signature is needed, nothing is fetched.
    is_idle = only_references and not any(map(image_references.may_ask, store.trust.entries))
    daemon_images = [] if is_idle else _ask_daemon(settings)
    if only_references:
        show_lines(_choose_references([digest for each in daemon_images for digest in each.digests], store.trust))
        return
    rows = [row for each in daemon_images for row in _judge_image(each, store)]
    lines = [f"{row.name}: {row.describe()}" for row in rows]
    document = [{"name": row.name, "id": row.id, "mayRun": row.may_run, "verdict": row.describe()} for row in rows]
    show({"images": document}, lines, outputs)
    sys.exit(options.ALLOWED if all(row.may_run for row in rows) else options.REFUSED)


def _choose_references(digests: Iterable[str], trust: ImageTrust) -> Sequence[str]:
    """Those that registries may be asked about, no more than one fetch can take."""
    parsed = {digest: image_references.parse(digest) for digest in digests}
    wanted = [digest for digest, one in parsed.items() if one and image_references.may_ask(trust.find_entry(one.name))]
    if len(wanted) > _MAX_REFERENCES:
        line = f"portero: {_MAX_REFERENCES} of {len(wanted)} names are fetched now, others the next time"
        show_lines([line], err=True)
    # In any order: a registry that is gone takes up a minute an image, and must not always keep others from their turn.
    return random.sample(wanted, min(len(wanted), _MAX_REFERENCES))


@dataclass(frozen=True, slots=True)
class _ImageRow:
    """An image under one of its names. `denied`: the list that has it, and why."""

    name: str
    id: str
    verdict: Verdict
    denied: str

    @property
    def may_run(self) -> bool:
        return self.verdict.vouched and not self.denied

    def describe(self) -> str:
        if self.denied:
            return f"denied: {self.denied}"
        verdict = self.verdict
        if verdict.vouched:
            return f"may run ({verdict.found})" if verdict.found else "may run"
        return f"may not run: {verdict.found}; it needs {verdict.keys}: {verdict.command} IMAGE"


def _judge_image(one: DaemonImage, store: ImageStore) -> Iterator[_ImageRow]:
    today = datetime.now(UTC).date()
    for name in one.names or (one.id,):
        parsed = image_references.parse(name) if name != one.id else None
        digests = (one.id,)
        with options.give_up_on(RecordUnreadable, name=name):
            listed = find_denied(store, (*digests, *(digest.partition("@")[2] for digest in one.digests)))
            verdict = judge_image(store, ImageQuery(parsed.name if parsed else "", digests, may_be_part=True), today)
        yield _ImageRow(name, one.id, verdict, f"{listed[0].name}: {listed[1]}" if listed else "")


@dataclass(frozen=True, slots=True)
class _FetchResult:
    """How it went with one image. `if_reached`: its status where the same registry gave others."""

    status: int
    registry: str = ""
    if_reached: int = options.ERROR


def _fetch_one(written: str, settings: Settings, trust: ImageTrust, *, is_listed: bool) -> _FetchResult:
    reference = image_references.parse(written)
    entry = trust.find_entry(reference.name) if reference else None
    if reference is None or entry is None or not entry.keys or (is_listed and not image_references.may_ask(entry)):
        if is_listed:
            return _FetchResult(options.ALLOWED)
        options.give_up([f"{written}: no entry of image-trust in site.json asks for a signature of it"])
    try:
        with limit_seconds(WHOLE * DEADLINE):
            fetched = fetch_image(open_registry(reference, settings), reference, trust)
        write_records(settings.images, fetched.records)
        # As the guard will see it.
        query = ImageQuery(reference.name, (fetched.top,), may_be_part=True)
        verdict = judge_image(ImageStore(settings.images, trust), query, datetime.now(UTC).date())
    except (TransportFailed, RecordUnreadable) as error:
        show_lines([f"portero: {written}: {error}"], err=True)
        # docker tag makes the daemon say that a registry has what it has not: that fails no unit. A wrong login does.
        if is_listed and isinstance(error, ImageMissing):
            return _FetchResult(options.REFUSED, reference.registry)
        is_login = is_listed and isinstance(error, AccessRefused)
        return _FetchResult(options.ERROR, reference.registry, options.REFUSED if is_login else options.ERROR)
    except OSError as error:
        show_lines([f"portero: {error.filename or settings.images}: {error.strerror}"], err=True)
        return _FetchResult(options.ERROR)
    except DeadlinePassed:
        show_lines([f"portero: {written}: what the registry sent could not be read in time"], err=True)
        return _FetchResult(options.ERROR, reference.registry)
    says = "signed" if verdict.vouched else f"not signed as image-trust asks: {verdict.found}"
    show_lines([f"{reference.name}@{fetched.top}: {says}"])
    return _FetchResult(options.ALLOWED if verdict.vouched else options.REFUSED, reference.registry)


def _load_trust(settings: Settings) -> ImageTrust:
    routes, _ = api_tables.load_api()
    with options.give_up_on(LoadError):
        return loading.load_trusted(settings, routes.operations).policy.images


def _read_list(file: Path | None) -> Sequence[str]:
    if file is None:
        return ()
    with options.explain_os_errors(file, "name a file with an image a line"):
        lines = read_regular_file(file).decode("utf-8", "replace").splitlines()
        return [*filter(None, map(str.strip, lines))]


def _ask_daemon(settings: Settings) -> list[DaemonImage]:
    address = str(settings.docker_host or DEFAULT_SOCKETS[0])
    try:
        return [*image_references.list_images(EngineApi(address).get_list("/images/json"))]
    except OSError as error:
        options.give_up([f"{address}: {error.strerror or error}; name the daemon's socket with --docker-host"])
    except ValueError as error:
        options.give_up([f"{address}: {error}"])
