"""Faults put into the CUDA kernels one by one: the test on the emulated GPU must find each.

    python -m tools.cuda_faults [--problems 120]

They go into a copy of the source. Exits with 1 where one isn't found.
"""

from __future__ import annotations

import argparse
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from tools.native_kernels import CUDA_TEST, SOURCE


@dataclass(frozen=True)
class Fault:
    """In a file below cuda/, the first `right` becomes `wrong`."""

    file: str
    right: str
    wrong: str


FAULTS = (
    # what waits for whom
    Fault("device/strips.h", "    d.sync();\n    Panel::fill", "    Panel::fill"),
    Fault("device/strips.h", "w.chunk);\n    d.sync();", "w.chunk);"),
    Fault("device/strips.h", "  d.sync();\n  if (strip >= w.strips) return;", "  if (strip >= w.strips) return;"),
    Fault("device/finish.h", "t = d.lane() % 4;\n  d.sync_warp();", "t = d.lane() % 4;"),
    Fault("device/finish.h", "sums[group][i];\n  d.sync_warp();", "sums[group][i];"),
    Fault("device/pairs.h", "    d.sync();\n    ONNXPRUNE_UNROLL\n    for (int step", "    for (int step"),
    Fault("device/pairs.h", "    d.sync();\n  }\n", "  }\n"),
    Fault("device/pairs.h", "d.wait_for_copies_but_one();", ""),
    Fault("device/pairs.h", "      d.wait_for_copies();\n", ""),
    Fault("device/pairs.h", "  d.commit_copies();", ""),
    # what lies where
    Fault("fragments.h", "lane / 4 + (word % 2) * 8", "lane / 4 + (word / 2) * 8"),
    Fault("fragments.h", "half(word * 2) | half(word * 2 + 1) << 16", "half(word * 2 + 1) | half(word * 2) << 16"),
    Fault("pairs.cpp", "(step % 2) * 2 + half]", "half * 2 + step % 2]"),
    Fault("pairs.cpp", "at[0] = only == 3 ? 2 : only, at[1] = only == 3 ? 3 : only + 1;", "at[1] = only;"),
    Fault("device/pairs.h", "places[i], step)", "places[i], 0)"),
    Fault(
        "device/panel.h", "unit[lane % 16] * kStride + token + lane / 16", "unit[lane / 2] * kStride + token + lane % 2"
    ),
    Fault("device/panel.h", "unit[t + 4]", "unit[t + 3]"),
    Fault("device/panel.h", "(two.word[j / 2] >> right", "(one.word[j / 2] >> right"),
    Fault("device/panel.h", "token0 + token + 1, &two", "token0 + token, &two"),
    Fault("device/strips.h", "w.begin + strip * (w.chunks + 1) + chunk", "w.begin + strip * w.chunks + chunk"),
    Fault("strips.cpp", "for (int64_t o = first; bytes_ && o <", "for (int64_t o = first + 1; bytes_ && o <"),
    # what is computed, and of what
    Fault("multiply.h", "part.x = static_cast<const char*>(call.x) + row * k * size;", ""),
    Fault("multiply.h", "row * call.residual_stride * size", "row * n * size"),
    Fault("multiply.h", "k_ % 8 == 0 && on_vector(call.x)", "k_ % 8 == 0"),
    Fault("multiply.h", "k_ % 8 == 0 && on_vector(call.x)", "on_vector(call.x)"),
    Fault("device/bytes.h", "low = v < low ? v : low", "low = v"),
    Fault("device/bytes.h", "odd += v - v;", ""),
    Fault("device/strips.h", "sum - x_zero[token] * w_sum[output]", "sum"),
    Fault("device/finish.h", "activated(v + other, act)", "activated(v, act)"),
)


def found(work: Path, fault: Fault, problems: int) -> bool:
    """Whether the test fails with the fault put into the copy of the source in `work`, and taken out again.

    Raises subprocess.CalledProcessError where it doesn't build.
    """
    file = work / "onnxprune" / "runtime" / "native" / "cuda" / fault.file
    text = file.read_text()
    if fault.right not in text:
        raise ValueError(f"{fault.file} has no {fault.right!r}")
    file.write_text(text.replace(fault.right, fault.wrong, 1))
    try:
        _run(["cmake", "--build", str(work / "build"), "--target", CUDA_TEST])
        program = [str(work / "build" / "cuda" / CUDA_TEST), str(problems), "3"]
        return subprocess.run(program, capture_output=True, check=False).returncode != 0
    finally:
        file.write_text(text)


def _copied(work: Path) -> Path:
    source = work / "onnxprune" / "runtime" / "native"
    shutil.copytree(SOURCE, source)
    shutil.copy2(SOURCE.parents[1] / "_version.py", source.parents[1])
    _run(["cmake", "-S", str(source), "-B", str(work / "build"), "-DONNXPRUNE_TESTS=ON", "-DONNXPRUNE_CUDA=OFF"])
    return work


def _run(command: Sequence[str]) -> None:
    subprocess.run(command, check=True, stdout=subprocess.PIPE, stderr=subprocess.STDOUT)


def main(arguments: Sequence[str] | None = None) -> int:
    """The command line; see the module's docstring."""
    parser = argparse.ArgumentParser(prog="python -m tools.cuda_faults", description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--problems", type=int, default=120)
    asked = parser.parse_args(arguments)
    missed = 0
    with tempfile.TemporaryDirectory(prefix="onnxprune-faults-") as folder:
        work = _copied(Path(folder))
        for fault in FAULTS:
            caught = found(work, fault, asked.problems)
            missed += not caught
            print("found " if caught else "MISSED", fault.file, " ".join(fault.right.split()), flush=True)
    print(f"{len(FAULTS)} faults, {missed} missed")
    return 1 if missed else 0


if __name__ == "__main__":
    sys.exit(main())
