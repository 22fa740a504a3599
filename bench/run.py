"""What a decision costs: portero beside plugins that allow everything, in Go and in flask, and any other that is named.

Each request is asked in rounds A B C, C B A and so on, so that what else the machine does hits all alike. Printed are
the medians, their spread over the rounds, and the ratios to the first, which is the one in Go where Go is installed.
"""

import argparse
import sys
import tempfile
from contextlib import ExitStack
from datetime import UTC, datetime
from pathlib import Path

import growth
import lookups
import paused
import shares
import through
import worst
from envelopes import requests
from measure import Results, cost_of_mixed_traffic, latencies_of_all, starts
from plot import drawn
from report import page
from servers import Serving, baselines, end_at_sigterm, portero, serving


def main() -> None:
    """Measure and print."""
    chosen = _arguments().parse_args()
    end_at_sigterm()
    with tempfile.TemporaryDirectory(prefix="portero-bench-") as folder:
        try:
            results = measured(chosen, Path(folder))
        except (RuntimeError, OSError) as error:
            print(f"bench: {error}", file=sys.stderr)
            sys.exit(2)
    text = page(results, datetime.now(UTC).date(), chosen.note)
    print(text)
    if chosen.write is not None:
        chosen.write.write_text(keep_instructions(text, chosen.write))
        if results.curves:
            chosen.write.with_suffix(".svg").write_text(drawn(results.curves))


def keep_instructions(text: str, before: Path) -> str:
    """The new page with the parts of the old one, up to its processes, that are measured by other means."""
    old = before.read_text() if before.exists() else ""
    _, heading, rest = old.partition("## Instructions\n")
    part = heading + rest.partition("## Processes\n")[0] if heading else ""
    return text.replace("## Processes\n", f"{part}## Processes\n", 1)


def _arguments() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(description=(__doc__ or "").split("\n", maxsplit=1)[0])
    parser.add_argument("--seconds", type=float, default=0.25, help="length of one measurement")
    parser.add_argument("--rounds", type=int, default=4, help="rounds of each request")
    parser.add_argument("--profile", default="hardened", help="portero's profile")
    parser.add_argument(
        "--plugin",
        type=_named,
        action="append",
        default=[],
        metavar="NAME=COMMAND",
        help="one more; {socket} in its command is where it has to listen",
    )
    parser.add_argument("--growth", action="store_true", help="growth curves as well")
    parser.add_argument("--most", type=int, default=3_000, help="rules, exceptions and values of the growth curves")
    parser.add_argument(
        "--worst",
        type=int,
        nargs="?",
        const=sys.maxsize,
        metavar="FIELDS",
        help="the worst bodies as well (of the first fields), and what others wait for them",
    )
    parser.add_argument(
        "--paused",
        type=int,
        nargs="?",
        const=1_000,
        metavar="PROCESSES",
        help="creates after a pause as well, beside so many processes too (1,000)",
    )
    parser.add_argument("--pause", type=float, default=paused.SECONDS, help="seconds of that pause (6)")
    parser.add_argument("--shares", action="store_true", help="where the time of a decision goes as well")
    parser.add_argument("--dockerd", action="store_true", help="through a real dockerd as well (needs root)")
    parser.add_argument(
        "--lookups", action="store_true", help="what lookups cost at a real dockerd as well (needs root)"
    )
    parser.add_argument(
        "--note", default="", metavar="TEXT", help="a sentence for the page, about the other plugins say"
    )
    parser.add_argument("--write", type=Path, metavar="FILE", help="write the page, and its plot beside it")
    return parser


def _named(text: str) -> tuple[str, str]:
    name, _, command = text.partition("=")
    if not name or "{socket}" not in command:
        raise argparse.ArgumentTypeError("write it as NAME='COMMAND {socket}'")
    return name, command


def measured(chosen: argparse.Namespace, folder: Path) -> Results:
    """Everything that was asked for."""
    before = baselines(folder)

    def all_of(log: str) -> dict[str, str]:
        return before | {"portero": portero(chosen.profile, log)} | dict(chosen.plugin)

    plugins = all_of(str(folder / "decisions.jsonl"))
    results = Results(starts=starts(plugins, folder, chosen.rounds))
    with ExitStack() as stack:
        running: dict[str, Serving] = {
            name: stack.enter_context(serving(name, command, folder)) for name, command in plugins.items()
        }
        results.latencies = latencies_of_all(running, chosen.rounds, chosen.seconds)
        results.mixed = cost_of_mixed_traffic(running, chosen.rounds, chosen.seconds)
        results.memory = {name: at.memory() for name, at in running.items()}
        if chosen.paused:
            results.paused = paused.measured(running, chosen.rounds, chosen.paused, chosen.pause)
        if chosen.worst:
            results.worst = worst.measured(running["portero"].socket, chosen.rounds, chosen.worst)
        if chosen.growth:
            results.curves += growth.of_plugins(running, chosen.seconds)
    if chosen.growth:
        results.curves += growth.of_policies(plugins["portero"], folder, chosen.seconds, chosen.most)
    if chosen.shares:
        results.shares = shares.measured(requests(), chosen.profile, folder / "shares.jsonl", 16 * chosen.seconds)
    if chosen.dockerd:
        results.through = through.measured(all_of("/var/log/bench.jsonl"), chosen.rounds, chosen.seconds)
    if chosen.lookups:
        results.lookups = lookups.measured(all_of("/var/log/bench.jsonl"), chosen.seconds)
    return results


if __name__ == "__main__":
    main()
