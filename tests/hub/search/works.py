"""A small catalogue with what makes searching hard, and a database that holds it."""

from collections.abc import Iterable

from hub.database import Database
from hub.models import Title
from hub.search import index

WORKS = (
    Title(title_id="t01", title="红楼梦", author="曹雪芹", language="chi", subjects="古典小说|爱情", themes="classics",
          isbn="9787020002207", year=1982, region="east-asia", clc="I242.4"),
    Title(title_id="t02", title="紅樓夢研究", author="俞平伯", language="chi", subjects="文学评论", year=1952),
    Title(title_id="t03", title="西游记", author="吴承恩", language="chi", themes="classics|adventure", year=1980),
    Title(title_id="t04", title="绿野仙踪", author="弗兰克·鲍姆", language="chi", subjects="童话", year=2010,
          clc="I712.84", audience="children"),
    Title(title_id="t05", title="重庆银行史", author="行者", language="chi", subjects="地方史|金融", year=2015),
    Title(title_id="t06", title="Pride and Prejudice", author="Jane Austen", language="eng", themes="classics",
          popularity=900, year=1813, dewey="823.7"),
    Title(title_id="t07", title="Pride", author="Ibi Zoboi", language="eng", popularity=5, year=2018),
    Title(title_id="t08", title="Cien años de soledad", author="Gabriel García Márquez", language="spa", year=1967,
          subjects="magic realism", region="latin-america"),
    Title(title_id="t09", title="Moby-Dick; or, The Whale", author="Herman Melville", language="eng", year=1851,
          subjects="whales|sea stories"),
    Title(title_id="t10", title="The Whale Road", author="Robert Low", language="eng", year=2007,
          isbn="9780802713902"),
    Title(title_id="t11", title="Java编程思想", author="Bruce Eckel", language="chi", subjects="programming",
          year=2007),
    Title(title_id="t12", title="The Science of Pride", author="A. Nobody", language="eng",
          subjects="science|Psychology -- Children", themes="science", year=2020),
    Title(title_id="t13", title="Space", author="", language="eng",
          subjects="science fiction", themes="science-fiction"),
    Title(title_id="t14", title="儿童太空百科", author="王芳", language="chi",
          subjects="space travel|children's science", clc="P159-49", audience="children"),
    Title(title_id="t15", title="…", author="", language="und"),
)  # fmt: skip


def fill(database: Database, titles: Iterable[Title] = WORKS) -> None:
    """The catalogue and its index in an empty database."""
    with database.write() as session:
        session.add_all(Title(**title.model_dump()) for title in titles)
        index.ensure(session)
