"""Arguments of docker top with which only processes of the container are shown, and all others."""

import pytest

from portero.decide.facts import ps_arguments

OWN = [
    *("", "-ef", "aux", "auxww", "auxf", "-aux", "axjf", "-ely", "-eLf", "-T", "axm", "e"),
    *("-o pid", "-opid,args", "-o pid,lstart,args", "-eo pid,cmd", "-eo user,pid,ppid,%cpu,args"),
    *("-eo user:20,pid:8,args", "-axo pid,args", "axo pid,comm", "axopid,comm", "-e -o user -o pid -o args"),
    *("-o pid  -o args", "--format pid,args", "--format=pid,args"),
    *("aux --sort=-%mem", "aux --sort -rss,+pid", "-ef --forest", "-ef --cols=200"),
]
ANOTHER_COLUMN_UNDER_THE_TITLE_PID = [
    *("-otid=PID -oargs -m -N -p1 e", "-oetimes=PID -eo args f e", "-o uid=A\tPID -o etimes,args"),
    *("--format=rss=PID,args", "-o pid=PID"),
]
A_TITLE_LEFT_OUT_MOVES_PID_TO_THE_COLUMN_BEFORE = [
    *("-o etimes= -o pid -o args f", "--no-headers -o comm,etimes,args", "axh"),
]
SEVERAL_WORDS_BEFORE_PID = [
    *("-eo lstart,rss,pid,args f", "-eo bsdstart,etimes,pid,args f", "-o start -o etimes -o pid f", "-eo args,pid"),
    *("-eo args:20,pid", "-o pid:8=etimes,args", "-o etimes:5=PID,args", "-eo label,rss,pid", "-o group,etimes,pid"),
    *("-eo %a,pid", "-ZeL", "-M"),
]
A_VALUE_MAY_BE_FLAGS_OR_A_LIST_TO_ANOTHER_READING_OF_PS = [
    *("-aux -C olstart,etimes,pid", "-u root -C olstart", "-uolstart,etimes,pid", "-p 1", "-q1", "-O lstart", "k -rss"),
]
NO_LIST = [
    *("-o", "-o  pid", "-opid,", "--format", "--sort", "--sort -o", "--sort=", "--info", "--", "-o pid,args\t-o x"),
    *("pid", "-ef\n", "%p"),
]
OTHERS = [
    *ANOTHER_COLUMN_UNDER_THE_TITLE_PID,
    *A_TITLE_LEFT_OUT_MOVES_PID_TO_THE_COLUMN_BEFORE,
    *SEVERAL_WORDS_BEFORE_PID,
    *A_VALUE_MAY_BE_FLAGS_OR_A_LIST_TO_ANOTHER_READING_OF_PS,
    *NO_LIST,
]


@pytest.mark.parametrize(("arguments", "own"), [*((form, True) for form in OWN), *((form, False) for form in OTHERS)])
def test_only_an_ordinary_form_shows_no_processes_of_the_host(arguments: str, own: bool) -> None:
    found = ps_arguments.read_top({"ps_args": (arguments,)})

    assert found == {"value": arguments, "showsOnlyOwn": own, "at": "?ps_args"}


def test_without_arguments_dockerd_takes_its_own() -> None:
    assert ps_arguments.read_top({}) == {"value": "", "showsOnlyOwn": True, "at": "?ps_args"}


def test_dockerd_takes_the_first_of_several_values() -> None:
    assert ps_arguments.read_top({"ps_args": ("-otid=PID", "aux")})["showsOnlyOwn"] is False
    assert ps_arguments.read_top({"ps_args": ("aux", "-otid=PID")})["showsOnlyOwn"] is True
