"""Swap files and files behind disks, by what the kernel shows of them."""

from pathlib import Path

import pytest

from portero.observe.files.symlinks import HostWalk
from portero.observe.host.kernel_files import read_kernel_files
from tests.trees import lay_out

SWAPS = """Filename				Type		Size		Used		Priority
/dev/vda2                               partition	8384	0		-2
/data/vm\\040one.img                     file		8384	0		-2
/data/gone\\040(deleted)                 file		8384	0		-2
"""
MDSTAT = "md0 : active raid1 vda1[0]\n      bitmap: 0/1 pages [0KB], 65536KB chunk, file: /srv/bitmap\n"


@pytest.mark.parametrize(
    ("name", "text", "files"),
    [
        ("/proc/swaps", SWAPS, ["/data/vm one.img", "/data/gone"]),
        ("/proc/mdstat", MDSTAT, ["/srv/bitmap"]),
        ("/sys/block/loop0/loop/backing_file", "/srv/link/disk file.img\n", ["/data/disk file.img"]),
        ("/sys/block/loop1/loop/backing_file", "/data/disk.img (deleted)\n", ["/data/disk.img"]),
        ("/sys/kernel/config/nvmet/subsystems/a/namespaces/1/device_path", "/data/a.img\n", ["/data/a.img"]),
        ("/sys/kernel/config/target/core/fileio_0/a/udev_path", "/data/a.img\n", ["/data/a.img"]),
        ("/sys/kernel/config/usb_gadget/g/functions/mass_storage.0/lun.0/file", "/data/a.img\n", ["/data/a.img"]),
        ("/sys/kernel/config/usb_gadget/g/functions/mass_storage.0/lun.0/file", "\n", []),
        ("/proc/swaps", "Filename Type Size Used Priority\n", []),
    ],
)
def test_each_is_shown_by_where_the_kernel_names_it(tmp_path: Path, name: str, text: str, files: list[str]) -> None:
    lay_out(tmp_path, "srv/link -> ../data", "data/")
    file = tmp_path / name[1:]
    file.parent.mkdir(parents=True)
    file.write_text(text)

    assert read_kernel_files(HostWalk(str(tmp_path))) == tuple((name, each) for each in files)
