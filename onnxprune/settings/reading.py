"""Reading files in TOML."""

from __future__ import annotations

import tomllib
from pathlib import Path
from typing import Any

from onnxprune.errors import InputError


def parsed(file: Path) -> dict[str, Any]:
    """What a file in TOML holds. Raises InputError for what isn't one."""
    try:
        return tomllib.loads(file.read_text(encoding="utf-8-sig"))  # some editors put a mark in front
    except OSError as error:
        raise InputError(f"{file}: {error.strerror or error}") from None
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise InputError(f"{file}: isn't TOML: {error}") from None
