"""A scheduler process whose clock stands a few seconds before a moment and runs on from there.

`python two_schedulers.py 2026-12-01T01:59:57+08:00` — the settings come from the environment.
"""

import sys
from datetime import datetime

import time_machine

from labshare import create_app
from labshare.jobs.scheduler import serve

if __name__ == "__main__":
    with time_machine.travel(datetime.fromisoformat(sys.argv[1]), tick=True):
        serve(create_app())
