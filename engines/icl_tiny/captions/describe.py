"""How a creature is called: described in full, or referred to once it is known."""

import random

from icl_tiny.captions.forms import REFERENCES
from icl_tiny.captions.words import BODY_WORDS, COLOUR_WORDS, HAT_WORDS, NO_HAT_WORDS, NOUNS, pick
from icl_tiny.world import NO_HAT, Creature

_SAY_NO_HAT = 0.65
"""Share of hatless creatures whose description says so; the others leave it out."""


def article(phrase: str) -> str:
    """`phrase` after "a" or "an"."""
    return f"{'an' if phrase[0] in 'aeiou' else 'a'} {phrase}"


def describe(rng: random.Random, creature: Creature) -> str:
    """A full description with article: "a round red creature with a blue top hat"."""
    colour = pick(rng, COLOUR_WORDS[creature.colour])
    body = pick(rng, BODY_WORDS[creature.body])
    noun = rng.choice(NOUNS)
    hat = _hat(rng, creature)
    form = rng.random()
    if form < 0.42:
        return f"{article(f'{body} {colour} {noun}')}{hat}"
    if form < 0.72:
        return f"{article(f'{colour} {body} {noun}')}{hat}"
    if form < 0.82:
        return f"{article(f'little {body} {colour} {noun}')}{hat}"
    if form < 0.91:
        return f"{article(noun)}, {colour} and {body},{hat}"
    return f"{article(f'{body} {noun}')}, {colour},{hat}"


def _hat(rng: random.Random, creature: Creature) -> str:
    if creature.hat == NO_HAT or creature.hat_colour is None:
        return f" {rng.choice(NO_HAT_WORDS)}" if rng.random() < _SAY_NO_HAT else ""
    hat = article(
        f"{pick(rng, COLOUR_WORDS[creature.hat_colour])} {pick(rng, HAT_WORDS[creature.hat])}"
    )
    form = rng.random()
    if form < 0.5:
        return f" with {hat}"
    if form < 0.75:
        return f" wearing {hat}"
    if form < 0.85:
        return f" in {hat}"
    if form < 0.93:
        return f" who wears {hat}"
    return f" with {hat} on its head"


def refer(rng: random.Random, creature: Creature, name: str | None) -> str:
    """A short reference to a creature that the caption has described already."""
    if name is not None and rng.random() < 0.7:
        return f"<{name}>"
    words = {
        "colour": pick(rng, COLOUR_WORDS[creature.colour]),
        "body": pick(rng, BODY_WORDS[creature.body]),
    }
    return rng.choice(REFERENCES).format(**words)
