"""What MkDocs asks while it builds the site: pages made of the registries, pages that include the README, links that
lead out of docs/, folders in the navigation, and search without a server."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

from mkdocs.config.defaults import MkDocsConfig
from mkdocs.structure.files import File, Files
from mkdocs.structure.pages import Page

from tools.site import commands, fields, links, operators, python, registries

GENERATED = {
    "reference/commands.md": commands.page,
    "reference/passes.md": registries.passes_page,
    "reference/criteria.md": registries.criteria_page,
    "reference/budgets.md": registries.budgets_page,
    "reference/repairs.md": registries.repairs_page,
    "reference/sparsifiers.md": registries.sparsifiers_page,
    "reference/operators.md": operators.page,
    "reference/exit-codes.md": fields.exit_codes_page,
    "reference/report.md": fields.report_page,
    "reference/gate.md": fields.gate_page,
    "reference/recipe.md": fields.recipe_page,
    "reference/python.md": python.page,
}
"""Page -> what makes its text, with links as seen from docs/."""

INCLUDED = re.compile(r"^<!-- README(?:: (?P<heading>.+))? -->$", re.MULTILINE)


def on_config(config: MkDocsConfig) -> MkDocsConfig:
    """`decisions/` in the navigation stands for all pages of that folder."""
    config.nav = [_spread(entry, config) for entry in config.nav or ()]
    return config


def _spread(entry: Any, config: MkDocsConfig) -> Any:
    ((title, value),) = entry.items()
    if isinstance(value, list):
        return {title: [_spread(one, config) if isinstance(one, dict) else one for one in value]}
    if not value.endswith("/"):
        return entry
    pages = sorted((links.ROOT / links.DOCS / value).glob("*.md"))
    return {title: [f"{value}{page.name}" for page in pages]}


def on_files(files: Files, config: MkDocsConfig) -> Files:
    """Add the generated pages, and files outside of docs/ that pages link to."""
    pages = {links.DOCS + file.src_uri: file.content_string for file in files.documentation_pages()}
    pages["README.md"] = (links.ROOT / "README.md").read_text(encoding="utf-8")
    for at, make in GENERATED.items():
        text = make()
        pages[f"{links.DOCS}{len(pages)}.md"] = text
        files.append(File.generated(config, at, content=links.rewritten(text, links.DOCS + "page.md", at)))
    for path, file in links.outside(pages).items():
        files.append(_published(path, file, config))
    return files


def _published(path: str, file: Any, config: MkDocsConfig) -> File:
    at = links.place(path)
    if file.suffix != ".md":
        return File.generated(config, at, abs_src_path=str(file))
    return File.generated(config, at, content=links.rewritten(file.read_text(encoding="utf-8"), path, at))


def on_page_markdown(markdown: str, page: Page, config: MkDocsConfig, files: Files) -> str:
    """Put in what is included of the README, and mend links."""
    at = page.file.src_uri
    if at in GENERATED or at.startswith(links.SOURCE):
        return markdown
    text = links.rewritten(markdown, links.DOCS + at, at)
    readme = (links.ROOT / "README.md").read_text(encoding="utf-8")
    return INCLUDED.sub(lambda m: links.rewritten(links.section(readme, m["heading"] or ""), "README.md", at), text)


def on_post_build(config: MkDocsConfig) -> None:
    """The index of the search once more, as a script: pages that are opened from a folder may load nothing else."""
    index = Path(config.site_dir) / "search" / "search_index.json"
    text = index.read_text(encoding="utf-8")
    index.with_suffix(".js").write_text(f"var __index = {text}\n", encoding="utf-8")
