"""Suggestions as text and for machines."""

import json

from portero.tools.suggest import suggestion_text
from tests.tools.suggest.test_suggestions import add, new


def test_the_text_has_a_commented_patch_drafts_and_what_is_left() -> None:
    suggestions = new()
    add(suggestions, Memory=4 << 30, MemorySwap=4 << 30)
    add(suggestions, PidMode="host")
    add(suggestions, PidsLimit=0)

    lines = list(suggestion_text.list_lines(suggestions))

    assert lines[0] == "3 requests read, 3 denied or would be; 2 would be allowed with all this"
    assert '  // 1 request: "4g" (memory-limit)' in lines
    assert '  "memory-max": "4g"' in lines
    assert "exceptions/nginx.json: 1 request; waives no-host-pid of baseline; pin the image by digest" in lines
    assert lines[-2:] == [
        "Not suggested:",
        "       1  pids-limit: change the command or the compose file: --pids-limit 200",
    ]


def test_a_block_without_its_comments_is_json() -> None:
    suggestions = new()
    add(suggestions, Runtime="nvidia", PidsLimit=500)

    lines = list(suggestion_text.list_lines(suggestions))
    block = lines[lines.index("{") : lines.index("}") + 1]

    assert json.loads("\n".join(line for line in block if not line.startswith("  //")))["pids-max"] == 500
    assert any("baseline: it opens this for all containers" in line for line in block)


def test_machines_get_the_same() -> None:
    suggestions = new()
    add(suggestions, Memory=4 << 30, MemorySwap=4 << 30, PidMode="host")

    document = suggestion_text.describe(suggestions)

    assert document["site"] == {"memory-max": "4g"}
    assert document["siteValues"] == [{"key": "memory-max", "value": "4g", "rules": ["memory-limit"], "requests": 1}]
    assert [draft["id"] for draft in document["exceptions"]] == ["nginx"]  # type: ignore[union-attr,call-overload,index]
    assert document["wouldBeAllowed"] == 1
