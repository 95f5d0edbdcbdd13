"""What pruning one graph comes to, in a process of its own.

python -m tools.zoo.row FILE DIMS BENCH    DIMS: JSON, axis -> length; BENCH: 1 or 0. The row is the last line, as JSON.
"""

from __future__ import annotations

import json
import resource
import sys
import tempfile
import time
import traceback
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import onnxprune
from onnxprune.errors import InputError, OnnxpruneError, VerificationError
from onnxprune.pruning import Options, Result, Scope, Target, measure, optimize
from onnxprune.pruning.obstacles import Lock, locks
from onnxprune.pruning.passes import group_passes
from onnxprune.pruning.selection import offers
from onnxprune.report.model import Opened, opened

TARGETS = (0.7, 0.5)
MEMORY, CPU_SECONDS = 12 << 30, 300
LOCKS = 3
LEAST_LOCK = 0.01
"""Share of the multiply-accumulates below which a lock is no reason for anything."""
ROUNDS, SECONDS = 15, 3.0
Row = dict[str, Any]


def row(file: Path, dims: Mapping[str, int], *, bench: bool = True) -> Row:
    """What the analysis says, what became of every target, and how long it took; {"crash": where} for a defect."""
    start = time.perf_counter()
    try:
        found = _analysed(file, dims)
    except OnnxpruneError as error:
        return {"refused": _plain(error, file)}
    except Exception as error:  # a defect, which is what this is here to find
        return {"crash": _place(error)}
    with tempfile.TemporaryDirectory(prefix="onnxprune-zoo-") as folder:
        outputs = {target: Path(folder) / f"{target}.onnx" for target in TARGETS}
        found["targets"] = {str(target): _pruned(file, out, target, dims) for target, out in outputs.items()}
        found["seconds"]["whole"] = time.perf_counter() - start
        if bench and outputs[0.5].exists():
            found["ratio"] = _ratio(file, outputs[0.5], dims)
    return found


def _analysed(file: Path, dims: Mapping[str, int]) -> Row:
    start = time.perf_counter()
    model = opened(file, dims)
    seconds = time.perf_counter() - start
    return {
        "nodes": sum(model.ops.values()),
        "unknown": dict(sorted(model.analysis.unknown.items())),
        "macs": model.macs.total(),
        "prunable": _prunable(model, exact=True),
        "reachable": _prunable(model, exact=False),
        "defects": [str(cause) for cause in model.analysis.defects[:LOCKS]],
        "locks": _reasons(locks(model.analysis, model.macs)),
        "seconds": {"analyse": seconds},
    }


def _prunable(model: Opened, *, exact: bool) -> float:
    """The share of the multiply-accumulates that goes through a group that a default pass takes, or any pass."""
    kinds = [kind() for kind in group_passes().values() if kind.default or not exact]
    groups = [group for _, group in offers(model.analysis, kinds, Scope())]
    return 1 - model.macs.total({group.atom: 0 for group in groups}) / max(model.macs.total(), 1e-30)


def _reasons(found: Sequence[Lock]) -> list[Row]:
    """The largest locks, of those that weigh anything."""
    keys = ("op", "node", "reason", "kind", "natural", "share")
    return [{key: getattr(lock, key) for key in keys} for lock in found[:LOCKS] if lock.share >= LEAST_LOCK]


def _pruned(file: Path, out: Path, target: float, dims: Mapping[str, int]) -> Row:
    options = Options(target=Target("macs", target), bench=False, data=dict(dims))
    try:
        result: Result = optimize(file, out, options)
    except VerificationError as error:
        return {"status": "failed", "reason": _plain(error, file)}
    except InputError as error:
        return {"status": "refused", "reason": _plain(error, file)}
    except Exception as error:  # a defect
        return {"status": "crash", "reason": _place(error)}
    proof = result.proof
    done = {"fraction": result.fraction, "met": result.met, "status": proof.status, "error": proof.error}
    return done | {"reason": proof.reason}


def _ratio(file: Path, out: Path, dims: Mapping[str, int]) -> list[float] | None:
    """Times as fast, with its interval; None where the models can't be timed."""
    found = measure(file, out, Options(data=dict(dims)), rounds=ROUNDS, max_seconds=SECONDS)
    if found.latency is None:
        return None
    ratio = found.latency.ratio(1)
    return [ratio.value, ratio.low, ratio.high]


def _plain(error: Exception, file: Path) -> str:
    return str(error).replace(f"{file}: ", "")


def _place(error: Exception) -> str:
    """The exception and the innermost line of this project that it went through."""
    home = Path(onnxprune.__file__).parent.parent
    frames = [f for f in traceback.extract_tb(error.__traceback__) if Path(f.filename).is_relative_to(home)]
    where = f" ({Path(frames[-1].filename).relative_to(home)}:{frames[-1].lineno})" if frames else ""
    return f"{type(error).__name__}: {error}{where}"


def main(arguments: list[str]) -> int:
    """Memory and processor time of the process are limited, so that a graph that asks for too much is a row."""
    resource.setrlimit(resource.RLIMIT_DATA, (MEMORY, MEMORY))
    resource.setrlimit(resource.RLIMIT_CPU, (CPU_SECONDS, CPU_SECONDS))
    found = row(Path(arguments[0]), json.loads(arguments[1]), bench=arguments[2] == "1")
    print(f"\n{json.dumps(found)}")
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
