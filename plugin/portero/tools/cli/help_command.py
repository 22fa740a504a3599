"""`portero help`: the help of a command, or a page of the documentation, wherever Portero was installed from."""

import re
import sys
from pathlib import Path

import click
from click.shell_completion import get_completion_class

from portero import __address__, __version__
from portero.decide.values.spelling import suggest_name
from portero.observe.process import package_files
from portero.tools.terminal import options
from portero.tools.terminal.output import show_lines, show_text


@click.command("help")
@click.argument("topic", metavar="[COMMAND|TOPIC]", nargs=-1)
@click.pass_context
def show_help(context: click.Context, topic: tuple[str, ...]) -> None:
    """Show the help of a command, or a page of the documentation. Without an argument: the list of both."""
    main = context.find_root()
    name = " ".join(topic)
    pages = _list_pages()
    shown: click.Context | None = main
    for word in topic:
        command = shown.command.get_command(shown, word) if shown and isinstance(shown.command, click.Group) else None
        shown = click.Context(command, shown, word) if command else None
    if shown is not None:
        show_text(shown.get_help())
        if not topic:
            show_text("\nTopics:\n" + click.wrap_text(", ".join(sorted(pages)), 78, "  ", "  "))
    elif (page := pages.get(name) or next((one for one in pages.values() if _has_title(one, name)), None)) is not None:
        text = re.sub(r"^ *<!--.*-->\n\n?", "", page.read_text(encoding="utf-8"), flags=re.MULTILINE)
        if sys.stdout.isatty():
            click.echo_via_pager(text)
        else:
            show_text(text)
    else:
        where = f" and {__address__}" if __address__ else ""
        cure = suggest_name(name, sorted(pages))
        options.give_up([f"{name}: no such command or topic{cure}; see portero help{where}"])


def _list_pages() -> dict[str, Path]:
    with options.explain_os_errors("the pages", by_file=True):
        folder = package_files.pages()
        return {str(page.relative_to(folder).with_suffix("")): page for page in folder.rglob("*.md")}


def _has_title(page: Path, title: str) -> bool:
    return page.read_text(encoding="utf-8").casefold().startswith(f"# {title}\n".casefold())


@click.command()
def version() -> None:
    """Print the version."""
    show_lines([f"portero {__version__}"])


@click.command()
@click.argument("shell", type=click.Choice(["bash", "zsh", "fish"]))
@click.pass_context
def completion(context: click.Context, shell: str) -> None:
    """Print what completes commands in a shell: source <(portero completion bash)."""
    kind = get_completion_class(shell)
    if kind is not None:
        show_text(kind(context.find_root().command, {}, "portero", "_PORTERO_COMPLETE").source())
