"""Joint captions: what is rendered reads back as the same parts; what would not is refused."""

from __future__ import annotations

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from pydantic import ValidationError

from icl_studio.domain.caption import CaptionParts, CaptionTemplate
from icl_studio.domain.problems import CaptionInvalid
from icl_studio.domain.task import TaskSpec
from icl_tasks.plugin import TASKS

BY_ID = {task.id: task for task in TASKS}
FILM = BY_ID["film-storyboard"].caption
PHOTO = BY_ID["portrait-photography"].caption
IDENTITY = BY_ID["visual-identity-design"].caption

MARKER_WORDS = sorted({word for task in TASKS for word in task.caption.markers})
FRAGMENTS = (
    *MARKER_WORDS,
    *(word.lower() for word in MARKER_WORDS),
    *(word.strip("[]") for word in MARKER_WORDS),
    *("Logo:", "logo", "This [FOUR-PANEL] image shows", "This", "image shows"),
    *(";", ",", ";;", ", ", ".", "…", "!", "?", "[", "]", "[x]", "[A]", "<Leo>", "<", ">"),
    *('"Salt"', "👩‍🚀", "ﬁn", "ß", "ſ", "İ", "日本", "\u2028", "\n", "\t", "é"),
)
texts = st.one_of(
    st.text(min_size=0, max_size=40),
    st.lists(st.one_of(st.sampled_from(FRAGMENTS), st.text(max_size=8)), max_size=6).map(" ".join),
    st.lists(st.sampled_from(FRAGMENTS), max_size=4).map("".join),
)


@st.composite
def asked(draw: st.DrawFn) -> tuple[TaskSpec, CaptionParts]:
    task = draw(st.sampled_from(TASKS))
    panels = tuple(draw(texts) for _ in task.caption.openings)
    return task, CaptionParts(summary=draw(texts), panels=panels)


@given(asked())
@settings(max_examples=600)
def test_whatever_is_not_refused_is_read_back_unchanged(case: tuple[TaskSpec, CaptionParts]):
    task, parts = case
    if task.caption.problems(parts):
        with pytest.raises(CaptionInvalid):
            task.caption.render(parts)
        return
    caption = task.caption.render(parts)
    assert task.caption.parse(caption) == parts
    assert task.caption.render(task.caption.parse(caption)) == caption
    # White space does not matter.
    assert task.caption.parse("\n " + caption.replace(" ", " \n ")) == parts


pieces = st.sampled_from(
    ("[A]", "[B-2]", "A", "a", "[", "]", "Logo", ":", ";", ",", ".", "!", "<", "x", "ß", "{", "}")
)
tokens = st.lists(pieces, min_size=1, max_size=4).map("".join)
phrases = st.lists(tokens, max_size=3).map(" ".join)


@st.composite
def any_template(draw: st.DrawFn) -> CaptionTemplate | None:
    """A template of odd bits and pieces; None where such a one is refused."""
    try:
        return CaptionTemplate(
            prefix=draw(phrases),
            summary_form=draw(st.sampled_from(["", "[A]", "a "])) + "{summary}" + draw(phrases),
            openings=tuple(draw(st.lists(tokens, min_size=1, max_size=3))),
            summary_joint=draw(st.sampled_from(["", ",", ";"])),
            panel_joint=draw(st.sampled_from(["", ",", ";"])),
            roles=draw(st.booleans()),
        )
    except ValidationError:
        return None


# A busy machine draws slowly, which says nothing about captions.
unhurried = settings(max_examples=400, deadline=None, suppress_health_check=[HealthCheck.too_slow])


@given(any_template(), phrases, st.lists(phrases, min_size=3, max_size=3))
@unhurried
def test_every_template_reads_back_what_it_does_not_refuse(template, summary, panels):
    if template is None:
        return
    parts = CaptionParts(summary=summary, panels=tuple(panels[: len(template.openings)]))
    if not template.problems(parts):
        assert template.parse(template.render(parts)) == parts


