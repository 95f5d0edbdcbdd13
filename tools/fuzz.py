"""Random graphs through every check, or damaged files through the loader, for as long as one likes.

    python -m tools.fuzz --graphs 10000 [--jobs 2] [--seed N] [--minutes M] [--findings DIR]
    python -m tools.fuzz --files 20000

Every seed makes one graph or file, so that a run goes on with `--seed`, where the last one ended. What is found is
written to the folder as the smallest model and a text: what is wrong, and what it was made of. Exits with 1 where there
was anything. Each job is a process of its own, which may crash or hang: that is a finding too.
"""

from __future__ import annotations

import argparse
import contextlib
import itertools
import json
import queue
import signal
import subprocess
import sys
import threading
import time
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

ROOT = Path(__file__).parents[1]
HANGS = {signal.SIGPROF: "hangs", signal.SIGKILL: "is killed"}


@dataclass(slots=True)
class Campaign:
    """One run. seeds: those not yet tried; found: kind -> how often; first: kind -> a sentence and its seed; aborts:
    seeds of sound graphs that ONNX Runtime can't open without ending its process
    """

    kind: str
    folder: Path
    seeds: Iterator[int]
    deadline: float
    found: Counter[str] = field(default_factory=Counter)
    first: dict[str, str] = field(default_factory=dict)
    done: int = 0
    last: int = -1
    failure: str = ""
    aborts: list[int] = field(default_factory=list)

    def note(self, seed: int, kind: str, text: str) -> None:
        """Count a finding."""
        self.found[kind] += 1
        self.first.setdefault(kind, f"{text} (seed {seed})")


class Worker:
    """A process that tries seeds, started again where it ends."""

    def __init__(self, kind: str, folder: Path) -> None:
        self.words = [sys.executable, "-m", "tests.fuzz.worker", kind, str(folder)]
        self.process: subprocess.Popen[str] | None = None

    def ask(self, seed: int) -> dict[str, str] | int:
        """The answer for a seed, or the status with which the process ended on it."""
        process = self.process = self.process or self._start()
        assert process.stdin is not None and process.stdout is not None
        try:
            print(seed, file=process.stdin, flush=True)
            line = process.stdout.readline()
        except BrokenPipeError:
            line = ""
        if line:
            answer: dict[str, str] = json.loads(line)
            return answer
        return self.close()

    def _start(self) -> subprocess.Popen[str]:
        return subprocess.Popen(
            self.words, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True, cwd=ROOT
        )

    def close(self, kill: bool = False) -> int:
        """Wait for the process to end, which it does where nothing more is asked; the status that it ends with."""
        process, self.process = self.process, None
        if process is None:
            return 0
        if kill:
            process.kill()
        assert process.stdin is not None and process.stdout is not None
        with contextlib.suppress(BrokenPipeError):
            process.stdin.close()
        process.stdout.close()
        return process.wait()


def work(campaign: Campaign, ticks: queue.SimpleQueue[int]) -> None:
    """One job: takes seeds until there are none, or no time."""
    worker = Worker(campaign.kind, campaign.folder)
    ended = 0
    try:
        for seed in campaign.seeds:
            answer = worker.ask(seed)
            ended = ended + 1 if isinstance(answer, int) else 0
            if ended == 10:
                campaign.failure = "the process that tries seeds ends at once"
                return
            if isinstance(answer, int):
                crashed(campaign, seed, answer)
            elif answer:
                campaign.note(seed, answer["kind"], answer["text"])
            campaign.done += 1
            campaign.last = max(campaign.last, seed)
            ticks.put(seed)
            if time.monotonic() > campaign.deadline:
                return
    finally:
        worker.close(kill=True)


def crashed(campaign: Campaign, seed: int, status: int) -> None:
    """A seed on which the process ended is a finding, written as it is."""
    from tests.fuzz.damage import Corpus
    from tests.fuzz.graphs import from_seed, make
    from tests.fuzz.hunt import write

    what = (
        HANGS.get(signal.Signals(-status), f"ends by signal {-status}") if status < 0 else f"ends with status {status}"
    )
    model = Corpus().damaged(seed) if campaign.kind == "file" else make(from_seed(seed)).SerializeToString()
    if campaign.kind == "graph" and status < 0 and opening(model) == status:
        campaign.aborts.append(seed)
        return
    kind = "-".join(what.split())
    campaign.note(seed, kind, f"the process {what}")
    write(campaign.folder, f"{kind}-{seed}", model, [f"the process {what}", f"seed {seed}"])


