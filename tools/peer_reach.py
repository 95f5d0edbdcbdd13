"""How far every tool gets on a reference model without a hint: what is left, whether it runs, how fast.

python -m tools.peer_reach NAME FOLDER      run by tools.peers in the environment of the other tools
"""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from onnxprune.errors import OnnxpruneError
from onnxprune.graph import index_bounds, load
from onnxprune.runtime import bench, run, runnable_inputs, session
from tools import zoo_models
from tools.peak import one_thread
from tools.peer_speed import count
from tools.peer_tool import TOOLS

TIMEOUT = 120.0
UNTOUCHED = 0.99
"""A tool that leaves more than this of the multiply-accumulates, and says nothing of it, has done nothing."""

ROUNDS, SECONDS = 20, 60.0


def measure(name: str, folder: Path) -> dict[str, Any]:
    """Tool -> {"outcome": ..., "macs": fraction, "seconds": ..., "ratio": [value, low, high]}, as far as it got."""
    dense = zoo_models.path(name)
    files = {tool: folder / f"{tool}.onnx" for tool in TOOLS}
    found = {tool: _attempt(tool, name, file) for tool, file in files.items()}
    whole = count(dense)
    for tool, row in found.items():
        if "outcome" not in row:
            row |= _judged(dense, files[tool], whole)
    running = [tool for tool, row in found.items() if row["outcome"] == "pruned"]
    timed = bench([dense, *(files[tool] for tool in running)], rounds=ROUNDS, max_seconds=SECONDS)
    for k, tool in enumerate(running, 1):
        ratio = timed.cpu_ratio(k)
        found[tool]["ratio"] = [ratio.value, ratio.low, ratio.high]
    return found


def _attempt(tool: str, name: str, out: Path) -> dict[str, Any]:
    command = [sys.executable, "-W", "ignore", "-m", "tools.peer_tool", tool, name, str(out)]
    try:
        done = subprocess.run(
            command, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True, env=one_thread(), timeout=TIMEOUT
        )
    except subprocess.TimeoutExpired:
        return {"outcome": "no end", "reason": f"stopped after {TIMEOUT:g} seconds"}
    if done.returncode:
        return {"outcome": "failed", "reason": f"exit status {done.returncode}"}
    found: dict[str, Any] = json.loads(done.stdout.splitlines()[-1])
    return {"outcome": "failed", "reason": found["failed"]} if "failed" in found else found


def _judged(dense: Path, pruned: Path, whole: float) -> dict[str, Any]:
    """Whether the file runs on the dense model's inputs and returns the same shapes, and what is left of its work."""
    try:
        before, after = session(dense), session(pruned)
        feeds = runnable_inputs(before, bounds=index_bounds(load(dense).graph))
        shapes = [[value.shape for value in run(loaded, feeds).values()] for loaded in (before, after)]
        left = count(pruned) / whole
    except OnnxpruneError as error:
        return {"outcome": "broken", "reason": str(error).replace(str(pruned), "the file").splitlines()[0][:160]}
    if shapes[0] != shapes[1]:
        return {"outcome": "broken", "reason": "outputs of other shapes", "macs": left}
    return {"outcome": "nothing" if left > UNTOUCHED else "pruned", "macs": left}


def main(arguments: Sequence[str]) -> None:
    """Print the row as the last line of stdout."""
    print(f"\n{json.dumps(measure(arguments[0], Path(arguments[1])))}")


if __name__ == "__main__":
    main(sys.argv[1:])
