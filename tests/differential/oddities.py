"""Odd spellings of a JSON document.

With a source of chance a value takes spellings that Go reads alike and, now and then, ones that readers differ on
(names twice, wrong types, what follows the document).
"""

import json
import random
from collections.abc import Mapping, Sequence

from portero.decide.values.json_fields import JSON

from .written import Document, Node, Text, Written, WrittenList


class Oddities:
    """Spellings by chance. `daring`: how likely a body has one spelling that readers differ on."""

    def __init__(self, choose: random.Random, *, daring: float = 0.25) -> None:
        self._choose = choose
        self._daring = daring
        self._rate = choose.choice((0.0, 0.0, 0.02, 0.1, 0.3))

    def document(self, value: JSON) -> Document:
        """A body that says `value`, more or less."""
        node = self._write(value, self._rate)
        if self._choose.random() >= self._daring:
            return Document(node)
        return self._dare(node, value)

    # -- spellings that Go reads alike

    def _write(self, value: JSON, rate: float) -> Node:
        if isinstance(value, Mapping):
            pairs = [(self._name(name, rate), self._write(inner, rate)) for name, inner in value.items()]
            if self._chance(rate):
                pairs.append(self._choose.choice(_UNKNOWN))
            if self._chance(rate):
                self._choose.shuffle(pairs)
            return Written(tuple(pairs))
        if isinstance(value, Sequence) and not isinstance(value, str):
            return WrittenList(tuple(self._write(item, rate) for item in value))
        if isinstance(value, str):
            return Text(self._string(value, rate))
        return Text(f" {json.dumps(value)}\n" if self._chance(rate) else json.dumps(value))

    def _chance(self, rate: float) -> bool:
        return self._choose.random() < rate

    def _string(self, text: str, rate: float) -> str:
        if self._chance(rate):
            return json.dumps(text)  # ASCII: what is not becomes escapes, a pair of surrogates too
        spelt = json.dumps(text, ensure_ascii=False)
        return self._escape(spelt) if self._chance(rate) else spelt

    def _escape(self, spelt: str) -> str:
        at = [index for index, letter in enumerate(spelt) if letter.isalnum() and spelt[index - 1] != "\\"]
        at = [index for index in at if "\\u" not in spelt]
        if not at:
            return spelt
        index = self._choose.choice(at)
        return f"{spelt[:index]}\\u{ord(spelt[index]):04x}{spelt[index + 1 :]}" if ord(spelt[index]) < 2**16 else spelt

    def _name(self, name: str, rate: float) -> str:
        if self._chance(rate) and name.isascii() and name[:1].isupper() and name.isalnum():
            name = self._choose.choice(_CASES)(name)
        return self._string(name, rate)

    # -- spellings that readers differ on

    def _dare(self, node: Node, value: JSON) -> Document:
        kind = self._choose.choice(("twice", "merged", "after", "text", "legacy", "null", "deep", "list", "start"))
        if kind == "after":
            return Document(node, after=self._choose.choice(_AFTER))
        if kind == "start":
            return Document(node, before=self._choose.choice(_BEFORE))
        if kind == "text":
            return Document(self._replace_scalar(node))
        if kind == "null":
            return Document(self._replace_any(node, Text("null")))
        if kind == "list":
            return Document(self._replace_any(node, Text(self._choose.choice(_OTHER_TYPES))))
        if not isinstance(node, Written) or not node.pairs:
            return Document(node)
        if kind == "deep":
            depth = self._choose.choice((10, 70, 3000))
            return Document(Written((*node.pairs, ('"deep"', Text("[" * depth + "]" * depth)))))
        if kind == "legacy":
            return Document(self._lift(node))
        return Document(self._twice(node, merged=kind == "merged"))

    def _lift(self, node: Written) -> Node:
        """What stands in the HostConfig moves to the top."""
        inner = [value for name, value in node.pairs if name == '"HostConfig"']
        if not inner or not isinstance(inner[0], Written):
            return node
        kept = tuple(pair for pair in node.pairs if pair[0] != '"HostConfig"')
        empty = self._choose.choice(((), (('"HostConfig"', Text("null")),), (('"HostConfig"', Written(())),)))
        return Written((*kept, *inner[0].pairs, *empty))

    def _twice(self, node: Written, *, merged: bool) -> Node:
        """One name of the tree stands twice: with two values, or with its value in two parts."""
        at = self._choose.randrange(len(node.pairs))
        name, value = node.pairs[at]
        if isinstance(value, Written) and value.pairs and self._chance(0.7):
            return Written((*node.pairs[:at], (name, self._twice(value, merged=merged)), *node.pairs[at + 1 :]))
        if merged and isinstance(value, Written | WrittenList):
            parts = value.pairs if isinstance(value, Written) else value.items
            cut = len(parts) // 2
            first: Node = Written(value.pairs[:cut]) if isinstance(value, Written) else WrittenList(value.items[:cut])
            second: Node = Written(value.pairs[cut:]) if isinstance(value, Written) else WrittenList(value.items[cut:])
        else:
            first, second = value, self._choose.choice((Text("null"), value, Written(()), WrittenList(())))
        again = name if self._chance(0.3) else self._respell(name)
        return Written((*node.pairs[:at], (name, first), *node.pairs[at + 1 :], (again, second)))

    def _respell(self, name: str) -> str:
        try:
            return json.dumps(self._choose.choice(_CASES)(json.loads(name)), ensure_ascii=False)
        except ValueError:
            return name

    def _replace_scalar(self, node: Node) -> Node:
        return self._replace_any(node, Text(self._choose.choice(_SCALARS)), scalars=True)

    def _replace_any(self, node: Node, by: Node, *, scalars: bool = False) -> Node:
        """The tree with one of its values replaced; with `scalars` one at the end of a branch."""
        if isinstance(node, Written) and node.pairs:
            at = self._choose.randrange(len(node.pairs))
            name, value = node.pairs[at]
            inner = self._inside(value, by, scalars=scalars)
            return Written((*node.pairs[:at], (name, inner), *node.pairs[at + 1 :]))
        if isinstance(node, WrittenList) and node.items:
            at = self._choose.randrange(len(node.items))
            return WrittenList(
                (*node.items[:at], self._inside(node.items[at], by, scalars=scalars), *node.items[at + 1 :])
            )
        return node

    def _inside(self, value: Node, by: Node, *, scalars: bool) -> Node:
        goes_on = not isinstance(value, Text) and (scalars or self._chance(0.6))
        return self._replace_any(value, by, scalars=scalars) if goes_on else by


