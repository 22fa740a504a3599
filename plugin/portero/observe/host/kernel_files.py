"""Files that the kernel uses as memory or as disks: a walk in, links to them out. OSError: they could not be read.

Who reads a swap file reads the memory of all processes, and who writes the file behind a loop device writes that disk:
each is also shown by the name of what the kernel makes of it, which no container gets. Devices of device-mapper and md
lie on others, loop devices among them.
"""

import re
from collections.abc import Iterator

from portero.decide.values.path import clean
from portero.observe.files.mountinfo import unescape
from portero.observe.files.symlinks import HostWalk
from portero.observe.host.file_patterns import list_paths, read_text
from portero.observe.host.homes import Link

# Where the kernel names them, and where in the text. Linux mm/swapfile.c, drivers/block/loop.c,
# drivers/md/md-bitmap.c, drivers/nvme/target/configfs.c, drivers/target/target_core_file.c,
# drivers/usb/gadget/function/f_mass_storage.c.
_WHOLE = re.compile(r"\A(/.*?)(?: \(deleted\))?\n?\Z", re.DOTALL)
_NAMED = (
    ("/proc/swaps", re.compile(r"^(/\S+?)(?:\\040\(deleted\))?\s+file\b", re.MULTILINE)),
    ("/proc/mdstat", re.compile(r"\bfile: (/\S+)")),
    ("/sys/block/*/loop/backing_file", _WHOLE),
    ("/sys/kernel/config/nvmet/subsystems/*/namespaces/*/device_path", _WHOLE),
    ("/sys/kernel/config/target/core/fileio_*/*/udev_path", _WHOLE),
    ("/sys/kernel/config/usb_gadget/*/functions/mass_storage.*/lun.*/file", _WHOLE),
)


def read_kernel_files(walk: HostWalk) -> tuple[Link, ...]:
    """Where the kernel names each, and the path of the file after links."""
    return tuple((name, walk.resolve_or_keep(clean(path))) for name, path in _list_files(walk))


def _list_files(walk: HostWalk) -> Iterator[tuple[str, str]]:
    for pattern, shape in _NAMED:
        for name in list_paths(walk, pattern):
            escaped = shape is not _WHOLE
            for path in shape.findall(read_text(walk, name)):
                yield name, unescape(path) if escaped else path
