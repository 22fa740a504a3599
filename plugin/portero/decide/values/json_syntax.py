"""What is wrong with a text that is not JSON: the line, the column and what to write there."""

from json import JSONDecodeError

_BOM = "\ufeff"
_SPACE = " \t\r\n"
# The first characters of a value and of a name: before one, only a comma or a colon can be missing.
_AFTER_COMMA = '"{[-0123456789tfn'
_CLOSING = ("}", "]")
_COMMA_TOO_MANY = "remove the comma before the bracket"
# By the character at which the fault is; what JSON has at no such place.
_CURES = {
    "\n": "close the string on its line",
    "\r": "close the string on its line",
    "\t": "a tab in a string; write \\t",
    "/": "JSON has no comments; remove it",
    "#": "JSON has no comments; remove it",
    "'": "write \" instead of '",
}
# By the beginning of what Python says.
_CURE_OF_MESSAGE = {
    "Unterminated string": "a string without its closing quote",
    "Extra data": "remove what follows the end of the document",
    "Invalid \\": "a backslash in a string; write \\\\",
}


def describe_syntax(error: JSONDecodeError, first_line: int = 1) -> str:
    """`line 3, column 9: a comma is missing`, the same under each version of Python.

    `first_line`: the number of the text's first line in its file.
    """
    text = error.doc
    if not text.strip(_SPACE):
        offset, fault = 0, "it is empty"
    elif text.startswith(_BOM):
        offset, fault = 0, "a byte order mark; save it as UTF-8 without one"
    else:
        offset, fault = _find_fault(error, text.rstrip(_SPACE))
    line = text.count("\n", 0, offset) + first_line
    return f"line {line}, column {offset - text.rfind(chr(10), 0, offset)}: {fault}"


def _find_fault(error: JSONDecodeError, text: str) -> tuple[int, str]:
    before, following = text[: error.pos].rstrip(_SPACE), text[error.pos :]
    if not following:
        return len(text), "it ends too early; close what is open"
    # Python 3.13 points at the comma, older ones at the bracket after it.
    if following[0] == "," and following[1:].lstrip(_SPACE)[:1] in _CLOSING:
        return error.pos, _COMMA_TOO_MANY
    if following[0] in _CLOSING and before.endswith(","):
        return len(before) - 1, _COMMA_TOO_MANY
    if error.msg.startswith("Expecting ',' delimiter") and following[0] in _AFTER_COMMA:
        return len(before), "a comma is missing"
    return error.pos, _CURES.get(following[0]) or next(
        (cure for message, cure in _CURE_OF_MESSAGE.items() if error.msg.startswith(message)), "fix the syntax"
    )