# A long s and the Kelvin sign fold to s and k.
_CASES = (
    str.upper,
    str.lower,
    str.swapcase,
    lambda name: name.replace("s", "\u017f", 1),
    lambda name: name.replace("k", "\u212a", 1),
    lambda name: name.replace("S", "\u017f", 1).replace("K", "\u212a", 1),
)
_UNKNOWN: Sequence[tuple[str, Node]] = (
    ('"name"', Text('"web"')),
    ('"hijack"', Text("true")),
    ('"x-note"', Written((('"Privileged"', Text("true")),))),
    ('"Priv\\u0131leged"', Text("true")),
    ('"_HostConfig"', Text("null")),
    ('"\\u00fcn"', WrittenList((Text("1"), Text('"\\ud83d\\ude00"')))),
)
_AFTER = ("}", "]", " }", "{}", "null", "\n", " \t\r\n", "\x00", "}garbage", '{"HostConfig":{"Privileged":true}}', "//")
_BEFORE = (" ", "\n\t", "\ufeff", "\x0b", "null", "[]")
# Written as they are; \udcXX is a byte that is no UTF-8.
_SCALARS = (
    *("1", "0", "-1", "1.0", "1e3", "1E2", "-0", "0.5", "18446744073709551616", "9223372036854775808", "1e400"),
    *("true", "false", "null", "NaN", "01", "+1", "'x'", '"x\udcff"', '"\\ud800"', '"\\udc00\\ud800"', '"a\\u0000b"'),
    *(
        '"\\/etc"',
        '"1"',
        '"true"',
        '"\x01"',
        '"' + "9" * 5000 + '"',
        "9" * 400,
        '"\u2028"',
        '"\ud83d\ude00"'.encode("utf-16", "surrogatepass").decode("utf-16"),
    ),
)
_OTHER_TYPES = ("[]", "{}", '""', "[[]]", "[null]", '{"":null}', "[{}]", "0", "false", '["x",null]', '{"a":"b"}')
