"""Records what clients of the newest engine send, with Portero's own recorder, into tests/captures/new.jsonl.gz.

The commands are those of index.tsv.

usage: python -m tests.e2e.record_clients     (as root, after make engines; prints a line of index.tsv for each case)
"""

import gzip
import json
import sys
from pathlib import Path

from tests.captured import table
from tests.paths import CAPTURES

from .engine import NEW
from .guarded import GuardedDocker, serve
from .host import missing

RECORDING = "/var/log/requests.jsonl"
FOLDER = "/srv/new"
FILES = Path(__file__).with_name("new-clients.sh").read_text()


def main() -> None:
    if reason := missing(NEW):
        sys.exit(reason)
    with GuardedDocker(engine=NEW) as docker, gzip.open(CAPTURES / "new.jsonl.gz", "wt", encoding="utf-8") as file:
        docker.do(FILES)
        docker.replace_plugin(["env", f"PORTERO_RECORD={RECORDING}", *serve("baseline", "--mode", "audit")])
        recording = docker.host.path(RECORDING)
        for row in table(CAPTURES / "index.tsv"):
            case, command = row["case"], row["command"]
            if not case.startswith("new/"):
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
