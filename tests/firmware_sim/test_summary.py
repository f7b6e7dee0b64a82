"""What the terminal shows."""

import io

import pytest

from firmware_sim.summary import Summary, fitted


class Terminal(io.StringIO):
    def isatty(self) -> bool:
        return True


def test_in_a_log_every_line_is_written_once() -> None:
    log = io.StringIO()
    summary = Summary(log)
    summary.draw(["People: 1 visit"])
    summary.tell("harbour-bank: R1 came to borrow")
    summary.draw(["People: 2 visits"])
    assert log.getvalue() == "People: 1 visit\n  harbour-bank: R1 came to borrow\nPeople: 2 visits\n"


def test_on_a_terminal_the_block_is_drawn_over_the_last_one() -> None:
    terminal = Terminal()
    summary = Summary(terminal)
    summary.draw(["one", "two"])
    summary.draw(["three"])
    assert terminal.getvalue() == "one\ntwo\n\x1b[2F\x1b[Jthree\n"


def test_a_line_that_stays_goes_above_the_block() -> None:
    terminal = Terminal()
    summary = Summary(terminal)
    summary.draw(["block"])
    summary.say("Site: up")
    summary.draw(["block"])
    assert terminal.getvalue() == "block\n\x1b[1F\x1b[JSite: up\nblock\n"


def test_after_the_end_nothing_is_erased() -> None:
    terminal = Terminal()
    summary = Summary(terminal)
    summary.draw(["block"])
    summary.finish()
    summary.say("Truth check")
    assert terminal.getvalue() == "block\nTruth check\n"


@pytest.mark.parametrize(("line", "cut"), [("abcdef", "abcd"), ("海港银行", "海港"), ("abc", "abc")])
def test_lines_are_cut_by_columns_not_letters(line: str, cut: str) -> None:
    assert fitted(line, 4) == cut
