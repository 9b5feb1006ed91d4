"""Sentence forms for every kind of panel that is no shot.

Gaps are facts by name, as words: {ground}, {typeface} ...; {a_mark} is a mark with its colour and
article, {a_thing} an object with the ground's colour and article, {who} a described creature.
A gap written {an_ground} stands after its article: "an ivory ground".
"""

from collections.abc import Iterator
from dataclasses import dataclass

from icl_tiny.world import Corner, Mark, Panel, Profile, Shot, Slide, Word
from icl_tiny.world.kinds import ALONE


@dataclass(frozen=True)
class KindForms:
    """How panels of one kind are told: `whole` says every fact; the others share them out."""

    whole: tuple[str, ...]
    """A panel by itself, all its facts."""
    shared: tuple[str, ...]
    """A summary that says what all panels have in common."""
    own: tuple[str, ...]
    """A panel's text after such a summary: what it has for itself."""
    plain: tuple[str, ...]
    """A summary that says nothing; every panel is told whole."""
    evaluation_whole: tuple[str, ...]
    evaluation_shared: tuple[str, ...]
    evaluation_own: tuple[str, ...]


PROFILE = KindForms(
    whole=(
        "a profile picture of {who} on {an_ground} ground with {manner}",
        "an avatar of {who} before {manner} on {an_ground} ground",
        "{who}, head and shoulders, before {manner} on {ground}",
        "{who} on {an_ground} background with {manner}",
        "an avatar with {manner} on {ground}: {who}",
        "a profile picture: {who}, {manner} on {an_ground} ground",
    ),
    shared=(
        "two matching profile pictures on {an_ground} ground with {manner}",
        "two avatars with {manner} on {ground}",
        "profile pictures for two friends, {manner} on {an_ground} ground",
        "a pair of avatars before {manner} on {an_ground} background",
        "a couple in one manner, {an_ground} ground with {manner}",
        "two friends before {manner} on {ground}",
    ),
    own=(
        "{who}",
        "{who}",
        "an avatar of {who}",
        "a profile picture of {who}",
        "{who}, smiling",
        "{who} looks at us",
        "we see {who}",
    ),
    plain=(
        "two profile pictures in one manner",
        "a pair of avatars",
        "profile pictures for two friends",
        "a couple",
    ),
    evaluation_whole=("for a profile, {who} before {an_ground} ground of {manner}",),
    evaluation_shared=(
        "matching avatars for a couple, {manner} on {an_ground} background",
        "{manner} on {ground} in two matching pictures of friends",
    ),
    evaluation_own=("one of the friends is {who}", "{who} in the picture"),
)
# A mark alone and a mark on a thing share their summaries.
_MARK_SHARED = (
    "the identity of a brand: {a_mark} on {ground}",
    "a brand with {a_mark} on {an_ground} ground",
    "the visual identity of a shop in {mark colour} and {ground}, its logo is {a_mark}",
    "a brand in {mark colour} and {ground} whose mark is {a_mark}",
    "{a_mark} is the logo of a brand, its ground is {ground}",
)
_MARK_PLAIN = (
    "the identity of a brand",
    "a logo and where it is used",
    "the visual identity of a small shop",
    "a logo and its use",
)
_MARK_EVALUATION_SHARED = (
    "{a_mark} on {ground} is the identity of this shop",
    "a small brand, {ground} with {a_mark} for a logo",
)
MARK_ALONE = KindForms(
    whole=(
        "a logo, {a_mark} on {an_ground} ground",
        "{a_mark} {object} on {an_ground} ground",
        "a logo with {a_mark} on {ground}",
        "the logo of a brand: {a_mark}, {object}, on {ground}",
        "{a_mark} as a logo on {an_ground} background",
    ),
    shared=_MARK_SHARED,
    own=(
        "{a_mark}",
        "the logo {object}",
        "the mark {object}",
        "{a_mark} {object}",
        "the logo",
    ),
    plain=_MARK_PLAIN,
    evaluation_whole=("this brand has {a_mark} for its logo, on {an_ground} background",),
    evaluation_shared=_MARK_EVALUATION_SHARED,
    evaluation_own=(
        "this shows the mark {object}",
        "we see {a_mark} that is {object}",
    ),
)
MARK_ON_THING = KindForms(
    whole=(
        "{a_mark} on {a_thing}",
        "{a_thing} with {a_mark}",
        "{a_thing} printed with {a_mark}",
        "a logo with {a_mark} on {a_thing}",
        "{a_mark}, printed on {a_thing}",
        "{a_thing} that shows {a_mark}",
    ),
    shared=_MARK_SHARED,
    own=(
        "the same mark on {an_object}",
        "the logo on {an_object}",
        "the same logo printed on {an_object}",
        "{an_object} with the logo",
        "{a_thing} with the same mark",
        "printed on {an_object}",
        "{an_object}",
    ),
    plain=_MARK_PLAIN,
    evaluation_whole=("we see {a_thing}, {a_mark} printed on it",),
    evaluation_shared=_MARK_EVALUATION_SHARED,
    evaluation_own=(
        "{an_object} is where the mark is used",
        "the mark used on {an_object}",
    ),
)
WORD = KindForms(
    whole=(
        'the word "{word}" in {typeface} letters, {ink} on {ground}',
        '"{word}" in {an_typeface} typeface, {ink} on {an_ground} ground',
        '"{word}" in {ink} {typeface} letters on {ground}',
        'the word "{word}" set in {an_typeface} {ink} font on {an_ground} background',
        '{ink} {typeface} lettering on {ground}: "{word}"',
        '{typeface} letters spell "{word}" in {ink} on {an_ground} ground',
    ),
    shared=(
        "{an_typeface} typeface in {ink} on {an_ground} ground",
        "four words in {typeface} letters, {ink} on {ground}",
        "{an_typeface} font, {ink} on {an_ground} background",
        "one typeface, {typeface}, in {ink} on {ground}",
        "{ink} {typeface} lettering on {an_ground} ground",
        "{ink} words on {ground} in {an_typeface} typeface",
    ),
    own=(
        '"{word}"',
        '"{word}"',
        'the word "{word}"',
        '"{word}" in capitals',
        'it says "{word}"',
        'the letters spell "{word}"',
        '"{word}" in the same typeface',
    ),
    plain=("four words in one typeface", "one typeface", "a typeface in four words"),
    evaluation_whole=('we see "{word}": {ink} and {typeface}, all on {ground}',),
    evaluation_shared=(
        "words in {ink} letters on {ground}, the font is {typeface}",
        "each word has {typeface} letters of {ink} before {an_ground} background",
    ),
    evaluation_own=('and here we see "{word}"', 'another word, and this one is "{word}"'),
)
CORNER = KindForms(
    whole=(
        "{an_furniture} in {an_style} room with {wall} walls and {accent} accents",
        "{an_style} interior with {an_furniture}, {wall} walls and {accent} accents",
        "{an_style} room, {wall} walls, {accent} cloth: {an_furniture}",
        "{an_furniture} in {an_style} home, {wall} walls, {accent} accents",
        "a corner with {an_furniture}, {style} style, {wall} walls, accents in {accent}",
    ),
    shared=(
        "{an_style} home with {wall} walls and {accent} accents",
        "four corners of {an_style} home, {wall} walls, {accent} accents",
        "{an_style} interior with {wall} walls and {accent} cloth",
        "a home in {style} style, the walls {wall}, the accents {accent}",
        "{style} rooms with {wall} walls, accents in {accent}",
        "four views of {an_style} apartment with {wall} walls and {accent} accents",
    ),
    own=(
        "{an_furniture}",
        "the {furniture}",
        "a corner with {an_furniture}",
        "the corner with the {furniture}",
        "a view of the {furniture}",
        "{an_furniture} in the same style",
    ),
    plain=("four corners of one home", "a home in one style", "four rooms of one interior"),
    evaluation_whole=("in {an_style} interior of {wall} and {accent}, {an_furniture}",),
    evaluation_shared=(
        "{wall} for the walls, {accent} for the cloth, and the style is {style}",
        "one {style} apartment in {wall} with accents in {accent}",
    ),
    evaluation_own=("this corner has {an_furniture}", "here we see the {furniture}"),
)
SLIDE = KindForms(
    whole=(
        "{slide} of {an_theme colour} presentation with {theme} and {accent} accents",
        "a slide in {theme colour} with {theme} and {accent} accents: {slide}",
        "{an_theme colour} slide with {theme}, {accent} accents, {slide}",
        "{slide} in a presentation with {theme}, {theme colour} with {accent} accents",
        "{slide}, {an_theme colour} design with {theme}, accents in {accent}",
    ),
    shared=(
        "{an_theme colour} presentation with {theme} and {accent} accents",
        "four slides in {theme colour} with {theme}, accents in {accent}",
        "a presentation in {theme colour} with {theme} and {accent} accents",
        "one slide design, {theme colour} with {theme}, {accent} accents",
        "slides with {theme} on {theme colour}, {accent} accents",
    ),
    own=(
        "{slide}",
        "{slide}",
        "a slide: {slide}",
        "it shows {slide}",
        "{slide} in the same design",
        "this slide is {slide}",
    ),
    plain=("four slides of one presentation", "a presentation in one design", "four slides"),
    evaluation_whole=("in a design of {theme} and {theme colour}, accents {accent}: {slide}",),
    evaluation_shared=(
        "each slide is {theme colour} with {theme} and has accents in {accent}",
        "{theme} on {an_theme colour} design for slides with accents in {accent}",
    ),
    evaluation_own=("here we see {slide}", "one of the four shows {slide}"),
)
KIND_FORMS: tuple[KindForms, ...] = (PROFILE, MARK_ALONE, MARK_ON_THING, WORD, CORNER, SLIDE)


def forms_of(panel: Panel) -> KindForms:
    """The forms for `panel`. Raises TypeError for a shot, which `forms` has its own for."""
    if isinstance(panel, Mark):
        return MARK_ALONE if panel.object == ALONE else MARK_ON_THING
    if isinstance(panel, Shot):
        raise TypeError("shots are told by captions.shots")
    return {Profile: PROFILE, Word: WORD, Corner: CORNER, Slide: SLIDE}[type(panel)]


def kind_training_texts() -> Iterator[str]:
    """Every form of this module that training captions are made from."""
    for forms in KIND_FORMS:
        yield from (*forms.whole, *forms.shared, *forms.own, *forms.plain)


def kind_evaluation_texts() -> Iterator[str]:
    """Every form of this module that only captions for evaluation are made from."""
    for forms in KIND_FORMS:
        yield from (*forms.evaluation_whole, *forms.evaluation_shared, *forms.evaluation_own)