@given(any_template(), st.one_of(phrases, st.lists(tokens, max_size=9).map(" ".join)))
@unhurried
def test_whatever_is_read_can_be_written_again(template, caption):
    if template is None:
        return
    try:
        parts = template.parse(caption)
    except CaptionInvalid:
        return
    assert template.parse(template.render(parts)) == parts


def test_a_form_that_makes_a_marker_of_the_summary_refuses_that_summary():
    template = CaptionTemplate(summary_form="[{summary}]", openings=("[LEFT]", "[RIGHT]"))
    found = template.problems(CaptionParts(summary="LEFT", panels=("a", "b")))
    assert "would not be read back" in found[0].what
    assert template.problems(CaptionParts(summary="left over", panels=("a", "b"))) == []


words = st.text(st.characters(categories=["L", "N", "Po", "So"]), min_size=1, max_size=30).filter(
    lambda text: (
        text.strip() and any(ch.isalnum() for ch in text) and "logo:" not in text.casefold()
    )
)


@given(st.sampled_from(TASKS), words, st.lists(words, min_size=4, max_size=4))
def test_ordinary_text_with_any_punctuation_is_never_refused(task, summary, panels):
    parts = CaptionParts(summary=summary, panels=tuple(panels[: len(task.caption.openings)]))
    assert task.caption.problems(parts) == []


@pytest.mark.parametrize(
    ("id", "caption"),
    [
        ("film-storyboard", "[MOVIE-SHOTS] S, [SCENE-1] a, [SCENE-2] b, [SCENE-3] c"),
        ("couple-profile", "S; [LEFT] a; [RIGHT] b"),
        ("font-design", "S; [TOP-LEFT] a; [TOP-RIGHT] b; [BOTTOM-LEFT] c; [BOTTOM-RIGHT] d"),
        ("portrait-illustration", "S; [LEFT] a; [RIGHT] b"),
        (
            "portrait-photography",
            "This [FOUR-PANEL] image shows S; [TOP-LEFT] a; [TOP-RIGHT] b; [BOTTOM-LEFT] c; "
            "[BOTTOM-RIGHT] d",
        ),
        ("sandstorm-visual-effect", "[SANDSTORM-PSA] S; [TOP] a; [BOTTOM] b"),
        ("sparklers-visual-effect", "[REAL-SPARKLERS-OVERLAYS] S; [TOP] a; [BOTTOM] b"),
        ("visual-identity-design", "S; Logo: a; [LEFT] b"),
    ],
)
def test_each_task_writes_its_own_form(id: str, caption: str):
    template = BY_ID[id].caption
    parts = CaptionParts(summary="S", panels=tuple("abcd"[: len(template.openings)]))
    assert template.render(parts) == caption


def test_a_text_that_ends_a_sentence_gets_no_joint():
    parts = CaptionParts(summary="A story.", panels=("one!", "two?", "three…"))
    assert (
        FILM.render(parts)
        == "[MOVIE-SHOTS] A story. [SCENE-1] one! [SCENE-2] two? [SCENE-3] three…"
    )
    assert FILM.parse(FILM.render(parts)) == parts


def test_visual_identity_prints_left_alone():
    caption = IDENTITY.render(CaptionParts(summary="a brand", panels=("a mark", "a bag")))
    assert caption.count("[LEFT]") == 1
    assert "[RIGHT]" not in caption
    assert IDENTITY.markers == ("[LEFT]",)


def test_a_published_summary_that_already_holds_the_form_s_marker_is_kept_as_it_is():
    parts = CaptionParts(summary="Seen here: a [FOUR-PANEL] study", panels=("a", "b", "c", "d"))
    caption = PHOTO.render(parts)
    assert caption.startswith("Seen here: a [FOUR-PANEL] study; [TOP-LEFT] a;")
    assert PHOTO.parse(caption) == parts


@pytest.mark.parametrize("marker", ["[SCENE-2]", "[scene-2]", "[Scene-2]", "[MOVIE-SHOTS]"])
@pytest.mark.parametrize("place", ["summary", "panel 2"])
def test_text_that_holds_a_marker_of_the_task_is_refused_by_name(marker: str, place: str):
    text = f"before {marker} after"
    panels = ("a", text if place == "panel 2" else "b", "c")
    parts = CaptionParts(summary=text if place == "summary" else "S", panels=panels)
    found = FILM.problems(parts)
    assert [problem.where for problem in found] == [place]
    assert marker.casefold() in found[0].what.casefold()
    assert found[0].fix


