"""A folder tree that stands for /proc."""

from pathlib import Path

_HEADER = "Num       RefCount Protocol Flags    Type St Inode Path\n"


def process(
    proc: Path, number: int, name: str, sockets: str, *, inodes: tuple[int, ...] = (), cwd: str = "/", uid: int = 0
) -> Path:
    """Let a process run that has these inodes open; `sockets`: lines of its net/unix."""
    folder = proc / str(number)
    (folder / "net").mkdir(parents=True)
    (folder / "fd").mkdir()
    (folder / "comm").write_text(name + "\n")
    (folder / "status").write_text(f"Name:\t{name}\nUid:\t{uid}\t0\t0\t0\n")
    (folder / "net" / "unix").write_text(_HEADER + sockets)
    (folder / "cwd").symlink_to(cwd)
    for descriptor, inode in enumerate(inodes):
        (folder / "fd" / str(descriptor)).symlink_to(f"socket:[{inode}]")
    return folder


def line(inode: int, path: str, flags: str = "00010000") -> str:
    """A line of net/unix."""
    return f"0000000000000000: 00000002 00000000 {flags} 0001 01 {inode} {path}\n"
