"""`portero test`: proves every rule by its own examples, the site's as well as the built-in ones."""

import logging
import os
import subprocess
import sys
from collections import Counter
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import TypeAlias, cast

import click

from portero.decide.policy import site_warnings
from portero.decide.policy.folder import Folder
from portero.decide.policy.rule import Rule
from portero.decide.values.dataclass import dataclass
from portero.decide.values.errors import LoadError
from portero.observe.process import package_files
from portero.observe.stores.api_tables import load_api
from portero.observe.stores.policy_loader import load_policy, read_folder
from portero.tools.cli import host_settings
from portero.tools.proof.prove import CHECKS, RuleProof
from portero.tools.proof.rule_examples import ENGINES, RequestRules, RuleKind, list_rules
from portero.tools.proof.warnings import Impossible, find_missing_services, list_dead_conditions
from portero.tools.report.output_formats import Failure, JUnitCase, write_junit
from portero.tools.terminal import options
from portero.tools.terminal.formats import Outputs, show_outputs, takes_format
from portero.tools.terminal.output import make_json, make_text, show_progress

_LOG = logging.getLogger(__name__)
# Only a checkout has it.
_PAGES = package_files.schemas().parent / "docs" / "generate.py"
_KindAndRule: TypeAlias = tuple[RuleKind, Rule]
_DIR = click.Path(exists=True, file_okay=False, path_type=Path)


@dataclass(frozen=True, slots=True)
class _Proved:
    """One check of one file and what is wrong with it, one sentence a fault."""

    file: str
    check: str
    faults: tuple[str, ...]

    @property
    def failure(self) -> Failure | None:
        return Failure("fault", self.faults[0], "\n".join(self.faults)) if self.faults else None


@click.command("test")
@click.argument("folders", metavar="[DIR]...", nargs=-1, type=_DIR)
@takes_format("text", "json", "junit")
@options.SCHEMAS
@options.TRUSTED
def prove(folders: tuple[Path, ...], outputs: Outputs, **given: str | tuple[str, ...] | None) -> None:
    """Run the examples of every rule, the built-in ones and those of policy folders.

    Each rule must allow its allowed examples and deny its denied ones, at the named place. A keyword of a rule that no
    example needs is a fault too. A DIR overrides the folders of --policy. A warning names values of the site that
    have no effect under PORTERO_PROFILE. In a checkout generated pages are checked too. Exit status 1: a rule has a
    fault.
    """
    settings = host_settings.load_host_settings(given)
    # Each folder once, whatever its path: `portero test schemas` in a checkout names the built-in one again.
    named = reversed([*settings.readable_folders, *folders])
    distinct = list({os.path.realpath(folder): folder for folder in named}.values())[::-1]
    rules = _read_rules(distinct)
    for warning in _list_warnings(distinct, settings.profile, rules):
        _LOG.warning("%s", warning)
    proofs = (RuleProof.of(kind, rule) for kind, rule in show_progress(rules, "rules"))
    checked = ((proof, name, check(proof)) for proof in proofs for name, check in CHECKS.items())
    proved = [*(_Proved(proof.rule.file, name, tuple(faults)) for proof, name, faults in checked), *_check_pages()]
    faulty = [{"file": each.file, "check": each.check, "faults": [*each.faults]} for each in proved if each.faults]
    formats = {
        "text": lambda: make_text(_list_lines(proved, rules)),
        "json": lambda: make_json(faulty),
        "junit": lambda: write_junit([JUnitCase(each.file, each.check, each.failure) for each in proved]),
    }
    show_outputs(outputs, formats)
    sys.exit(options.REFUSED if any(each.faults for each in proved) else options.ALLOWED)


def _read_rules(folders: Sequence[Path]) -> Sequence[_KindAndRule]:
    with options.give_up_on(LoadError):
        routes, shapes = load_api()
        return list(list_rules(folders, routes.operations, shapes))


def _list_warnings(folders: Sequence[Path], profile: str, rules: Sequence[_KindAndRule]) -> Iterator[str]:
    """A sentence for each site value that has no effect, and each rule and exception that is probably a mistake."""
    for folder in folders[1:]:
        yield from _list_gaps(read_folder(folder, []), rules)
    policy = load_policy(folders, load_api()[0].operations)
    yield from site_warnings.list_unseen_names(policy, profile)
    site_schema = package_files.read_schema("site.schema.json")
    yield from site_warnings.list_unmatched_values(policy.site, site_schema)


def _list_gaps(folder: Folder, rules: Sequence[_KindAndRule]) -> Iterator[str]:
    by_id = {rule.id: (kind, rule) for kind, rule in rules if isinstance(kind, RequestRules)}
    for _, rule in by_id.values():
        if Path(rule.file) in folder.rules and (gap := find_missing_services(rule)):
            yield gap
    impossible = Impossible(package_files.read_schema("request.json"))
    for file, content in folder.exceptions.items():
        never = [*impossible.find(content["match"])]
        waived = [by_id[id] for id in cast(list[str], content["rules"]) if id in by_id]
        judged = [(rule, [kind.make_document(example) for example in rule.denies]) for kind, rule in waived]
        # For a name that is in no request, one sentence is enough.
        yield from (f"{file}: match: {one}" for one in never or list_dead_conditions(content["match"], judged))


def _check_pages() -> Iterator[_Proved]:
    """Whether the generated pages are fresh; only a checkout has them."""
    if not _PAGES.is_file():
        return
    environ = os.environ | {"PYTHONPATH": str(package_files.package().parent)}
    done = subprocess.run(  # noqa: S603  # this very checkout's own program
        [sys.executable, str(_PAGES), "--check"], env=environ, capture_output=True, text=True, check=False
    )
    stale = [line for line in (done.stdout + done.stderr).splitlines() if line]
    yield _Proved(str(_PAGES), "pages", tuple(stale) if done.returncode else ())


def _list_lines(proved: Sequence[_Proved], rules: Sequence[_KindAndRule]) -> Iterator[str]:
    for each in proved:
        yield from (f"{each.file}: {each.check}: {fault}" for fault in each.faults)
    faults = sum(len(each.faults) for each in proved)
    engines = " and ".join(engine.name for engine in ENGINES)
    folders = Counter(str(Path(rule.file).parents[2]) for _, rule in rules)
    counted = ", ".join(f"{number} in {folder}" for folder, number in folders.items())
    yield f"rules tested with {engines}: {counted}; {faults or 'no'} fault{'s'[: faults != 1]}"
