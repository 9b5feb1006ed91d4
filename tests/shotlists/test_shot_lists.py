"""Shot lists: five formats, one meaning; every problem at once, with its row and column."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from zipfile import ZipFile

import pytest
from hypothesis import given
from hypothesis import strategies as st
from openpyxl import Workbook
from openpyxl.chart import BarChart

from icl_studio.domain.model import AdapterUse
from icl_studio.errors import NotFound, RequestInvalid, UserError
from icl_studio.paths import UserFolders
from icl_studio.plugins.registry import Registry
from icl_studio.shotlists.checking import Checked, Defaults, check_list
from icl_studio.shotlists.choices import chosen
from icl_studio.shotlists.columns import COLUMNS
from icl_studio.shotlists.example import example_rows, write_example
from icl_studio.shotlists.reading import SUFFIXES, read_rows
from icl_studio.shotlists.sweeps import Axis, combinations, parse_axis

Check = Callable[..., Checked]
HEAD = "task,summary,panel1,panel2,panel3,seed,count,steps,guidance,lora,name\n"
GOOD = 'film-storyboard,"<Mara> travels, at night",on a beach,in a wood,at home,5,2,4,2.5,,Nr. 1\n'


def places(checked: Checked) -> list[str]:
    return [problem.where for problem in checked.problems]


def test_a_row_is_as_many_sets_as_it_counts(check: Check) -> None:
    checked = check(HEAD + GOOD)
    assert checked.problems == ()
    first, second = checked.sets
    request = first.request
    assert request.task == "film-storyboard"
    assert request.parts.summary == "<Mara> travels, at night"
    assert request.parts.panels == ("on a beach", "in a wood", "at home")
    assert (request.seed, second.request.seed) == (5, 6)
    assert (request.sampling.steps, request.sampling.guidance) == (4, 2.5)
    assert request.name == "Nr. 1"
    assert first.origin == {"file": "Liste ü.csv", "row": 2}


@pytest.mark.parametrize("suffix", SUFFIXES)
def test_every_format_means_the_same(
    suffix: str, tmp_path: Path, check: Check, registry: Registry
) -> None:
    file = tmp_path / f"Vorlage ü{suffix}"
    write_example(file, example_rows(registry.task("film-storyboard"), "fake"))
    checked = check(file)
    assert checked.problems == ()
    assert [s.request.seed for s in checked.sets] == [7, 8, 9, 10, 11]
    assert checked.sets[0].request.parts.panels[0].startswith("<Mara> wipes the fogged")
    with pytest.raises(RequestInvalid, match="exists already"):
        write_example(file, example_rows(registry.task("film-storyboard"), "fake"))


@pytest.mark.parametrize("task", ["film-storyboard", "visual-identity-design", "font-design"])
def test_the_template_of_every_task_is_a_list_without_problems(
    task: str, tmp_path: Path, check: Check, registry: Registry
) -> None:
    file = tmp_path / "list.csv"
    write_example(file, example_rows(registry.task(task), "tiny"))
    assert check(file, defaults=Defaults(model="tiny")).problems == ()


def test_all_problems_of_all_rows_are_told_at_once_with_row_and_column(check: Check) -> None:
    checked = check(
        HEAD
        + GOOD
        + "film-storybord,x,a,b,c,,,,,,\n"
        + "film-storyboard,,a,b,,,,,,,\n"
        + "film-storyboard,x,a,b,c,-1,many,0,hot,nowhere.safetensors,\n"
        + "film-storyboard,a [SCENE-1] thing,a,b,c,,,,,nowhere.safetensors,\n"
        + ",x,a,b,c,,,,,,\n"
    )
    assert places(checked) == [
        "row 3, column task",
        "row 4, column summary",
        "row 4, column panel3",
        "row 5, column seed",
        "row 5, column count",
        "row 5, column steps",
        "row 5, column guidance",
        "row 6, column lora",
        "row 7, column task",
    ]
    assert checked.problems[0].fix == "Did you mean film-storyboard?"
    assert (checked.rows, checked.bad_rows) == (6, 5)
    assert len(checked.sets) == 2  # those of the good row


def test_a_slip_in_a_heading_is_no_silent_loss(check: Check) -> None:
    head = HEAD.replace("guidance", "guidence").strip() + ",notes,#mine,panel 4\n"
    checked = check(head + GOOD.strip() + ",for Anna,x,\n")
    assert places(checked) == ["column guidence"]
    assert "Did you mean 'guidance'?" in checked.problems[0].fix


def test_a_text_for_a_panel_that_the_task_has_not_is_a_problem(check: Check) -> None:
    checked = check("task,summary,panel1,panel2,panel3,panel4\nfilm-storyboard,x,a,b,c,d\n")
    assert places(checked) == ["row 2, column panel4"]


def test_panels_may_be_called_by_their_names(check: Check) -> None:
    checked = check("task,summary,SCENE-1,scene-2,panel3\nfilm-storyboard,x,a,b,c\n")
    assert checked.problems == ()
    assert checked.sets[0].request.parts.panels == ("a", "b", "c")
    wrong = check("task,summary,SCENE-1,panel1,panel2,panel3\nfilm-storyboard,x,a,a,b,c\n")
    assert places(wrong) == ["row 2, column SCENE-1"]


def test_excel_as_people_write_it(check: Check, tmp_path: Path) -> None:
    book = Workbook()
    sheet = book.active
    assert sheet is not None
    sheet.append([])
    sheet.append(["task", "summary", "panel1", "panel2", "panel3", "seed", "notes", None])
    sheet.append(["film-storyboard", "Grüße 🎬", "a", "b", "c", 4711.0, "ok", None])
    sheet.append([None] * 8)
    sheet.append(["film-storyboard", "x", "#REF!", "b", "c", 4711.5, None, None])
    book.save(tmp_path / "liste.xlsx")
    checked = check(tmp_path / "liste.xlsx")
    assert [s.request.seed for s in checked.sets] == [4711]
    assert checked.sets[0].request.parts.summary == "Grüße 🎬"
    assert places(checked) == ["row 5, column panel1", "row 5, column seed"]


def test_semicolons_tabs_and_utf_16_as_excel_writes_them(check: Check, tmp_path: Path) -> None:
    text = "task;summary;panel1;panel2;panel3;guidance\nfilm-storyboard;Öl, Maß;a;b;c;2,5\n"
    assert check(text).sets[0].request.sampling.guidance == 2.5
    file = tmp_path / "unicode.tsv"
    file.write_bytes(text.replace(";", "\t").encode("utf-16"))
    assert check(file).sets[0].request.parts.summary == "Öl, Maß"
    file = tmp_path / "ansi.csv"
    file.write_bytes("task,summary\nfilm-storyboard,Öl\n".encode("cp1252"))
    with pytest.raises(RequestInvalid, match=r"not UTF-8 text \(line 2\)"):
        check(file)


@pytest.mark.parametrize(
    ("name", "text", "says"),
    [
        ("a.txt", "x", "no shot list"),
        ("a.csv", "", "no row"),
        ("a.csv", "task,summary\n", "no row"),
        ("a.csv", 'task,summary\nx,"y\n', "line"),
        ("a.csv", "task,task\nx,y\n", "'task' twice"),
        ("a.csv", "task,summary\nx,y,z\n", "more cells"),
        ("a.json", '{"rows": 3}', "no list"),
        ("a.json", "[1]", "no object"),
        ("a.json", "[{]", "not valid JSON at line 1"),
        ("a.jsonl", '{"task": "x"}\n\n{', "not valid JSON at line 3"),
        ("a.json", f'[{{"seed": {"1" * 5000}}}]', "too many digits"),
        ("a.json", '[{}, {"summary": "a \\ud800"}]', "Row 2 .* half a character"),
        ("a.xlsx", "no workbook", "no Excel workbook"),
    ],
)
def test_a_file_that_cannot_be_read_says_where(
    tmp_path: Path, name: str, text: str, says: str
) -> None:
    file = tmp_path / name
    file.write_text(text, encoding="utf-8")
    with pytest.raises(RequestInvalid, match=says) as said:
        read_rows(file)
    assert said.value.fix
    with pytest.raises(NotFound):
        read_rows(tmp_path / "nothing.csv")


def test_a_workbook_that_is_damaged_or_shows_a_chart_says_so(tmp_path: Path) -> None:
    book = Workbook()
    book.active.append(["task", "summary"])
    whole, file = tmp_path / "ganz.xlsx", tmp_path / "liste.xlsx"
    book.save(whole)
    with ZipFile(whole) as source, ZipFile(file, "w") as cut:
        for name in source.namelist():
            data = source.read(name)
            cut.writestr(name, data[:-40] if name.endswith("sheet1.xml") else data)
    with pytest.raises(RequestInvalid, match="no Excel workbook"):
        read_rows(file)
    data = bytearray(whole.read_bytes())
    start = data.index(b"xl/workbook.xml") + len("xl/workbook.xml")
    data[start : start + 60] = b"\xff" * 60  # what deflate cannot have written
    file.write_bytes(data)
    with pytest.raises(RequestInvalid, match="no Excel workbook"):
        read_rows(file)
    book.create_chartsheet().add_chart(BarChart())
    book.active = 1
    book.save(file)
    with pytest.raises(RequestInvalid, match="is no table"):
        read_rows(file)


def test_two_columns_that_mean_the_same_are_a_problem(check: Check) -> None:
    head = "task,summary,panel1,panel 1,panel2,panel3,seed,Seed,#a,#A,notes,Notes\n"
    row = "film-storyboard,s,a,A,b,c,1,2,x,y,z,w\n"
    assert places(check(head + row)) == ["row 2, column panel 1", "row 2, column Seed"]
    row = "film-storyboard,s,a,,b,c,,2,,,,\n"
    assert check(head + row).sets[0].request.seed == 2


def test_a_priority_of_zero_is_one_too(check: Check, model: str) -> None:
    head = "task,summary,panel1,panel2,panel3,priority\n"
    rows = "".join(f"film-storyboard,s,a,b,c,{priority}\n" for priority in ("", 0, -3))
    checked = check(head + rows, defaults=Defaults(model=model, priority=5))
    assert [wanted.priority for wanted in checked.sets] == [5, 0, -3]


def test_json_rows_may_be_typed(check: Check) -> None:
    row = {
        "task": "film-storyboard",
        "summary": "x",
        "panels": ["a", "b", "c"],
        "seed": 4,
        "exact": True,
        "lora": None,
        "steps": 3,
    }
    request = check(json.dumps([row]), "a.json").sets[0].request
    assert (request.seed, request.exact, request.sampling.steps) == (4, True, 3)
    assert request.parts.panels == ("a", "b", "c")


def test_loras_with_weights_beside_the_list_and_none(check: Check, tmp_path: Path) -> None:
    for name in ("stil.safetensors", "licht.safetensors"):
        (tmp_path / name).write_bytes(b"\2" + b"\0" * 7 + b"{}")
    head = "task,summary,panel1,panel2,panel3,lora\n"
    text = head + "film-storyboard,x,a,b,c,stil.safetensors:0.8; licht.safetensors\n"
    stil = AdapterUse(source=str(tmp_path / "stil.safetensors"), weight=0.8)
    licht = AdapterUse(source=str(tmp_path / "licht.safetensors"))
    assert check(text).sets[0].request.adapters == (stil, licht)
    assert check(head + "film-storyboard,x,a,b,c,none\n").sets[0].request.adapters == ()


def test_defaults_fill_what_rows_leave_open(check: Check, model: str) -> None:
    text = "summary,panel1,panel2,panel3\nx,a,b,c\n"
    assert places(check(text)) == ["row 2, column task"]
    told = check(text, defaults=Defaults(task="film-storyboard", model=model))
    assert told.sets[0].request.model == model


# Choices and wildcards. ---------------------------------------------------------------


def test_choices_follow_the_seed_and_are_recorded(check: Check, folders: UserFolders) -> None:
    wildcards = folders.data / "wildcards"
    wildcards.mkdir(parents=True)
    (wildcards / "hut.txt").write_text("# hats\nroter Hut\n{blaue|grüne} Mütze\n", "utf-8")
    text = (
        "task,summary,panel1,panel2,panel3,seed,count\n"
        "film-storyboard,a {red|{light|dark} blue} fox with __hut__,a,b,{c|d},1,12\n"
    )
    first, again = check(text), check(text)
    summaries = [s.request.parts.summary for s in first.sets]
    assert summaries == [s.request.parts.summary for s in again.sets]
    assert len(set(summaries)) > 3
    assert all("{" not in summary and "__" not in summary for summary in summaries)
    assert first.sets[0].origin["choices"]["summary"].startswith("a {red|")
    assert first.sets[0].origin["choices"]["panel3"] == "{c|d}"


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("a {red|blue fox", "brace missing"),
        ("a red|blue} fox", "brace missing"),
        ("a __hat__ fox", "'hat', which is not there"),
        ("a __self__ fox", "holds itself"),
        ("a __empty__ fox", "'empty', which is empty"),
    ],
)
def test_a_choice_that_cannot_be_made_is_a_problem_of_its_cell(
    check: Check, folders: UserFolders, text: str, says: str
) -> None:
    wildcards = folders.data / "wildcards"
    wildcards.mkdir(parents=True)
    (wildcards / "self.txt").write_text("__self__ again\n", "utf-8")
    (wildcards / "empty.txt").write_text("# nothing\n", "utf-8")
    checked = check(f"task,summary,panel1,panel2,panel3\nfilm-storyboard,x,{text},b,c\n")
    assert places(checked) == ["row 2, column panel1"]
    assert says in checked.problems[0].what


@given(st.text(st.characters(exclude_characters="{}|_"), max_size=60), st.integers(0, 2**32 - 1))
def test_texts_without_choices_stay_as_they_are(text: str, seed: int) -> None:
    assert chosen(text, seed, "summary", Path("nowhere")) == text


# Sweeps. --------------------------------------------------------------------------------


def test_a_sweep_multiplies_and_is_recorded(check: Check) -> None:
    axes = [parse_axis("seed=1..3"), parse_axis("guidance=2,3.5")]
    checked = check(HEAD + GOOD.replace(",2,4,", ",1,4,"), sweep=axes)
    made = [(s.request.seed, s.request.sampling.guidance) for s in checked.sets]
    assert made == [(1, 2), (1, 3.5), (2, 2), (2, 3.5), (3, 2), (3, 3.5)]
    assert checked.sets[1].origin["sweep"] == {"seed": 1, "guidance": 3.5}


def test_a_sweep_keeps_the_drawn_seed_and_the_choices_of_its_row(check: Check) -> None:
    text = "task,summary,panel1,panel2,panel3\nfilm-storyboard,{a|b|c|d|e|f|g|h},a,b,c\n"
    sets = check(text, sweep=[parse_axis("steps=1..6")]).sets
    assert len({s.request.seed for s in sets}) == 1
    assert len({s.request.parts.summary for s in sets}) == 1
    assert [s.request.sampling.steps for s in sets] == [1, 2, 3, 4, 5, 6]


def test_a_sweep_over_seeds_chooses_the_same_when_it_is_added_again(check: Check) -> None:
    text = "task,summary,panel1,panel2,panel3\nfilm-storyboard,{a|b|c|d|e|f} x,{g|h},c,d\n"
    for _ in range(4):
        sets = check(text, sweep=[parse_axis("seed=7..9")]).sets
        assert [wanted.request.seed for wanted in sets] == [7, 8, 9]
        taken = {wanted.request.parts for wanted in sets}
        assert taken == {
            check(text.replace("\n", ",seed\n", 1)[:-1] + ",7\n").sets[0].request.parts
        }


def test_a_swept_weight_is_that_of_the_first_lora(check: Check, tmp_path: Path) -> None:
    (tmp_path / "stil.safetensors").write_bytes(b"\2" + b"\0" * 7 + b"{}")
    head = "task,summary,panel1,panel2,panel3,lora\n"
    axis = [parse_axis("lora-weight=0.5,1")]
    checked = check(head + "film-storyboard,x,a,b,c,stil.safetensors\n", sweep=axis)
    assert [s.request.adapters[0].weight for s in checked.sets] == [0.5, 1.0]
    assert places(check(head + "film-storyboard,x,a,b,c,none\n", sweep=axis)) == [
        "row 2, column lora"
    ]


@pytest.mark.parametrize(
    "text", ["seed", "seed=", "colour=red", "seed=a", "steps=0", "seed=3..1", "seed=1,1", "model="]
)
def test_an_axis_that_makes_no_sense_is_refused(text: str) -> None:
    with pytest.raises(UserError) as said:
        parse_axis(text)
    assert said.value.fix


def test_an_axis_named_twice_is_refused() -> None:
    with pytest.raises(UserError, match="given twice"):
        list(combinations([Axis("seed", (1,)), Axis("seed", (2,))]))


def test_no_more_than_ten_thousand_sets(check: Check) -> None:
    text = "task,summary,panel1,panel2,panel3,count\nfilm-storyboard,x,a,b,c,9999\n"
    assert places(check(text, sweep=[parse_axis("guidance=1,2")])) == ["row 2, column count"]


def test_the_document_names_every_column() -> None:
    document = Path(__file__).resolve().parents[2] / "docs" / "queue.md"
    text = document.read_text(encoding="utf-8")
    for name, meaning in COLUMNS.items():
        assert f"| `{name}` | {meaning} |" in text


def test_a_list_of_two_hundred_rows_reads_the_tokenizer_once(
    tmp_path: Path,
    registry: Registry,
    folders: UserFolders,
    model: str,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    from icl_studio.shotlists import lookups

    asked = []
    real = lookups.counter_if_here
    monkeypatch.setattr(
        lookups,
        "counter_if_here",
        lambda *a: asked.append(a) or real(*a),  # type: ignore[func-returns-value]
    )
    file = tmp_path / "lang.csv"
    file.write_text(HEAD + GOOD * 200, encoding="utf-8")
    assert len(check_list(file, registry, folders, Defaults(model=model)).sets) == 400
    assert len(asked) == 1
