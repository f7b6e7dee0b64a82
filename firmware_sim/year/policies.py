"""Ways to restock that libraries know: nothing, a rota, popular titles everywhere, an even split by theme."""

from collections.abc import Callable

import numpy as np

from firmware_sim.year.readers import LIBRARY, OUT, Floats, Ints
from firmware_sim.year.year import Moves, Policy, View

DAYS, STAGES = 28, 4
"""Of the rota: days at a stage, and stages before a copy goes home."""


class _Hand:
    """Writes moves down and keeps count of where everything is."""

    def __init__(self, view: View) -> None:
        self.place = view.place.copy()
        self._view, self._first = view, view.place
        self.left = view.moves

    def move(self, copy: int, target: int) -> None:
        self.place[copy] = target
        self.left -= 1

    def room(self, site: int) -> int:
        return self._view.scale.fill - int((self.place == site).sum())

    def moves(self) -> Moves:
        copy = np.flatnonzero(self.place != self._first)
        return Moves(copy, self.place[copy])


def nothing() -> Policy:
    """Never restocks."""
    return lambda view: Moves()


def rota(days: int = DAYS, stages: int = STAGES) -> Policy:
    """Each copy stays so many days at a site and goes on to the next; strays go back to theirs.

    After so many sites a copy goes home, and whichever waited longest takes its place. A copy that somebody has when
    its time is up goes on once it is back. Keeps to no limit on moves.
    """
    stage: dict[int, tuple[int, int, int]] = {}

    def policy(view: View) -> Moves:
        hand, sites = _Hand(view), view.scale.sites
        shelved = [int(copy) for copy in np.flatnonzero(view.place >= 0)]
        for copy in shelved:
            # At first some have been there longer than others.
            stage.setdefault(copy, (int(view.place[copy]), view.day - copy * 7 % days, copy % stages))
        due = [copy for copy in shelved if view.day - stage[copy][1] >= days]
        for copy in [copy for copy in due if stage[copy][2] + 1 >= stages]:
            hand.move(copy, LIBRARY)
            del stage[copy]
        going = [copy for copy in due if copy in stage]
        for copy in going:
            site, _, done = stage[copy]
            stage[copy] = ((site + 1) % sites, view.day, done + 1)
        for copy in shelved:
            if copy in stage and stage[copy][0] != hand.place[copy]:
                hand.move(copy, stage[copy][0])
        _not_crowded(view, hand, stage)
        _filled(view, hand, lambda copy, site: stage.__setitem__(copy, (site, view.day, 0)))
        return hand.moves()

    return policy


def _not_crowded(view: View, hand: _Hand, stage: dict[int, tuple[int, int, int]]) -> None:
    for site in range(view.scale.sites):
        there = np.flatnonzero(hand.place == site)
        for copy in there[np.argsort(view.since[there], kind="stable")][: max(0, -hand.room(site))]:
            hand.move(int(copy), LIBRARY)
            stage.pop(int(copy), None)


def _filled(view: View, hand: _Hand, told: Callable[[int, int], None]) -> None:
    """Free places are filled with copies that have been at the library longest, of titles not there yet."""
    waiting = np.flatnonzero((view.place == LIBRARY) & (hand.place == LIBRARY))
    queue = [int(copy) for copy in waiting[np.argsort(view.since[waiting], kind="stable")]]
    for site in range(view.scale.sites):
        there = set(view.copy_title[hand.place == site])
        for copy in list(queue):
            if hand.room(site) <= 0 or hand.left <= 0:
                break
            if view.copy_title[copy] not in there:
                hand.move(copy, site)
                there.add(view.copy_title[copy])
                told(copy, site)
                queue.remove(copy)


