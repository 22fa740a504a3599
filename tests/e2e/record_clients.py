"""Records what the clients of a newer engine send, with Portero's own recorder, into tests/captures/NAME.jsonl.gz.

The commands are those of NAME/... in index.tsv.

usage: python -m tests.e2e.record_clients new|29     (as root, after make engines; prints a line of index.tsv for each
case)
"""

import gzip
import json
import sys
from pathlib import Path

from tests.captured import table
from tests.paths import CAPTURES

from .engine import FOLDERS
from .guarded import GuardedDocker, serve
from .host import missing

# By the name of the cases: docker 28.5 with buildx 0.29, and docker 29.7 with buildx 0.36; compose 2.40 with both.
ENGINES = {"new": FOLDERS["28.5"], "29": FOLDERS["29.7"]}
RECORDING = "/var/log/requests.jsonl"
FOLDER = "/srv/new"
FILES = Path(__file__).with_name("new-clients.sh").read_text()


def main() -> None:
    name = sys.argv[1]
    if reason := missing(ENGINES[name]):
        sys.exit(reason)
    recorded = CAPTURES / f"{name}.jsonl.gz"
    with GuardedDocker(engine=ENGINES[name]) as docker, gzip.open(recorded, "wt", encoding="utf-8") as file:
        docker.do(FILES)
        docker.replace_plugin(["env", f"PORTERO_RECORD={RECORDING}", *serve("baseline", "--mode", "audit")])
        recording = docker.host.path(RECORDING)
        for row in table(CAPTURES / "index.tsv"):
            case, command = row["case"], row["command"]
            if not case.startswith(f"{name}/"):
                continue
            before = recording.stat().st_size if recording.exists() else 0
            done = docker.shell(command.replace("python3", sys.executable), cwd=FOLDER, timeout=100)
            lines = [json.loads(line) for line in recording.read_bytes()[before:].splitlines()]
            for line in lines:
                print(json.dumps({"phase": "req", "case": case, "envelope": line["envelope"]}), file=file)
            print(case, command, len(lines), done.returncode, sep="\t")
            if done.returncode:
                print(done.stderr[-300:], file=sys.stderr)


if __name__ == "__main__":
    main()
