"""The native tests under every sanitizer, and for another processor where a cross compiler and an emulator are at hand.
The CUDA kernels run emulated.

    python -m tools.native_check [--problems 400] [--seed 1]

Exits with 1 where one fails. Each build is kept in the cache folder until the sources change.
"""

from __future__ import annotations

import argparse
import shutil
import subprocess
import sys
from collections.abc import Sequence

from tools.native_kernels import CUDA_TEST, TEST, built

ARM = ("aarch64-linux-gnu-g++", "qemu-aarch64")
PROCESSORS = ("max", "cortex-a72")
"""With and without products of bytes."""
ARM_OPTIONS = (
    "-DCMAKE_SYSTEM_NAME=Linux",
    "-DCMAKE_SYSTEM_PROCESSOR=aarch64",
    f"-DCMAKE_CXX_COMPILER={ARM[0]}",
    "-DCMAKE_EXE_LINKER_FLAGS=-static",
)


def checked(
    name: str, options: Sequence[str], arguments: Sequence[str], emulator: Sequence[str] = (), test: str = TEST
) -> bool:
    """Build with cmake's options, run a native test, and say how that went."""
    try:
        program = built(options, [test]) / test
        done = subprocess.run([*emulator, str(program), *arguments], capture_output=True, text=True, check=False)
    except subprocess.CalledProcessError as failure:
        print(f"{name}: does not build\n{failure.output}")
        return False
    print(f"{name}: {(done.stdout + done.stderr).strip()}")
    return done.returncode == 0


def main(arguments: Sequence[str] | None = None) -> int:
    """Check everything that can be checked here; 0 where all is well."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--problems", type=int, default=400)
    parser.add_argument("--seed", type=int, default=1)
    asked = parser.parse_args(arguments)
    words = [str(asked.problems), str(asked.seed)]
    well = [checked(name, [f"-DONNXPRUNE_SANITIZE={name}"], words) for name in ("address", "undefined", "thread")]
    for name in ("address", "undefined"):
        fewer = [str(asked.problems // 5), str(asked.seed)]
        well.append(checked(f"cuda, {name}", [f"-DONNXPRUNE_SANITIZE={name}"], fewer, test=CUDA_TEST))
    if all(shutil.which(program) for program in ARM):
        well += [checked(f"aarch64, {p}", ARM_OPTIONS, words, [ARM[1], "-cpu", p]) for p in PROCESSORS]
    else:
        print(f"aarch64: left out, without {' and '.join(ARM)}")
    return 0 if all(well) else 1


if __name__ == "__main__":
    sys.exit(main())
