"""SARIF 2.1.0 (OASIS), which GitHub's code scanning and others read: a result for every limit."""

from __future__ import annotations

import json
from pathlib import Path, PurePath
from typing import Any

from onnxprune._version import __version__
from onnxprune.gate.evidence import State
from onnxprune.gate.finding import Checked, Finding
from onnxprune.gate.keys import TABLES

_SCHEMA = "https://docs.oasis-open.org/sarif/sarif/v2.1.0/errata01/os/schemas/sarif-schema-2.1.0.json"
_KINDS = {State.MET: "pass", State.NOT_MET: "fail", State.UNDECIDED: "open"}


def sarif(found: Checked) -> str:
    """The log: what isn't met is a failure of level error, what is undecided is open."""
    rules = [{"id": f.limit, "shortDescription": {"text": _meaning(f.limit)}} for f in found.findings]
    driver = {"name": "onnxprune gate", "version": __version__, "rules": rules}
    results = [_result(found, finding, index) for index, finding in enumerate(found.findings)]
    log = {"$schema": _SCHEMA, "version": "2.1.0", "runs": [{"tool": {"driver": driver}, "results": results}]}
    return json.dumps(log, indent=1, ensure_ascii=False) + "\n"


def _result(found: Checked, finding: Finding, index: int) -> dict[str, Any]:
    fails = found.fails(finding)
    place = {"physicalLocation": {"artifactLocation": {"uri": _uri(found.model)}}}
    return {
        "ruleId": finding.limit,
        "ruleIndex": index,
        "kind": "fail" if fails else _KINDS[finding.state],
        "level": "error" if fails else "none",  # the standard allows no other level to what is no failure
        "message": {"text": finding.sentence},
        "locations": [place],
    }


def _meaning(limit: str) -> str:
    table, _, key = limit.partition(".")
    return f"{TABLES[table].meaning} {key}: {TABLES[table].keys[key].meaning}."


def _uri(path: str) -> str:
    """Relative to the repository as the user named it, so that it's found there."""
    return Path(path).as_uri() if PurePath(path).is_absolute() else PurePath(path).as_posix().replace(" ", "%20")
