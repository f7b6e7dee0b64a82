"""The font that papers are set in: one that has Chinese signs, found on the machine."""

from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path

from fontTools.ttLib import TTCollection, TTFont, TTLibError

KNOWN = (
    "/usr/share/fonts/opentype/noto/NotoSansCJK-Regular.ttc",
    "/usr/share/fonts/noto-cjk/NotoSansCJK-Regular.ttc",
    "/usr/share/fonts/google-noto-sans-cjk-fonts/NotoSansCJK-Regular.ttc",
    "/usr/share/fonts/google-noto-cjk/NotoSansCJK-Regular.ttc",
    "/usr/share/fonts/truetype/wqy/wqy-microhei.ttc",
    "/usr/share/fonts/truetype/wqy/wqy-zenhei.ttc",
)
"""Where distributions put theirs; the first that is there is taken."""
PROBE = "图书馆"


class FontMissing(Exception):
    """No font to print with; says what to install or set."""


@dataclass(frozen=True, slots=True)
class Face:
    """One font in a file."""

    path: str
    number: int
    """Its place in a collection; 0 in a file of one."""


def find(font: Path | None = None, known: tuple[str, ...] = KNOWN) -> Face:
    """The face to print with: of the file `font` when given, else of the first of `known` that is there.

    Raises FontMissing.
    """
    if font is not None:
        return _face(str(font))
    path = next((path for path in known if Path(path).is_file()), None)
    if path is None:
        raise FontMissing(
            "there is no font with Chinese signs to print with: install the package fonts-noto-cjk, "
            "or name a font file in the settings"
        )
    return _face(path)


@lru_cache
def _face(path: str) -> Face:
    try:
        with open(path, "rb") as file:
            many = file.read(4) == b"ttcf"
            file.seek(0)
            fonts = list(TTCollection(file, lazy=True).fonts) if many else [TTFont(file, lazy=True)]
            names = [font["name"].getDebugName(4) or "" for font in fonts]
            # A collection has a face for each region's shapes.
            number = next((at for at, name in enumerate(names) if name.endswith(" SC") and " Mono " not in name), 0)
            signs = fonts[number].getBestCmap() or {}
    except (OSError, TTLibError, KeyError) as error:
        raise FontMissing(f"the font file {path} can't be read: {error}") from error
    if any(ord(sign) not in signs for sign in PROBE):
        raise FontMissing(f"the font {path} has no Chinese signs; name another, or install the package fonts-noto-cjk")
    return Face(path, number)
