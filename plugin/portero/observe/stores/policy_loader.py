"""Loads a policy from its folders: whole, or not at all with every fault in one list."""

from collections.abc import Sequence
from pathlib import Path

from portero.decide.engine import Engine
from portero.decide.engine.rust import RUST
from portero.decide.policy.loader import make_policy
from portero.decide.policy.policy import Policy
from portero.decide.reading.routes import Operation
from portero.decide.values.errors import LoadError
from portero.observe.stores.policy_files import Reader, read_folder


def load_policy(
    folders: Sequence[Path], operations: Sequence[Operation], reader: Reader = read_folder, engine: Engine = RUST
) -> Policy:
    """The policy in these folders; raises LoadError: each fault with its file and its cure.

    Only tests name another engine.
    """
    if not folders:
        raise LoadError(["no policy folder is given: name at least the built-in one"])
    faults: list[str] = []
    return make_policy([reader(folder, faults) for folder in folders], operations, faults, engine)
