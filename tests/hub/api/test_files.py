"""Programs take files out and send them in: looked at first, all or nothing."""

import httpx
import pytest

from tests.hub.library import Library

FILES = "/api/v1/files"
CSV = {"content-type": "text/csv"}


def send(program: httpx.Client, kind: str, content: bytes, **asked: object) -> httpx.Response:
    return program.post(f"{FILES}/{kind}", content=content, headers=CSV, params=asked)  # type: ignore[arg-type]


@pytest.mark.parametrize(("kind", "form"), [("titles", "csv"), ("items", "xlsx"), ("sites", "csv"), ("titles", "mrc")])
def test_what_is_taken_out_comes_back_without_a_change(own: Library, kind: str, form: str) -> None:
    program = own.program()
    out = program.get(f"{FILES}/{kind}.{form}")
    assert (out.status_code, f"{kind}.{form}" in out.headers["content-disposition"]) == (200, True)
    looked = send(program, kind, out.content, apply=True).json()
    assert (looked["bad"], looked["new"], looked["changed"], looked["imported"]) == ([], 0, 0, True)
    assert looked["unchanged"] == looked["rows"] > 0


def test_a_file_is_looked_at_before_it_is_taken(own: Library) -> None:
    program = own.program()
    content = "title_id,title\nnew1,新书\nt01,红楼梦（校注本）\n".encode()
    looked = send(program, "titles", content).json()
    assert (looked["new"], looked["changed"], looked["imported"]) == (1, 1, False)
    assert any("红楼梦（校注本）" in told for told in looked["first"])
    assert program.get("/api/v1/titles/new1").status_code == 404
    assert send(program, "titles", content, apply=True).json()["imported"] is True
    assert program.get("/api/v1/titles/new1").json()["title"] == "新书"
    assert program.get("/api/v1/titles?q=xinshu").json()["total"] == 1


def test_one_bad_row_and_nothing_is_taken(own: Library) -> None:
    program = own.program()
    looked = send(program, "titles", b"title_id,title,year\nnew1,One,1999\nnew2,Two,soon\n", apply=True).json()
    assert (looked["imported"], looked["bad"][0]["place"], looked["bad"][0]["column"]) == (False, "line 3", "year")
    assert program.get("/api/v1/titles/new1").status_code == 404


def test_what_is_no_file_is_said(own: Library) -> None:
    program = own.program()
    assert program.post(f"{FILES}/titles", json={"title": "x"}).status_code == 415
    form = program.post(f"{FILES}/titles", data={"file": "x"})
    assert (form.status_code, form.json()["error"]["code"]) == (415, "unsupported-media-type")
    assert program.post("/api/v1/themes", content=b"x", headers=CSV).status_code == 415
    assert program.get(f"{FILES}/loans.csv").status_code == 400
    assert program.get(f"{FILES}/items.mrc").status_code == 404
    assert program.get(f"{FILES}/rules.csv").status_code == 404
    assert send(program, "titles", b"").status_code == 400
    assert send(program, "titles", b"colour\nblue\n").json()["bad"][0]["column"] == "colour"
