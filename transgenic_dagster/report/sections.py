"""Parts of which the report's page is made."""

from collections.abc import Sequence
from dataclasses import dataclass

from transgenic_dagster.report.tables import Table


@dataclass(frozen=True)
class Headline:
    """A figure that matters most.

    Args:
        value: as text.
        name: what it is.
        detail: what it is made of.
    """

    value: str
    name: str
    detail: str


@dataclass(frozen=True)
class Section:
    """A section of tables.

    Args:
        identifier: of the element, for links.
        title: its heading.
        texts: paragraphs before the tables.
        tables: in order.
        headline: its most important figure, None where the page's head needs none of it.
    """

    identifier: str
    title: str
    texts: Sequence[str]
    tables: Sequence[Table]
    headline: Headline | None = None
