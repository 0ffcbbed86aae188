"""Reads a report as a program would: tables by identifier, and all that the page refers to."""

from html.parser import HTMLParser
from pathlib import Path


class Page(HTMLParser):
    """A report.

    ``tables`` has the rows of text by the table's identifier, the header first; ``tags``,
    ``identifiers`` and ``attributes`` have what the page consists of, in order.
    """

    def __init__(self, path: Path) -> None:
        super().__init__(convert_charrefs=True)
        self.tables: dict[str, list[list[str]]] = {}
        self.tags: list[str] = []
        self.attributes: list[tuple[str, str, str]] = []
        self.text: list[str] = []
        self._rows: list[list[str]] | None = None
        self._in_cell = False
        self.feed(path.read_text(encoding="utf-8"))

    def handle_starttag(self, tag, attributes):
        self.tags.append(tag)
        self.attributes += [(tag, name, value or "") for name, value in attributes]
        if tag == "table":
            self._rows = self.tables.setdefault(dict(attributes)["id"], [])
        elif tag == "tr" and self._rows is not None:
            self._rows.append([])
        elif tag in {"td", "th"} and self._rows is not None:
            self._rows[-1].append("")
            self._in_cell = True

    def handle_endtag(self, tag):
        if tag == "table":
            self._rows = None
        elif tag in {"td", "th"}:
            self._in_cell = False

    def handle_data(self, data):
        self.text.append(data)
        if self._rows and self._in_cell:
            self._rows[-1][-1] += data

    def rows(self, table):
        """Rows without the header, by their first cell."""
        return {row[0]: row[1:] for row in self.tables[table][1:]}
