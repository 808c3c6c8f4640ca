"""A chart as SVG that may stand in a page: no script, no style, no address, ids of its own."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any
from xml.etree import ElementTree

import vl_convert
from markupsafe import Markup

from .charts import DARK, HATCH, LIGHT, Palette

_SVG = "http://www.w3.org/2000/svg"
_SPOKEN = ("aria-", "role")  # of marks: the picture has one name, and the table has the figures
_REFERRING = "{http://www.w3.org/1999/xlink}href"

ElementTree.register_namespace("", _SVG)


def picture(name: str, spoken: str, draw: Callable[[Palette], Any]) -> Markup:
    """The chart twice; the style sheet shows one. `spoken` is its name for a screen reader."""
    return Markup("").join(
        _one(draw(palette), f"{name}-{theme}", theme, spoken, palette)
        for theme, palette in (("light", LIGHT), ("dark", DARK))
    )


def _one(chart: Any, name: str, theme: str, spoken: str, palette: Palette) -> Markup:
    spec = chart.to_dict(validate=False)
    drawn = vl_convert.vegalite_to_svg(spec, allowed_base_urls=[])
    root = ElementTree.fromstring(drawn)  # noqa: S314  (made by the line above)
    for element in root.iter():
        _clean(element, name)
    root.attrib |= {"class": f"chart {theme}", "role": "img", "aria-label": spoken}
    root.insert(0, _hatch(name, palette))
    return Markup(ElementTree.tostring(root, encoding="unicode"))  # noqa: S704  (text is escaped)


def _clean(element: ElementTree.Element, name: str) -> None:
    for key in list(element.attrib):
        value = element.attrib[key]
        if key.startswith(_SPOKEN) or key in ("class", "style", _REFERRING):
            del element.attrib[key]
        elif key == "id":
            element.attrib[key] = f"{name}-{value}"
        elif "url(#" in value:
            element.attrib[key] = value.replace("url(#", f"url(#{name}-")


def _hatch(name: str, palette: Palette) -> ElementTree.Element:
    ident = HATCH.removeprefix("url(#").removesuffix(")")
    definitions = ElementTree.Element(f"{{{_SVG}}}defs")
    lines = {"width": "7", "height": "7", "patternUnits": "userSpaceOnUse"}
    turned = {"id": f"{name}-{ident}", "patternTransform": "rotate(45)"}
    pattern = ElementTree.SubElement(definitions, f"{{{_SVG}}}pattern", lines | turned)
    ground = {"width": "7", "height": "7", "fill": palette.rule, "fill-opacity": "0.45"}
    ElementTree.SubElement(pattern, f"{{{_SVG}}}rect", ground)
    stroke = {"x1": "0", "y1": "0", "x2": "0", "y2": "7", "stroke": palette.words}
    drawn = stroke | {"stroke-width": "1.4", "stroke-opacity": "0.55"}
    ElementTree.SubElement(pattern, f"{{{_SVG}}}line", drawn)
    return definitions
