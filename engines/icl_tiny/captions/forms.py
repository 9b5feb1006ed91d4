"""Sentence forms. Gaps: {who} a described creature, {name} a role name, {it} a reference to it,
{doing} and {does} what it does, {place} where, {of} the same after "of", {side} at which side.

The EVALUATION lists are never used in training: they ask whether the model understands sentences
that it has not seen, made of words that it has. They differ from every training form by their
words, not by punctuation, articles or order alone.
"""

from collections.abc import Iterator

STORY_SUMMARIES = (
    "{who} goes on holiday",
    "{who} travels around the world",
    "{who} travels the world",
    "{who} has an adventure",
    "{who} on a long journey",
    "{who} goes on an adventure",
    "{who} sees the world",
    "a day in the life of {who}",
    "the adventures of {who}",
    "a story about {who}",
    "a little story with {who}",
    "we follow {who} from place to place",
    "{who} in three scenes",
    "a short film about {who}",
    "three shots of {who}",
    "{who} has a busy day",
    "{who}",
)
NAMED_SUMMARIES = (
    "<{name}>, {who}, goes on holiday",
    "<{name}>, {who}, sets out on a journey",
    "the story of <{name}>, {who}",
    "<{name}> is {who}",
    "{who} named <{name}> sees the world",
    "a day with <{name}>, {who}",
)
SET_SUMMARIES = (
    "{who} in {count} places",
    "{who} in {count} pictures",
    "the same creature, {who}, in every picture",
    "{count} pictures of {who}",
    "{count} views of {who}",
    "{who} in {count} panels",
    "{who} travels around the world",
    "{who} shown {count} times",
    "a set of pictures of {who}",
    "this set shows {who}",
    "{who}",
    "{who} goes on holiday",
    "{who} here and there",
)
PLAIN_SUMMARIES = (
    "a little story",
    "{count} pictures of one creature",
    "a creature goes on holiday",
    "one creature in {count} places",
    "the same creature in every picture",
    "a small adventure",
    "a journey in {count} pictures",
)
MIXED_SUMMARIES = (
    "different creatures in different places",
    "{count} creatures in {count} places",
    "{count} different creatures",
    "a group of friends",
    "creatures from all over the world",
    "{count} little friends",
    "each picture shows another creature",
)
# What stands after "This [FOUR-PANEL] image shows".
FOUR_PANEL_SUMMARIES = (
    "{who}",
    "{who}",
    "{who} in {count} portraits",
    "{who} in {count} pictures",
    "{count} portraits of {who}",
    "{count} views of {who}",
    "the same creature, {who}",
    "{who} in a photo set",
)
FOUR_PANEL_FORMS = (
    "this [FOUR-PANEL] picture shows {summary}",
    "[FOUR-PANEL] {summary}",
    "a [FOUR-PANEL] portrait: {summary}",
    "in this [FOUR-PANEL] image we see {summary}",
    "a [FOUR-PANEL] photo set, {summary}",
)
PANELS_WITH_SUBJECT = (
    "{it} is {doing} {place}",
    "{it} {does} {place}",
    "{it} {doing} {place}",
    "{it} {does} {place}, {side}",
    "{it} {doing} {side} {place}",
    "{it} is {doing} {side} of {of}",
    "{it} {doing} {side} of {of}",
    "{side}, {it} {does} {place}",
    "{place}, {it} {does} {side}",
    "{place} {it} is {doing}",
    "{place}, {it} is {doing}, {side}",
    "{it} {place}, {doing}",
    "{it} is {place}, {doing} {side}",
    "{it} {place} {side}, {doing}",
    "we see {it} {doing} {place} {side}",
    "{it} {side}, {doing} {place}",
)
PANELS_WITHOUT_SUBJECT = (
    "{doing} {place}",
    "{doing} {side} of {of}",
    "{doing} {side} {place}",
    "{doing} {place}, {side}",
    "{doing} {place} {side}",
    "{place}, {doing}",
    "{place}, {doing} {side}",
    "{side} {place}, {doing}",
    "{side} of {of}, {doing}",
    "{place}: {doing} {side}",
)
# Where the action is plain standing it may go unsaid.
PANELS_STANDING = (
    "{it} {place}",
    "{it} {side} of {of}",
    "{it} {place}, {side}",
    "{place}",
    "{side} of {of}",
    "{place} {side}",
    "{of}",
)
REFERENCES = (
    "it",
    "it",
    "the creature",
    "the same creature",
    "the {colour} creature",
    "the {body} {colour} creature",
    "the {body} creature",
)
COUNTS = {2: "two", 3: "three", 4: "four"}

EVALUATION_SUMMARIES = (
    "we see the world with {who}",
    "the holiday of {who}",
    "a long day for {who}",
    "three places and {who}",
)
EVALUATION_SETS = (
    "a set that shows {who}",
    "{count} portraits, one creature: {who}",
    "we see {who} in each picture",
)
EVALUATION_MIXED = ("in each picture a different creature", "friends from {count} places")
EVALUATION_PANELS = (
    "{of}, where {it} {does} {side}",
    "this one shows {it} {doing}, {place}, {side}",
    "{side} of {of} we see {it}, who is {doing}",
    "this shows {of}: {doing} {side}",
    "seen {doing} {side} of {of}",
    # The same without a side, which means the middle.
    "{of}, where {it} {does}",
    "this one shows {it}, {doing}, {place}",
    "this shows {of}: {doing}",
    "seen {doing} {place}",
)


def training_texts() -> Iterator[str]:
    """Every form of shots that training captions are made from."""
    for forms in (
        STORY_SUMMARIES,
        NAMED_SUMMARIES,
        SET_SUMMARIES,
        PLAIN_SUMMARIES,
        MIXED_SUMMARIES,
        FOUR_PANEL_SUMMARIES,
        FOUR_PANEL_FORMS,
        PANELS_WITH_SUBJECT,
        PANELS_WITHOUT_SUBJECT,
        PANELS_STANDING,
        REFERENCES,
        tuple(COUNTS.values()),
    ):
        yield from (form.replace("[FOUR-PANEL]", "") for form in forms)
    yield "this image shows"
    yield "a an and with wearing in who wears its on head little small"
