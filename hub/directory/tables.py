"""CSV files as lines of cells: UTF-8 with or without a byte order mark, GBK, GB18030 or UTF-16, comma between."""

import csv
import io

from hub.directory.complaints import of_csv
from hub.directory.encodings import BOM, Encoding, of_text
from hub.directory.plan import Lines, Plan


def lines(content: bytes, plan: Plan, encoding: Encoding | None) -> tuple[Lines, int]:
    """The lines of a file, and about how many; what can't be read is complained about in `plan`."""
    found = encoding or of_text(content)
    codec = "utf-8-sig" if found in (None, Encoding.UTF_8) else str(found)
    try:
        text = content.decode(codec)
    except (UnicodeDecodeError, LookupError) as wrong:
        plan.complain(*_where(content, wrong), _advice(encoding))
        return iter(()), 0
    if found is Encoding.GB18030 and encoding is None:
        plan.notes.append(f"{plan.file} isn't UTF-8 and was read as GB18030 (GBK)")
    return _read(text, plan), text.count("\n") + 1


def _where(content: bytes, wrong: Exception) -> tuple[int, str]:
    start = wrong.start if isinstance(wrong, UnicodeDecodeError) else 0
    return content.removeprefix(BOM)[:start].count(b"\n") + 1, "file"


def _advice(encoding: Encoding | None) -> str:
    if encoding is not None:
        return f"isn't {encoding}; leave --encoding out, or name another"
    return "isn't UTF-8, nor does it look like GBK; save it as UTF-8 (Excel: CSV UTF-8), or say --encoding gb18030"


def _read(text: str, plan: Plan) -> Lines:
    reader = csv.reader(io.StringIO(text, newline=""), strict=True)
    line = 1
    while True:
        try:
            cells = next(reader)
        except StopIteration:
            return
        except csv.Error as wrong:
            plan.complain(line, "row", of_csv(str(wrong)))
            return
        yield line, cells
        line = reader.line_num + 1
