"""A process that tries seeds: it reads one a line, and answers each with a line of JSON.

What hangs, eats memory or crashes ends this process, and not the one that asked.
"""

from __future__ import annotations

import gc
import json
import resource
import signal
import sys
from pathlib import Path

from tests.fuzz.damage import Corpus
from tests.fuzz.hunt import Finding, hunt

GIGABYTE = 1 << 30
SECONDS = {"graph": 300, "file": 10}
"""Of processor time, for one seed."""

MEMORY = {"graph": 4 * GIGABYTE, "file": GIGABYTE}
"""Of address space, beyond what the process takes before it begins."""


def limit(memory: int) -> None:
    """Let allocations fail beyond what is mapped by now and `memory` bytes."""
    pages = int(Path("/proc/self/statm").read_text().split()[0])
    most = pages * resource.getpagesize() + memory
    resource.setrlimit(resource.RLIMIT_AS, (most, most))
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))


def timed(seconds: float) -> None:
    """End the process by SIGPROF after so much processor time; 0: never."""
    signal.setitimer(signal.ITIMER_PROF, seconds)


def main(kind: str, folder: Path) -> None:
    """Serve."""
    corpus = Corpus()
    tries = {"graph": hunt, "file": corpus.trial}
    tries[kind](0, folder)
    gc.collect()
    gc.freeze()
    limit(MEMORY[kind])
    answers = sys.stdout
    for line in sys.stdin:
        timed(SECONDS[kind])
        found: Finding | None = tries[kind](int(line), folder)
        timed(0)
        answer = {"kind": found.kind, "text": found.text} if found else {}
        print(json.dumps(answer), file=answers, flush=True)


if __name__ == "__main__":
    main(sys.argv[1], Path(sys.argv[2]))
