"""Where the demo listens, and what it says when it can't."""

import socket

import pytest

from firmware_sim.ports import Ports, PortTaken, claim, listens, read


def test_without_words_the_ports_are_the_usual_ones() -> None:
    assert read("") == Ports(8000, 8100, (8101, 8102, 8103), 18830)


def test_each_port_can_be_chosen_and_kiosks_count_up() -> None:
    assert read("hub=9000,kiosk=9101") == Ports(9000, 8100, (9101, 9102, 9103), 18830)


@pytest.mark.parametrize("words", ["hub", "hub=x", "fridge=9000", "hub=0", "hub=70000"])
def test_what_is_no_port_is_named(words: str) -> None:
    with pytest.raises(ValueError, match=words):
        read(words)


def test_a_taken_port_is_named_with_what_it_was_for_and_what_to_do() -> None:
    with socket.create_server(("127.0.0.1", 0)) as other:
        port = other.getsockname()[1]
        with pytest.raises(PortTaken, match=rf"port {port} .* for the hub, is taken.*--ports"):
            claim(Ports(hub=port))
        assert listens(port)


def test_one_port_cannot_serve_two_parts() -> None:
    with pytest.raises(PortTaken, match="can't both be"):
        claim(Ports(hub=8100))


def test_free_ports_are_free_and_different() -> None:
    claim(read("free"))
