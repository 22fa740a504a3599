"""--format and --output of all commands: in which formats a report is printed, or written to files."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from functools import wraps
from pathlib import Path
from typing import Any, NamedTuple, TypeAlias, TypeVar, cast

import click

from portero.observe.files.whole_files import replace_file
from portero.tools.terminal import options
from portero.tools.terminal.output import NO_COLOR, make_json, make_text, show_lines

_Command = TypeVar("_Command", bound=Callable[..., Any])
_PUBLIC, PRIVATE = 0o644, 0o600


class Output(NamedTuple):
    """`format` empty: the command chooses. `file` empty: standard output."""

    format: str
    file: str


Outputs: TypeAlias = Sequence[Output]


class _Format(click.ParamType):  # type: ignore[type-arg,unused-ignore]
    """FORMAT or FORMAT=FILE."""

    name = "format"

    def __init__(self, formats: Sequence[str]) -> None:
        self._formats = formats

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> Output:
        chosen, sign, file = str(value).partition("=")
        if chosen not in self._formats or (sign and not file):
            self.fail(f"{value!r}: write one of {', '.join(self._formats)}, or FORMAT=FILE", param, ctx)
        return Output(chosen, file)


def takes_format(*formats: str, default: str = "text", help: str = "") -> Callable[[_Command], _Command]:
    """Give the command --format, --json, --output and --quiet; it gets `outputs`."""

    def add(command: _Command) -> _Command:
        @wraps(command)
        def run(*words: Any, chosen: Outputs, as_json: bool, file: str | None, quiet: bool, **more: Any) -> Any:
            wanted = [*chosen, *([Output("json", "")] if as_json else [])]
            printed = [one for one in wanted if not one.file] or [Output(default, "")] * bool(file or not wanted)
            if len(printed) > 1:
                options.give_up(["--format: one goes to standard output; give the others files (--format sarif=FILE)"])
            printed = [] if quiet and not file else [one._replace(file=file or "") for one in printed]
            return command(*words, outputs=[*printed, *(one for one in wanted if one.file)], **more)

        about = f"{help or 'The output'}. FORMAT=FILE writes it to a file (repeatable)."
        form = _Format(formats)
        return options.join(
            click.option("--format", "chosen", multiple=True, metavar=f"[{'|'.join(formats)}]", type=form, help=about),
            click.option("--json", "as_json", is_flag=True, help="The same as --format json."),
            click.option("--output", "file", metavar="FILE", help="Write to FILE, not to standard output."),
            click.option("-q", "--quiet", is_flag=True, help="Print nothing: only the exit status tells."),
            NO_COLOR,
        )(cast(_Command, run))

    return add


JSON_OUTPUT = takes_format("text", "json")


def show_outputs(outputs: Outputs, make: Mapping[str, Callable[[], str]], mode: int = _PUBLIC) -> None:
    """Print or write each; `mode`: of new files."""
    for output in outputs:
        text = make[output.format]()
        if not output.file:
            show_lines(text.expandtabs().removesuffix("\n").split("\n") if text else [])
            continue
        with options.explain_os_errors(output.file, "name a file that can be written"):
            replace_file(Path(output.file), text.removesuffix("\n").encode(errors="replace") + b"\n", mode)
        if mode == PRIVATE:
            show_lines([f"wrote {Path(output.file).absolute().as_uri()}; its owner alone reads it"], err=True)


def show(document: Mapping[str, object] | Sequence[object], lines: Iterable[str], outputs: Outputs) -> None:
    """The document for machines, or the lines for people."""
    text = make_text(lines)
    show_outputs(outputs, {"text": lambda: text, "json": lambda: make_json(document)})
