"""The library that draws the charts, as one script: Vega, Vega-Lite and Vega-Embed, out of the package vl-convert."""

from __future__ import annotations

from functools import cache


@cache
def script() -> str:
    """The JavaScript, about 0.9 MB; empty where the extra `report` is not installed. Takes a second or two."""
    try:
        import vl_convert
    except ImportError:
        return ""
    bundle: str = vl_convert.javascript_bundle()
    return bundle.replace("</script", "<\\/script")