def popular() -> Policy:
    """The same titles everywhere, as far as copies go: those lent most, lately and anywhere, then the best known."""

    def policy(view: View) -> Moves:
        hand, scale = _Hand(view), view.scale
        score = _fame(view)
        order = np.argsort(-score[view.copy_title], kind="stable")
        order = order[view.place[order] != OUT]
        wanted = np.zeros(len(view.place), bool)
        wanted[order[: scale.sites * scale.fill]] = True
        for copy in order[::-1]:
            if not wanted[copy] and hand.place[copy] >= 0 and hand.left > scale.sites * scale.fill // 12:
                hand.move(int(copy), LIBRARY)
        _unload(view, hand, score)
        rooms = np.array([hand.room(site) for site in range(scale.sites)])
        there = [set(view.copy_title[hand.place == site]) for site in range(scale.sites)]
        for copy in order[wanted[order] & (hand.place[order] == LIBRARY)]:
            title = view.copy_title[copy]
            open_ = [site for site in np.argsort(-rooms, kind="stable") if rooms[site] > 0 and title not in there[site]]
            if hand.left <= 0 or not rooms.max(initial=0) > 0:
                break
            if open_ and view.place[copy] == LIBRARY:
                hand.move(int(copy), int(open_[0]))
                rooms[open_[0]] -= 1
                there[open_[0]].add(title)
        return hand.moves()

    return policy


def _fame(view: View) -> Floats:
    """Loans of the last 90 days anywhere; among equals, what the catalogue says."""
    late = view.begin >= view.day - 90
    loans = np.bincount(view.title[late], weights=view.loans[late], minlength=len(view.popularity))
    known = np.nan_to_num(view.popularity)
    found: Floats = loans + known / (known.max(initial=1.0) + 1.0)
    return found


def _unload(view: View, hand: _Hand, score: Floats) -> None:
    """What came back to a full site goes home, the least wanted first."""
    for site in range(view.scale.sites):
        there = np.flatnonzero(hand.place == site)
        for copy in there[np.argsort(score[view.copy_title[there]], kind="stable")][: max(0, -hand.room(site))]:
            if hand.left > 0:
                hand.move(int(copy), LIBRARY)


def even() -> Policy:
    """As many copies of each theme at each site; what has stood longest makes room for what has waited longest."""

    def policy(view: View) -> Moves:
        hand = _Hand(view)
        theme = view.topics.argmax(axis=1)[view.copy_title]
        _unload(
            view, hand, np.bincount(view.copy_title, weights=view.since, minlength=len(view.topics)).astype(np.float64)
        )
        share = _shares(view, theme)
        # One site after the other, another first each week, so that all get their turn when moves are short.
        sites = np.roll(np.arange(view.scale.sites), view.day // 7)
        for site in sites:
            _top_up(view, hand, theme, share, int(site))
        _renew(view, hand, theme, sites)
        return hand.moves()

    return policy


def _shares(view: View, theme: Ints) -> Ints:
    """Places of each theme at a site: evenly, but no more than the library owns for every site."""
    owned = np.bincount(theme, minlength=view.topics.shape[1]) // view.scale.sites + 1
    share = np.zeros_like(owned)
    while share.sum() < view.scale.fill and (share < owned).any():
        open_ = np.flatnonzero(share < owned)[: view.scale.fill - int(share.sum())]
        share[open_] += 1
    return share


def _top_up(view: View, hand: _Hand, theme: Ints, share: Ints, site: int) -> None:
    for _ in range(hand.room(site)):
        there = hand.place == site
        lacking = share - np.bincount(theme[there], minlength=len(share))
        waiting = np.flatnonzero(
            (view.place == LIBRARY)
            & (hand.place == LIBRARY)
            & ~np.isin(view.copy_title, view.copy_title[there])
            & (lacking[theme] == max(lacking[theme[hand.place == LIBRARY]].max(initial=-99), -98))
        )
        if not len(waiting) or hand.left <= 0:
            return
        hand.move(int(waiting[view.since[waiting].argmin()]), site)


def _renew(view: View, hand: _Hand, theme: Ints, sites: Ints) -> None:
    """With the moves that are left: the longest standing for the longest waiting of its theme, site by site."""
    going = True
    while going and hand.left >= 2:
        going = False
        for site in sites:
            old = np.flatnonzero((hand.place == site) & (view.place == site) & (view.since <= view.day - DAYS))
            if not len(old) or hand.left < 2:
                continue
            titles = view.copy_title[hand.place == site]
            waits = (view.place == LIBRARY) & (hand.place == LIBRARY) & ~np.isin(view.copy_title, titles)
            old = old[np.isin(theme[old], theme[waits])]
            if not len(old):
                continue
            out = int(old[view.since[old].argmin()])
            fresh = np.flatnonzero(waits & (theme == theme[out]))
            hand.move(out, LIBRARY)
            hand.move(int(fresh[view.since[fresh].argmin()]), int(site))
            going = True
