"""Every registered card reader, in an emulated cabinet that has one."""

from collections.abc import Iterator

import pytest

from edge.devices import registry
from tests.conformance.cabinet import cabinet_of
from tests.conformance.card_reader import (
    TRAITS,
    AskedConformance,
    CardReaderConformance,
    PluggedConformance,
    SpeakingConformance,
)
from tests.conformance.rig import Rig, rig

ALL = registry.of_kind("card reader")


def connected(name: str, monkeypatch: pytest.MonkeyPatch) -> Iterator[Rig]:
    with cabinet_of(monkeypatch, card=name) as cabinet, rig(name, cabinet) as made:
        yield made


class TestCardReader(CardReaderConformance):
    @pytest.fixture(params=ALL)
    def rig(self, request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> Iterator[Rig]:
        yield from connected(request.param, monkeypatch)


class TestPlugged(PluggedConformance):
    @pytest.fixture(params=[name for name in ALL if TRAITS[name].plug])
    def rig(self, request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> Iterator[Rig]:
        yield from connected(request.param, monkeypatch)


class TestAsked(AskedConformance):
    @pytest.fixture(params=[name for name in ALL if TRAITS[name].asked])
    def rig(self, request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> Iterator[Rig]:
        yield from connected(request.param, monkeypatch)


class TestSpeaking(SpeakingConformance):
    @pytest.fixture(params=[name for name in ALL if not TRAITS[name].asked])
    def rig(self, request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> Iterator[Rig]:
        yield from connected(request.param, monkeypatch)