def test_a_marker_of_another_task_is_refused_too():
    found = FILM.problems(CaptionParts(summary="S", panels=("a", "b [TOP-LEFT]", "c")))
    assert "[TOP-LEFT]" in found[0].what


@pytest.mark.parametrize("count", [0, 1, 2, 4, 40])
def test_a_wrong_number_of_panels_is_named(count: int):
    found = FILM.problems(CaptionParts(summary="S", panels=("a",) * count))
    assert found[0].where == "panels"
    assert f"{count} panel texts" in found[0].what
    assert "3" in found[0].fix


def test_every_empty_text_is_named():
    found = FILM.problems(CaptionParts(summary=" \n", panels=("a", "", "\t")))
    assert [problem.where for problem in found] == ["summary", "panel 2", "panel 3"]


class Words:
    """Counts words: a counter that anyone can check by hand."""

    limit = 12

    def count(self, text: str) -> int:
        return len(text.split())


def test_length_is_judged_by_the_models_own_counter():
    short = CaptionParts(summary="one two", panels=("a", "b", "c"))
    assert FILM.problems(short, Words()) == []
    long = CaptionParts(summary="word " * 2000, panels=("a", "b", "c"))
    [problem] = FILM.problems(long, Words())
    assert "2007 tokens" in problem.what
    assert "12" in problem.what
    assert "1995" in problem.fix


@pytest.mark.parametrize(
    ("caption", "said"),
    [
        ("S, [SCENE-1] a, [SCENE-2] b, [SCENE-3] c", "does not start with '[MOVIE-SHOTS]'"),
        ("[MOVIE-SHOTS] S, [SCENE-1] a, [SCENE-3] c", "lacks '[SCENE-2]'"),
        ("[MOVIE-SHOTS] S, [SCENE-1] a [SCENE-1] [SCENE-2] b [SCENE-3] c", "'[SCENE-1]' 2 times"),
        ("[MOVIE-SHOTS] S, [SCENE-2] b, [SCENE-1] a, [SCENE-3] c", "'[SCENE-2]' out of order"),
        ("[MOVIE-SHOTS] S, [SCENE-1] a [LEFT], [SCENE-2] b, [SCENE-3] c", "stray marker '[LEFT]'"),
        ("", "does not start"),
    ],
)
def test_a_caption_that_breaks_the_form_is_refused_by_name(caption: str, said: str):
    with pytest.raises(CaptionInvalid) as refused:
        FILM.parse(caption)
    assert said in str(refused.value)


@pytest.mark.parametrize(
    ("caption", "where"),
    [
        ("[MOVIE-SHOTS] S, [SCENE-1] a, [SCENE-2] [SCENE-3] c", "panel 2"),
        ("[MOVIE-SHOTS] [SCENE-1] a, [SCENE-2] b, [SCENE-3] c", "summary"),
        ("[MOVIE-SHOTS] [MOVIE-SHOTS] S, [SCENE-1] a, [SCENE-2] b, [SCENE-3] c", "summary"),
        ("[MOVIE-SHOTS] S, [SCENE-1] a [scene-1], [SCENE-2] b, [SCENE-3] c", "panel 1"),
    ],
)
def test_a_caption_whose_parts_would_be_refused_is_refused(caption: str, where: str):
    with pytest.raises(CaptionInvalid) as refused:
        FILM.parse(caption)
    assert [problem.where for problem in refused.value.problems] == [where]


