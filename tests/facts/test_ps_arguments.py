"""Arguments of docker top with which only processes of the container are shown, and all others."""

import pytest

from portero.facts import ps_arguments

OWN = [
    "",
    "-ef",
    "aux",
    "auxww",
    "auxf",
    "-aux",
    "axjf",
    "-ely",
    "-eLf",
    "-T",
    "axm",
    "e",
    "-o pid",
    "-opid,args",
    "-o pid,lstart,args",
    "-eo pid,cmd",
    "-eo user,pid,ppid,%cpu,args",
    "-eo user:20,pid:8,args",
    "-axo pid,args",
    "axo pid,comm",
    "axopid,comm",
    "-e -o user -o pid -o args",
    "-o pid  -o args",
    "--format pid,args",
    "--format=pid,args",
    "aux --sort=-%mem",
    "aux --sort -rss,+pid",
    "-ef --forest",
    "-ef --cols=200",
]
OTHERS = [
    # Another column under the title PID.
    "-otid=PID -oargs -m -N -p1 e",
    "-oetimes=PID -eo args f e",
    "-o uid=A\tPID -o etimes,args",
    "--format=rss=PID,args",
    "-o pid=PID",
    # A title left out moves PID to the column before.
    "-o etimes= -o pid -o args f",
    "--no-headers -o comm,etimes,args",
    "axh",
    # Several words before it.
    "-eo lstart,rss,pid,args f",
    "-eo bsdstart,etimes,pid,args f",
    "-o start -o etimes -o pid f",
    "-eo args,pid",
    "-eo args:20,pid",
    "-o pid:8=etimes,args",
    "-o etimes:5=PID,args",
    "-eo label,rss,pid",
    "-o group,etimes,pid",
    "-eo %a,pid",
    "-ZeL",
    "-M",
    # A value may be flags or a list to another reading of ps.
    "-aux -C olstart,etimes,pid",
    "-u root -C olstart",
    "-uolstart,etimes,pid",
    "-p 1",
    "-q1",
    "-O lstart",
    "k -rss",
    # What is no list.
    "-o",
    "-o  pid",
    "-opid,",
    "--format",
    "--sort",
    "--sort -o",
    "--sort=",
    "--info",
    "--",
    "-o pid,args\t-o x",
    "pid",
    "-ef\n",
    "%p",
]


@pytest.mark.parametrize("arguments", OWN)
def test_an_ordinary_form_shows_only_processes_of_the_container(arguments: str) -> None:
    found = ps_arguments.read_top({"ps_args": (arguments,)})

    assert found == {"value": arguments, "showsOnlyOwn": True, "at": "?ps_args"}


@pytest.mark.parametrize("arguments", OTHERS)
def test_any_other_form_can_show_processes_of_the_host(arguments: str) -> None:
    found = ps_arguments.read_top({"ps_args": (arguments,)})

    assert found == {"value": arguments, "showsOnlyOwn": False, "at": "?ps_args"}


def test_without_arguments_dockerd_takes_its_own() -> None:
    assert ps_arguments.read_top({}) == {"value": "", "showsOnlyOwn": True, "at": "?ps_args"}


def test_dockerd_takes_the_first_of_several_values() -> None:
    assert ps_arguments.read_top({"ps_args": ("-otid=PID", "aux")})["showsOnlyOwn"] is False
    assert ps_arguments.read_top({"ps_args": ("aux", "-otid=PID")})["showsOnlyOwn"] is True
