"""GitLab's code-quality report: what isn't met, and what is undecided, shown in merge requests."""

from __future__ import annotations

import hashlib
import json
from pathlib import PurePath

from onnxprune.gate.evidence import State
from onnxprune.gate.finding import Checked


def gitlab(found: Checked) -> str:
    """The list; fingerprints stay the same from run to run, so that GitLab knows what is new."""
    path = PurePath(found.model).as_posix()
    entries = [
        {
            "description": finding.sentence,
            "check_name": f"onnxprune gate: {finding.limit}",
            "fingerprint": hashlib.sha256(f"{path} {finding.limit}".encode()).hexdigest(),
            "severity": "major" if found.fails(finding) else "info",
            "location": {"path": path, "lines": {"begin": 1}},
        }
        for finding in found.findings
        if finding.state is not State.MET
    ]
    return json.dumps(entries, indent=1, ensure_ascii=False) + "\n"
