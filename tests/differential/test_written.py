"""JSON as it is written, and smaller pieces of it."""

import json

from .written import Document, Text, Written, WrittenList, plain, render, smaller

VALUE = {"Image": "busybox", "HostConfig": {"Binds": ["/a:/b"], "Memory": 5, "Init": True, "x": None}}


def test_a_plain_value_is_written_as_json() -> None:
    assert json.loads(render(plain(VALUE))) == VALUE


def test_each_part_can_be_left_out_and_each_name_spelt_plainly() -> None:
    node = Written((('"a"', WrittenList((Text("1"),))), ('"\\u0062"', Text("2"))))

    found = [document.encode() for document in smaller(Document(node, after="}"))]

    assert found == [
        *(b'{"a":[1],"\\u0062":2}', b'{"\\u0062":2}}', b'{"a":[],"\\u0062":2}}', b'{"a":[1]}}', b'{"a":[1],"b":2}}')
    ]
