"""Work in a process of its own: a crash, a hang or a want of memory is an answer, not the end of the run."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Sequence
from typing import Any

from tools.peak import one_thread, peak


def answer(module: str, arguments: Sequence[str], timeout: float) -> dict[str, Any]:
    """The JSON object in the last line that `python -m MODULE ARGUMENTS` prints, with its peak memory in bytes.

    {"failed": reason} where it takes longer than `timeout` seconds or has an exit status; status 2 is a sentence.
    """
    try:
        done = peak([sys.executable, "-m", module, *arguments], timeout=timeout, environment=one_thread())
    except subprocess.TimeoutExpired:
        return {"failed": f"takes more than {timeout:g} seconds"}
    if done.code:
        last = (done.errors.strip().splitlines() or ["no message"])[-1]
        return {"failed": last if done.code == 2 else f"exit status {done.code}: {last}"}
    found: dict[str, Any] = json.loads(done.output.splitlines()[-1])
    return found | {"peak": done.peak}
