"""Spellings of JSON by chance."""

import json
import random

from .oddities import Oddities
from .written import Written

VALUE = {"Image": "busybox", "HostConfig": {"Binds": ["/a:/b"], "Memory": 5, "Init": True, "x": None}}


def test_without_dares_every_spelling_is_json_of_the_same_values() -> None:
    for seed in range(200):
        written = Oddities(random.Random(seed), daring=0).document({"a-1": ["x", 1, True], "b_2": {"c": "é"}})

        read = json.loads(written.encode())

        assert read["a-1"] == ["x", 1, True]
        assert read["b_2"]["c"] == "é"


def test_dares_make_bodies_that_readers_differ_on() -> None:
    documents = [Oddities(random.Random(seed), daring=1).document(VALUE) for seed in range(300)]

    assert any(document.after for document in documents)
    assert any(document.before for document in documents)
    assert any(b"\xff" in document.encode() for document in documents)
    names = [[name for name, _ in document.node.pairs] for document in documents if isinstance(document.node, Written)]
    assert any(len(names) != len({name.upper() for name in names}) for names in names)
