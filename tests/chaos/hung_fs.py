"""Mounts a file system that answers nothing, and unmounts it when standard input ends.

usage: hung_fs.py FOLDER   (says "mounted")
"""

import ctypes
import os
import sys

DETACH = 2


def main() -> None:
    folder = sys.argv[1].encode()
    libc = ctypes.CDLL(None, use_errno=True)
    # A server that reads no request: a look at the folder waits for it (fuse(4)).
    server = os.open("/dev/fuse", os.O_RDWR)
    options = f"fd={server},rootmode=40000,user_id=0,group_id=0".encode()
    if libc.mount(b"hung", folder, b"fuse", 0, options) != 0:
        sys.exit(f"not mounted: {os.strerror(ctypes.get_errno())}")
    print("mounted", flush=True)
    sys.stdin.read()
    # Those who wait get ENOTCONN.
    os.close(server)
    libc.umount2(folder, DETACH)


if __name__ == "__main__":
    main()
