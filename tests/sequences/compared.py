"""`portero serve` that compares its picture of the daemon every second, with each container: see test_picture.py.

BLIND=1: it does not look at requests, answers and events.
"""

import os

from portero.cli import main
from portero.objects import picture_reader
from portero.objects.followed_daemon import FollowedDaemon

picture_reader._COMPARE_SECONDS = 1.0
picture_reader._FIRST_SECONDS = 1.0
picture_reader._SAMPLE = 1000
if os.environ.get("BLIND"):
    FollowedDaemon.note_allowed = FollowedDaemon.note_result = lambda *_: None  # type: ignore[method-assign]
    picture_reader.PictureReader._take = lambda *_: None  # type: ignore[method-assign]

main(prog_name="portero")
