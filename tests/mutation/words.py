"""A mutation that cosmic-ray lacks: another string. Lists of paths, field names and codes are strings."""

import re
from collections.abc import Iterator

from cosmic_ray.operators.operator import Example, Operator
from parso.python.tree import String
from parso.tree import NodeOrLeaf

# A plain literal without spaces. Sentences are for people; no test should fix their wording.
_WORD = re.compile(r"""(?P<open>[brBR]{0,2}["'])(?P<inside>[^\s"']*)["']""")


class ReplaceWord(Operator):  # type: ignore[misc]
    """Appends to a string literal of one word."""

    def mutation_positions(self, node: NodeOrLeaf) -> Iterator[tuple[tuple[int, int], tuple[int, int]]]:
        if isinstance(node, String) and _WORD.fullmatch(node.value):
            yield node.start_pos, node.end_pos

    def mutate(self, node: String, index: int) -> String:
        quote = node.value[-1]
        return String(f"{node.value[:-1]}_other{quote}", node.start_pos, prefix=node.prefix)

    @classmethod
    def examples(cls) -> tuple[Example, ...]:
        return (Example('x = "/proc/kcore"', 'x = "/proc/kcore_other"'),)
