"""Names from templates are valid everywhere, tell apart, and never lead elsewhere."""

from __future__ import annotations

import re
import unicodedata
from datetime import datetime
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from set_samples import request_of, save_one

from icl_studio.domain.caption import CaptionParts
from icl_studio.domain.model import AdapterUse
from icl_studio.domain.problems import UserError
from icl_studio.errors import NotFound
from icl_studio.sets.naming import (
    MAX_NAME_BYTES,
    TOKENS,
    check_template,
    numbered,
    render_name,
    safe_name,
    set_folder_name,
    set_values,
)

MADE = datetime(2026, 11, 22, 19, 11, 3).astimezone()
FORBIDDEN = set('<>:"/\\|?*')
DEVICES = {"con", "prn", "aux", "nul", *(f"{d}{n}" for d in ("com", "lpt") for n in range(10))}


def name_of(template: str, **changes: object) -> str:
    return set_folder_name(template, request_of(**changes), "20261122-191103482-k3f9xq", MADE)


def assert_valid_everywhere(name: str) -> None:
    assert name and len(name.encode("utf-8")) <= MAX_NAME_BYTES
    assert not FORBIDDEN & set(name)
    assert all(ord(ch) >= 32 for ch in name)
    assert name == unicodedata.normalize("NFC", name)
    assert name[0] not in " ." and name[-1] not in " ."
    assert name.split(".")[0].rstrip().casefold() not in DEVICES


@pytest.mark.parametrize(
    ("template", "name"),
    [
        ("{task}_{seed}", "film-storyboard_4711"),
        ("{date} {time}", "2026-11-22 191103"),
        ("{date:%y%m%d}-{time:%H:%M}", "261122-19-11"),
        ("{seed:010}", "0000004711"),
        ("{summary:5}", "A red"),
        ("{model}-{steps}-{guidance}-{width}x{height}", "tiny-12-3.5-128x192"),
        ("{lora}", "film-storyboard"),
        ("{name}", "film-storyboard"),
        ("{panel}-{index:02}-{panels}", "SHEET-00-3"),
        ("{date}/{task}/{id}", "2026-11-22/film-storyboard/20261122-191103482-k3f9xq"),
        ("no tokens", "no tokens"),
        ("a//./../b\\c", "a/b/c"),
    ],
)
def test_tokens_say_what_they_mean(template: str, name: str) -> None:
    assert name_of(template) == name


def test_every_token_of_the_table_can_be_used() -> None:
    values = set_values(request_of(), "id-1", MADE)
    for token in TOKENS:
        check_template(f"{{{token}}}")
        assert token == "counter" or render_name(f"{{{token}}}", values)


def test_a_set_name_and_model_folder_are_used_without_their_folders() -> None:
    values = {"name": "Müller/Söhne: Spot", "model": "C:\\models\\FLUX.1-dev"}
    assert name_of("{name} {model}", **values) == "Müller-Söhne- Spot FLUX.1-dev"
    loras = (
        AdapterUse(source="a/b/style.safetensors"),
        AdapterUse(source="org/repo/x.y.safetensors"),
    )
    assert name_of("{lora}", adapters=loras) == "style+x.y"


def test_an_unknown_token_is_answered_with_the_nearest_and_all_known() -> None:
    with pytest.raises(NotFound) as caught:
        name_of("{sead}")
    assert "{sead}" in caught.value.message
    assert "Did you mean {seed}?" in caught.value.fix
    assert all(f"{{{token}}}" in caught.value.fix for token in TOKENS)


@pytest.mark.parametrize(
    "template", ["{seed", "seed}", "{}", "{{seed}}", "{seed:x}", "", "/", "..", "{SEED}"]
)
def test_a_broken_template_is_refused(template: str) -> None:
    with pytest.raises(UserError):
        name_of(template)


@pytest.mark.parametrize(
    ("text", "name"),
    [
        ("con", "con_"),
        ("CON.txt", "CON_.txt"),
        ("com1", "com1_"),
        ("conference", "conference"),
        ("a.", "a"),
        (".hidden", "hidden"),
        ("-rf", "rf"),
        ("a\u202egnp.exe", "agnp.exe"),
        ("A\u0308", "Ä"),
        ("👩\u200d🎨", "👩\u200d🎨"),
        ("a\tb\nc", "a b c"),
        ("???", ""),
    ],
)
def test_a_text_becomes_a_valid_name(text: str, name: str) -> None:
    assert safe_name(text) == name


@given(st.text(max_size=400))
def test_any_text_becomes_a_name_valid_everywhere(text: str) -> None:
    name = safe_name(text)
    if name:
        assert_valid_everywhere(name)
    assert safe_name(name) == name


@given(
    template=st.lists(
        st.sampled_from([*(f"{{{token}}}" for token in TOKENS), "-", "_", " ", "/", "ü", "."]),
        min_size=1,
        max_size=12,
    ).map("".join),
    summary=st.text(alphabet=st.characters(exclude_categories=["Cs"]), max_size=400),
)
def test_whatever_the_template_and_the_texts_each_part_is_valid(
    template: str, summary: str
) -> None:
    request = request_of(
        parts=CaptionParts(summary=summary, panels=("a", "b", "c")), name=summary[:120]
    )
    try:
        check_template(template)
    except UserError:
        return
    name = numbered(set_folder_name(template, request, "id-1", MADE), lambda _: False)
    for part in name.split("/"):
        assert_valid_everywhere(part)


@pytest.mark.parametrize("text", ["x" * 300, "ü" * 300, "🦊" * 300, "e\u0301" * 300])
def test_a_long_text_is_shortened_and_what_follows_it_stays(text: str) -> None:
    parts = CaptionParts(summary=text, panels=("a", "b", "c"))
    name = name_of("{summary}-{seed}-{counter:03}", parts=parts)
    assert name.endswith("-4711-{counter:03}")
    assert_valid_everywhere(numbered(name, lambda _: False))


def test_a_long_template_keeps_its_counter() -> None:
    name = name_of("x" * 300 + "_{counter}_" + "y" * 300)
    assert "{counter}" in name
    assert_valid_everywhere(numbered(name, lambda _: False))


@pytest.mark.parametrize(
    ("template", "taken", "name"),
    [
        ("a", set(), "a"),
        ("a", {"a", "a-2"}, "a-3"),
        ("a_{counter}", {"a_0001"}, "a_0002"),
        ("{counter:2}/x", {"01/x"}, "02/x"),
        ("com{counter:1}", set(), "com1_"),
    ],
)
def test_numbers_are_counted_up_to_the_first_that_is_free(
    template: str, taken: set[str], name: str
) -> None:
    assert numbered(template, taken.__contains__) == name


def test_a_brace_in_a_text_is_no_token(tmp_path: Path) -> None:
    parts = CaptionParts(summary="a {counter} and {x}", panels=("a", "b", "c"))
    assert name_of("{summary}", parts=parts) == "a (counter) and (x)"
    save_one(tmp_path, folder_name=name_of("{summary}", parts=parts))


def test_the_documentation_lists_every_token_and_no_other() -> None:
    guide = Path(__file__).parents[2] / "docs" / "sets.md"
    table = guide.read_text(encoding="utf-8").split("## Names")[1].split("\nSets are named")[0]
    listed = {word for row in table.splitlines() for word in re.findall(r"`\{([a-z]+)\}`", row)}
    assert listed == set(TOKENS)
