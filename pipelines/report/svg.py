"""A chart as SVG that may stand in a page: no script, no style, no address, ids of its own."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any
from xml.etree import ElementTree

import vl_convert
from markupsafe import Markup

from .charts import HATCH, NARROW, RULE, WORDS

_SVG = "http://www.w3.org/2000/svg"
_SPOKEN = ("aria-", "role")  # of marks: the picture has one name, and the table has the figures
_REFERRING = "{http://www.w3.org/1999/xlink}href"

ElementTree.register_namespace("", _SVG)


def picture(name: str, spoken: str, draw: Callable[[int], Any], width: int) -> Markup:
    """The chart in this width and in that of a phone, where a scaled chart could not be read. The
    style sheet shows one of them. `spoken`: its name for a screen reader."""
    return _one(draw(width), name, "wide", spoken) + _one(draw(NARROW), name, "narrow", spoken)


def _one(chart: Any, name: str, size: str, spoken: str) -> Markup:
    spec = chart.to_dict(validate=False)
    drawn = vl_convert.vegalite_to_svg(spec, allowed_base_urls=[])
    root = ElementTree.fromstring(drawn)  # noqa: S314  (made by the line above)
    for element in root.iter():
        _clean(element, f"{name}-{size}")
    root.attrib |= {"class": f"chart {size}", "role": "img", "aria-label": spoken}
    root.insert(0, _hatch(f"{name}-{size}"))
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


def _hatch(name: str) -> ElementTree.Element:
    ident = HATCH.removeprefix("url(#").removesuffix(")")
    definitions = ElementTree.Element(f"{{{_SVG}}}defs")
    lines = {"width": "7", "height": "7", "patternUnits": "userSpaceOnUse"}
    turned = {"id": f"{name}-{ident}", "patternTransform": "rotate(45)"}
    pattern = ElementTree.SubElement(definitions, f"{{{_SVG}}}pattern", lines | turned)
    ground = {"width": "7", "height": "7", "fill": RULE, "fill-opacity": "0.45"}
    ElementTree.SubElement(pattern, f"{{{_SVG}}}rect", ground)
    stroke = {"x1": "0", "y1": "0", "x2": "0", "y2": "7", "stroke": WORDS}
    drawn = stroke | {"stroke-width": "1.4", "stroke-opacity": "0.55"}
    ElementTree.SubElement(pattern, f"{{{_SVG}}}line", drawn)
    return definitions
