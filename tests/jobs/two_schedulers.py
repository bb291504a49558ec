"""A scheduler process whose clock stands a few seconds before a moment and runs on from there.

`python two_schedulers.py 2026-12-01T01:59:57+08:00 [FILE]` — the settings come from the environment. With FILE it stops
in the middle of the monthly run, its lines written and nothing committed, and says so by making the file.
"""

import sys
import time
from datetime import datetime
from pathlib import Path
from typing import Any

import time_machine

from labshare import create_app
from labshare.jobs.scheduler import serve
from labshare.kernel.database import db
from labshare.rewards.models import RewardLine
from labshare.rewards.services import run


def stop_in_mid_run(mark: Path) -> None:
    def stuck(*_given: Any) -> None:
        db.session.flush()
        mark.write_text(str(db.session.query(RewardLine).count()))
        time.sleep(600)

    run.add_participant = stuck


if __name__ == "__main__":
    if len(sys.argv) > 2:
        stop_in_mid_run(Path(sys.argv[2]))
    with time_machine.travel(datetime.fromisoformat(sys.argv[1]), tick=True):
        serve(create_app(serves=False))
