"""Texts in the languages of programmers, each spun from a head, a repeated body and a tail.

In a body `$w` stands for a random word and `$n` for a random number.
"""

import re

import numpy as np

from models.words import WORDS

LANGUAGES: dict[str, tuple[str, str, str]] = {
    "c": (
        "#include <stdio.h>\n#include <stdlib.h>\n#include <string.h>\n",
        "static int $w(const char *text, size_t n)\n{\n    for (size_t i = 0; i < n; i++)\n"
        "        if (text[i] == '\\0')\n            return $n;\n    return 0;\n}\n",
        "int main(void) { return 0; }",
    ),
    "css": ("", ".$w > a:hover {\n  margin: $npx auto;\n  color: #$n;\n}\n", ""),
    "html": (
        "<!DOCTYPE html>\n<html>\n<head><title>Page</title></head>\n<body>",
        '<div class="$w"><p>$w <a href="/$w">$w</a></p></div>',
        "</body>\n</html>",
    ),
    "ini": ("", "[$w]\n$w = $n\n$w = $w\n", ""),
    "javascript": (
        "'use strict';\nconst fs = require('fs');\n",
        "function $w(list) {\n  const items = list.map((x) => x.$w || null);\n"
        "  console.log(`$w: ${items.length}`);\n  return items.filter(Boolean);\n}\n",
        "module.exports = {};",
    ),
    "markdown": ("# Title\n", "## $w\n\nThe *$w* $w is a `$w`.\n\n- $w\n- [$w](http://example.com)\n", ""),
    "python": (
        "import os\nimport sys\nfrom pathlib import Path\n\n",
        'def $w(a, b=None):\n    """Return the $w."""\n    if b is None:\n        b = []\n'
        "    return [x for x in a if x not in b]\n\n",
        "",
    ),
    "shell": (
        "#!/bin/bash\nset -e\n",
        'if [ -f "$w" ]; then\n  echo "$w" >&2\n  rm -f "$w"\nfi\n',
        "exit 0",
    ),
    "sql": (
        "CREATE TABLE items (\n  id INTEGER PRIMARY KEY,\n  name VARCHAR(40) NOT NULL\n);\n",
        "INSERT INTO $w (id, name) VALUES ($n, '$w');",
        "",
    ),
    "svg": (
        '<?xml version="1.0"?>\n<svg xmlns="http://www.w3.org/2000/svg" width="100" height="100">',
        '  <circle cx="$n" cy="$n" r="$n" fill="red"/>',
        "</svg>",
    ),
    "xml": (
        '<?xml version="1.0" encoding="UTF-8"?>\n<items>',
        '  <item id="$n"><name>$w</name></item>',
        "</items>",
    ),
    "yaml": ("---", "$w:\n  name: $w\n  size: $n\n  tags:\n    - $w\n    - $w", ""),
}


def text_in(language: str, random: np.random.Generator) -> str:
    """A new text of 20 to 79 bodies."""
    head, body, tail = LANGUAGES[language]
    bodies = (_filled(body, random) for _ in range(random.integers(20, 80)))
    return "\n".join([head, *bodies, tail]).strip()


def prose(random: np.random.Generator) -> str:
    """Sentences of random words, without sense."""
    body = " ".join(["$w"] * 9) + "."
    return "\n".join(_filled(body, random).capitalize() for _ in range(random.integers(20, 80)))


def _filled(body: str, random: np.random.Generator) -> str:
    def fill(mark: re.Match[str]) -> str:
        return str(random.integers(1000)) if mark[0] == "$n" else WORDS[random.integers(len(WORDS))]

    return re.sub(r"\$[wn]", fill, body)
