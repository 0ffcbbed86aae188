"""SVG from matplotlib for use inside a page.

It is small, its identifiers clash with none of the page's others, and it is the same every time.
"""

import io
import re
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from html import escape
from typing import Final

import matplotlib as mpl
from matplotlib.figure import Figure

PREDICTION: Final = "#0072B2"
SOURCE: Final = "#8C8C8C"
ANNOTATED: Final = "#0072B2"
REJECTED: Final = "#D55E00"
SKIPPED: Final = "#E69F00"
UNLIKELY_PART: Final = "#CC79A7"
"""Colours of Okabe and Ito, which colour-blind readers can tell apart; grey for the input."""

_STYLE: Final = {
    "svg.fonttype": "none",
    "font.family": "DejaVu Sans",  # comes with matplotlib, so that layouts are the same everywhere
    "font.size": 8,
    "axes.titlesize": 8.5,
    "axes.titleweight": "bold",
    "axes.titlelocation": "left",
    "axes.labelsize": 8,
    "axes.linewidth": 0.6,
    "axes.spines.top": False,
    "axes.spines.right": False,
    "xtick.labelsize": 7.5,
    "ytick.labelsize": 7.5,
    "xtick.major.width": 0.6,
    "ytick.major.width": 0.6,
    "text.parse_math": False,
    "legend.frameon": False,
    "path.simplify": False,
}
_IDENTIFIER = re.compile(r' id="([^"]*)"')
_REFERENCE = re.compile(r'(?:url\(#|href="#)([^")]*)')
_NUMBERS = re.compile(r' (d|x|y|width|height|transform|points)="([^"]*)"')
_LONG_DECIMAL = re.compile(r"-?\d+\.\d{2,}")
_POINTS = re.compile(r'(width|height)="([0-9.]+)pt"')
_CONTROL = re.compile(r"[\x00-\x1f\x7f-\x9f\ud800-\udfff\ufffe\uffff]")
_FONT = re.compile(r"font-family: [^;\"]*;?|font: (?:bold )?[0-9.]+px [^;\"]*")
_LONGEST_LABEL = 28


@contextmanager
def chart_style() -> Iterator[None]:
    """Draw as the report does."""
    with mpl.rc_context(_STYLE):  # type: ignore[arg-type]
        yield


def to_svg(figure: Figure, name: str, description: str) -> str:
    """Return a figure as an ``svg`` element; call it within ``chart_style``.

    Args:
        figure: of matplotlib.
        name: distinguishes its identifiers from those of the page's other figures.
        description: what readers hear who do not see it.
    """
    text = io.StringIO()
    nothing = dict.fromkeys(("Creator", "Date", "Format", "Type"))
    with mpl.rc_context({"svg.hashsalt": name}), warnings.catch_warnings():
        warnings.filterwarnings("ignore", message="Glyph .* missing from font")
        figure.savefig(text, format="svg", metadata=nothing, transparent=True)
    return _for_page(text.getvalue(), description)


def label(name: str) -> str:
    """Return a name as a label: short, without control characters."""
    clean = _CONTROL.sub("\N{REPLACEMENT CHARACTER}", name)
    return clean if len(clean) <= _LONGEST_LABEL else f"{clean[: _LONGEST_LABEL - 1]}…"


def _for_page(svg: str, description: str) -> str:
    """Return the element alone, without what a page has of its own or nobody refers to."""
    svg = svg[svg.index("<svg") :]
    svg = re.sub(r"<metadata>.*?</metadata>|<style .*?</style>|<!--.*?-->", "", svg, flags=re.S)
    used = set(_REFERENCE.findall(svg))
    svg = _IDENTIFIER.sub(lambda match: match[0] if match[1] in used else "", svg)
    svg = _NUMBERS.sub(lambda match: f' {match[1]}="{_rounded(match[2])}"', svg)
    svg = _POINTS.sub(lambda match: f'{match[1]}="{float(match[2]) * 96 / 72:.0f}"', svg, count=2)
    svg = _FONT.sub(_without_family, svg)
    svg = re.sub(r"<defs>\s*</defs>", "", svg)
    svg = re.sub(r"<g>\s*</g>", "", svg)
    svg = re.sub(r">\s*\n\s*<", ">\n<", svg)
    attributes = f'<svg role="img" aria-label="{escape(description)}" '
    return svg.replace("<svg ", attributes, 1).replace(' version="1.1"', "", 1).strip()


def _rounded(text: str) -> str:
    text = _LONG_DECIMAL.sub(lambda match: f"{float(match[0]):.1f}", text)
    return " ".join(text.split())


def _without_family(match: re.Match[str]) -> str:
    """Leave size and weight of a font; its family is that of the page."""
    size = re.search(r"(bold )?([0-9.]+px)", match[0])
    if not match[0].startswith("font:") or size is None:
        return ""
    weight = "font-weight: bold; " if size[1] else ""
    return f"{weight}font-size: {size[2]}"
