"""Writes the evidence of the month that has ended, once: FOLDER/2026-10. What the chart's job runs.

    evidence.py FOLDER [OPTIONS of `cloakroom audit evidence`, such as --about FILE]

Ends as `cloakroom audit evidence` does, and with 0 where the month's is there already.
"""

from __future__ import annotations

import datetime
import shutil
import subprocess
import sys
from pathlib import Path

CLOAKROOM = [sys.executable, "-m", "gateway"]


def month_before(day: datetime.date) -> tuple[datetime.date, datetime.date]:
    """The first days of the month before a day's, and of the day's."""
    this = day.replace(day=1)
    return (this - datetime.timedelta(days=1)).replace(day=1), this


def main(folder: Path, options: list[str], today: datetime.date) -> int:
    """Write the pack aside and then give it its name, so that no half of one stands there."""
    since, until = month_before(today)
    name = since.strftime("%Y-%m")
    out, aside = folder / name, folder / f".{name}"
    if out.exists():
        print(f"{out} is there already")
        return 0
    shutil.rmtree(aside, ignore_errors=True)
    period = ["--from", since.isoformat(), "--to", until.isoformat()]
    command = [*CLOAKROOM, "audit", "evidence", "--out", str(aside), *period, *options]
    code = subprocess.run(command, check=False).returncode  # noqa: S603 -- words of the operator's
    if code == 0:
        aside.rename(out)
    return code


if __name__ == "__main__":
    utc = datetime.datetime.now(datetime.UTC)
    sys.exit(main(Path(sys.argv[1]), sys.argv[2:], utc.date()))