def opening(model: bytes) -> int:
    """The status of a process in which ONNX Runtime opens a model, as it is."""
    program = "import sys, onnxruntime; onnxruntime.InferenceSession(sys.stdin.buffer.read())"
    words = [sys.executable, "-c", program]
    return subprocess.run(words, input=model, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL).returncode


def run(campaign: Campaign, total: int, jobs: int, console: Console) -> None:
    """All jobs, behind one progress bar."""
    ticks: queue.SimpleQueue[int] = queue.SimpleQueue()
    threads = [threading.Thread(target=work, args=(campaign, ticks), daemon=True) for _ in range(jobs)]
    columns = TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeRemainingColumn()
    with Progress(*columns, console=console, disable=not console.is_terminal) as bar:
        task = bar.add_task(f"{campaign.kind}s", total=total)
        for thread in threads:
            thread.start()
        while any(t.is_alive() for t in threads):
            bar.update(
                task, completed=campaign.done, description=f"{campaign.kind}s, {campaign.found.total()} findings"
            )
            time.sleep(0.2)


def summary(campaign: Campaign, console: Console) -> None:
    """What was tried and what was found, the most frequent first."""
    console.print(
        f"{campaign.done} {campaign.kind}s, {campaign.found.total()} findings; go on with --seed {campaign.last + 1}"
    )
    if campaign.aborts:
        seeds = ", ".join(map(str, campaign.aborts))
        console.print(f"not counted: ONNX Runtime ends the process that opens the graphs of seeds {seeds}")
    for kind, count in campaign.found.most_common():
        console.print(f"{count:6}  {kind}: {campaign.first[kind]}")
    if campaign.found:
        console.print(f"written to {campaign.folder}")


class Seeds:
    """An iterator that several threads may share."""

    def __init__(self, first: int, count: int) -> None:
        self.lock, self.counter = threading.Lock(), iter(itertools.count(first))
        self.end = first + count

    def __iter__(self) -> Iterator[int]:
        return self

    def __next__(self) -> int:
        with self.lock:
            seed = next(self.counter)
        if seed >= self.end:
            raise StopIteration
        return seed


def arguments(words: Sequence[str] | None) -> argparse.Namespace:
    """The command line."""
    parser = argparse.ArgumentParser(description="Look for models that onnxprune gets wrong.")
    what = parser.add_mutually_exclusive_group(required=True)
    what.add_argument("--graphs", type=int, metavar="N", help="random graphs through the oracle and the pipeline")
    what.add_argument("--files", type=int, metavar="N", help="damaged files through the pipeline")
    parser.add_argument("--seed", type=int, default=0, metavar="N", help="the first seed (default 0)")
    parser.add_argument("--minutes", type=float, default=float("inf"), metavar="M", help="stop after so long")
    parser.add_argument("--jobs", type=int, default=1, metavar="N", help="processes (default 1)")
    parser.add_argument("--findings", type=Path, default=Path("build/findings"), metavar="DIR", help="where to write")
    return parser.parse_args(words)


def main(words: Sequence[str] | None = None) -> int:
    """Run, print a summary, and return the exit code."""
    given = arguments(words)
    kind, total = ("graph", given.graphs) if given.graphs is not None else ("file", given.files)
    console = Console(highlight=False, markup=False, soft_wrap=True)
    seeds = Seeds(given.seed, total)
    campaign = Campaign(
        kind, given.findings.resolve(), seeds, time.monotonic() + 60 * given.minutes, last=given.seed - 1
    )
    try:
        run(campaign, total, given.jobs, console)
    except KeyboardInterrupt:
        console.print("interrupted")
    summary(campaign, console)
    if campaign.failure:
        console.print(f"error: {campaign.failure}")
        return 3
    return 1 if campaign.found else 0


if __name__ == "__main__":
    sys.exit(main())
