"""The tool's form as its XML describes it."""

import xml.etree.ElementTree as ET
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from pathlib import Path

TOOL_FOLDER = Path(__file__).parents[2] / "galaxy_tool"
TOOL = TOOL_FOLDER / "transgenic_annotate.xml"
DATA_MANAGER = TOOL_FOLDER / "data_manager" / "transgenic_fetch_model.xml"
MACROS = TOOL_FOLDER / "macros.xml"


@dataclass(frozen=True)
class Parameter:
    """One field of the form.

    Args:
        path: its name with those of the sections and conditionals around it, ``|`` between them.
        element: its XML.
        selects: whether it selects a case of a conditional.
    """

    path: str
    element: ET.Element
    selects: bool = False

    @property
    def option(self) -> str:
        """Name of the option that it sets; the field's own name where it says none."""
        argument = self.element.get("argument")
        return argument.lstrip("-") if argument else self.element.attrib["name"]

    @property
    def label(self) -> str:
        """What stands above the field."""
        return self.element.attrib["label"]

    @property
    def help(self) -> str:
        """The sentence below the field."""
        return self.element.attrib["help"]


def tool() -> ET.Element:
    """The tool's XML, macros not expanded."""
    return ET.parse(TOOL).getroot()


def tokens() -> dict[str, str]:
    """Tokens of the macros file, by name."""
    macros = ET.parse(MACROS).getroot()
    return {token.attrib["name"]: token.text or "" for token in macros.iter("token")}


def parameters() -> list[Parameter]:
    """All fields, whatever the choices."""
    return list(_fields(tool().find("inputs"), "", None))


def visible_parameters(choices: Mapping[str, str]) -> list[Parameter]:
    """Fields that show for some choices.

    Args:
        choices: value by name of conditional; others keep the value that the form opens with.
    """
    return list(_fields(tool().find("inputs"), "", choices))


def section_titles() -> list[str]:
    """Titles of the form's sections, which Galaxy shows closed."""
    return [section.attrib["title"] for section in tool().findall("inputs/section")]


def _fields(
    parent: ET.Element | None, prefix: str, choices: Mapping[str, str] | None
) -> Iterator[Parameter]:
    for element in parent if parent is not None else ():
        name = element.get("name") or element.get("argument", "").lstrip("-")
        if element.tag == "param":
            yield Parameter(prefix + name, element)
        elif element.tag == "section":
            yield from _fields(element, f"{prefix}{name}|", choices)
        elif element.tag == "conditional":
            selector = element.find("param")
            assert selector is not None
            inside = f"{prefix}{name}|"
            (field,) = _fields([selector], inside, choices)
            yield replace(field, selects=True)
            chosen = None if choices is None else choices.get(name, default_of(selector))
            for case in element.findall("when"):
                if chosen is None or case.get("value") == chosen:
                    yield from _fields(case, inside, choices)


def default_of(select: ET.Element) -> str:
    """Value that a select field opens with."""
    options = select.findall("option")
    selected = [option for option in options if option.get("selected") == "true"]
    return (selected or options)[0].attrib["value"]
