"""The picture of a visit in the documentation is made from the table."""

from pathlib import Path

from edge.stations.diagram import mermaid

PAGE = Path(__file__).parents[3] / "docs" / "visit.md"


START = "<!-- states: generated from the table; tests/edge/stations holds the two together -->"
END = "<!-- /states -->"


def drawn() -> str:
    return f"{START}\n\n```mermaid\n{mermaid()}\n```\n\n{END}"


def test_the_page_shows_the_table_as_it_is() -> None:
    assert drawn() in PAGE.read_text(encoding="utf-8"), "run: python -m tests.edge.stations.test_diagram"


if __name__ == "__main__":
    text = PAGE.read_text(encoding="utf-8")
    start, end = text.index(START), text.index(END) + len(END)
    PAGE.write_text(text[:start] + drawn() + text[end:], encoding="utf-8")
