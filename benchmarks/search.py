"""What finding titles costs beside a plain scan for the same words, both with the total and the first eight."""

import random
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path

from sqlalchemy import func, insert, or_, select
from sqlmodel import Session, col

from benchmarks.stopwatch import Contest, Turn
from hub.database import Database
from hub.migrations import migrate
from hub.models import Title
from hub.search import index
from hub.search.find import find
from hub.views.view import Cut

TITLES = 50_000
SEED = 4
PAGE = Cut(8)
ENGLISH = """the history of river city a garden and its people modern science for children secret winter house stars
    ocean travels in great wall silent night art war peace love machine world small atlas birds mountain story letters
    dragon island lost time physics cooking mathematics village"""
CHINESE = """中国 历史 红楼 故事 世界 科学 儿童 少年 文学 研究 人生 太空 城市 花园 经典 诗歌 数学 音乐
    艺术 哲学 地理 长江 黄河 海洋 动物 植物 机器 未来 百年 孤独 战争 和平 爱情 小说 散文 概论 入门 教程 大全 图解"""
SURNAMES, GIVEN = "王李张刘陈杨赵黄周吴徐孙马朱胡", "明芳伟静强磊军洋勇艳杰娟涛超霞平刚"
TYPED = (
    "红",
    "红楼",
    "红楼故",
    "hist",
    "history ri",
    "secret gar",
    "王芳",
    "9787020",
    "儿童 科",
    "dragon isl",
    "孤独 图解",
    "zzz",
)
"""What a plain scan can find as well."""


def titles(count: int, seed: int) -> Iterator[dict[str, object]]:
    """Rows of titles, half of them Chinese; the same for the same seed."""
    dice = random.Random(seed)
    in_chinese, in_english = CHINESE.split(), ENGLISH.split()
    for number in range(count):
        chinese = number % 2 == 0
        words = dice.sample(in_chinese if chinese else in_english, dice.randint(2, 6))
        author = dice.choice(SURNAMES) + "".join(dice.sample(GIVEN, 2))
        yield {
            "title_id": f"b{number:06}",
            "title": "".join(words) if chinese else " ".join(words).title(),
            "author": author if chinese else f"{dice.choice(in_english).title()} {dice.choice(in_english).title()}",
            "isbn": f"978{dice.randrange(10**10):010}",
            "language": "chi" if chinese else "eng",
            "subjects": "|".join(dice.sample(in_chinese if chinese else in_english, 3)),
        }


@contextmanager
def contest(folder: Path) -> Iterator[Contest]:
    """The same words, asked of the index and of every title in turn."""
    database = Database(f"sqlite:///{folder / 'hub.sqlite3'}")
    with closing(database):
        migrate(database.engine)
        with database.write() as session:
            session.execute(insert(Title), list(titles(TITLES, SEED)))
            index.rebuild(session)

        def ours() -> Turn:
            def turn() -> int:
                with database.read() as session:
                    return sum(1 for text in TYPED if find(session, text, PAGE).total >= 0)

            return turn

        def reference() -> Turn:
            def turn() -> int:
                with database.read() as session:
                    return sum(1 for text in TYPED if _scan(session, text) >= 0)

            return turn

        yield Contest("searches", f"index of {TITLES:,} titles, ranked", ours, "LIKE over all, unranked", reference)


def _scan(session: Session, text: str) -> int:
    query = select(Title)
    for word in text.split():
        columns = (col(Title.title), col(Title.author), col(Title.isbn), col(Title.subjects))
        query = query.where(or_(*(column.icontains(word, autoescape=True) for column in columns)))
    total = session.scalar(select(func.count()).select_from(query.subquery())) or 0
    session.execute(query.order_by(col(Title.title)).limit(PAGE.limit)).all()
    return total