@pytest.mark.parametrize(
    ("caption", "summary", "logo"),
    [
        ("A calm brand. A leaf, one line; [LEFT] a cup", "A calm brand.", "A leaf, one line"),
        ("A calm brand; a leaf. One line. [LEFT] a cup", "A calm brand", "a leaf. One line."),
        ('The brand "Leaf." It is a leaf; [LEFT] a cup', 'The brand "Leaf."', "It is a leaf"),
        ("Version 1.5 of a brand! A leaf [LEFT] a cup", "Version 1.5 of a brand!", "A leaf"),
    ],
)
def test_a_released_identity_prints_no_logo_and_is_read_by_its_first_sentence(
    caption: str, summary: str, logo: str
):
    parts = IDENTITY.parse(caption)
    assert parts == CaptionParts(summary=summary, panels=(logo, "a cup"))
    assert IDENTITY.parse(IDENTITY.render(parts)) == parts


@pytest.mark.parametrize("caption", ["A brand with a leaf [LEFT] a cup", "A brand. [LEFT] a cup"])
def test_one_sentence_is_not_taken_for_both_summary_and_logo(caption: str):
    with pytest.raises(CaptionInvalid) as refused:
        IDENTITY.parse(caption)
    [problem] = refused.value.problems
    assert "the text of panel 1 is missing" in problem.what
    assert "Logo:" in problem.fix


def test_a_bracket_marker_is_never_optional():
    with pytest.raises(CaptionInvalid, match=r"lacks '\[LEFT\]'"):
        IDENTITY.parse("A brand. Logo: a leaf. A cup.")


def test_a_caption_without_the_form_s_marker_is_refused():
    with pytest.raises(CaptionInvalid, match=r"lacks '\[FOUR-PANEL\]' in its summary"):
        PHOTO.parse("A man; [TOP-LEFT] a; [TOP-RIGHT] b; [BOTTOM-LEFT] c; [BOTTOM-RIGHT] d")


def test_roles_are_found_once_each_in_order_and_a_comparison_is_none():
    parts = CaptionParts(summary="<Mara> and <Leo>", panels=("<Leo>", "a < b > c", "<Zoë>"))
    assert parts.roles == ("Mara", "Leo", "Zoë")


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("<Mara wipes the window", "'<Mara wipes', which is not closed"),
        ("<> wipes", "'<>', which is empty"),
        ("wipes < >", "'< >', which is empty"),
        ("<Mara <Leo>", "'<Mara', which is not closed"),
        ("<Mara > wipes", "no space at either end"),
        (f"<{'x' * 41}> wipes", "1 to 40 characters"),
        ("wipes<", "'<', which is not closed"),
    ],
)
@pytest.mark.parametrize("place", ["summary", "panel 2"])
def test_a_role_name_left_open_or_empty_is_a_problem_where_roles_are_written(text, said, place):
    panels = ("a", text if place == "panel 2" else "b", "c")
    parts = CaptionParts(summary=f"S {text}" if place == "summary" else "S", panels=panels)
    [problem] = FILM.problems(parts)
    assert problem.where == place
    assert said in problem.what
    assert "<" in problem.fix
    without = FILM.model_copy(update={"roles": False})
    assert without.problems(parts) == []


@pytest.mark.parametrize(
    "text", ["a < b", "a < b > c", "3 > 2", "<Mara> -> <Leo>", "<Mara>: a < b"]
)
def test_a_sound_role_and_a_comparison_are_no_problem(text: str):
    assert FILM.problems(CaptionParts(summary="S", panels=("a", text, "c"))) == []


@pytest.mark.parametrize(
    "template",
    [
        {"openings": ()},
        {"openings": ("[A]", "[A]")},
        {"openings": ("[A]", "[a]")},
        {"openings": ("[A]",), "prefix": "see [A]"},
        {"openings": ("[A]",), "summary_form": "no gap"},
        {"openings": ("[A]",), "summary_form": "{summary} {summary}"},
        {"openings": ("two words",)},
        {"openings": ("",)},
        {"openings": ("[A\x1c]",)},
        {"openings": ("[A]\x85",)},
        {"openings": ("Logo;", "[LEFT]"), "summary_joint": ";"},
        {"openings": ("Logo,", "[LEFT]")},
        {"openings": ("[A]",), "panel_joint": "and"},
    ],
)
def test_a_template_that_could_not_be_read_back_is_refused(template: dict):
    with pytest.raises(ValidationError):
        CaptionTemplate(**template)
