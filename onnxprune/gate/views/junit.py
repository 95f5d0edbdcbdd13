"""JUnit's XML, which most systems that run pipelines show: a test case for every limit."""

from __future__ import annotations

import re
from xml.etree import ElementTree as ET

from onnxprune.gate.evidence import State
from onnxprune.gate.finding import Checked, Finding

_FORBIDDEN = re.compile(r"[^\t\n\r\x20-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")
"""Characters that XML can't hold, not even escaped; operators and inputs may be called anything."""


def junit(found: Checked) -> str:
    """The document: what fails is a failure, what is undecided and doesn't fail is skipped."""
    failed = sum(map(found.fails, found.findings))
    skipped = sum(_skipped(found, finding) for finding in found.findings)
    counts = {"tests": str(len(found.findings)), "failures": str(failed), "errors": "0", "skipped": str(skipped)}
    root = ET.Element("testsuites", counts)
    suite = ET.SubElement(root, "testsuite", {"name": "onnxprune gate", **counts})
    for finding in found.findings:
        _case(suite, found, finding)
    ET.indent(root, " ")
    return ET.tostring(root, encoding="unicode", xml_declaration=True) + "\n"


def _case(suite: ET.Element, found: Checked, finding: Finding) -> None:
    case = ET.SubElement(suite, "testcase", {"classname": _clean(found.model), "name": finding.limit})
    if found.fails(finding):
        failure = ET.SubElement(case, "failure", {"type": str(finding.state), "message": _clean(finding.sentence)})
        failure.text = _clean(finding.sentence)
    elif _skipped(found, finding):
        ET.SubElement(case, "skipped", {"message": _clean(finding.sentence)})
    else:
        ET.SubElement(case, "system-out").text = _clean(finding.sentence)


def _skipped(found: Checked, finding: Finding) -> bool:
    return finding.state is State.UNDECIDED and not found.fails(finding)


def _clean(text: str) -> str:
    return _FORBIDDEN.sub("?", text)
