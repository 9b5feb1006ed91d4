"""A task: a kind of set, described as data by a plugin or by a JSON file."""

from __future__ import annotations

from typing import Self

from pydantic import Field, model_validator

from .caption import CaptionParts, CaptionTemplate
from .geometry import CanvasRule
from .layout import Layout
from .model import AdapterSource, Identifier, Sampling
from .problems import Frozen, LayoutInvalid


class TaskExample(Frozen):
    """A request that shows what a task is for; ``family`` names the models it is written for.

    An empty family suits real FLUX models; ``tiny`` examples keep to the embedded world.
    """

    summary: str
    panels: tuple[str, ...]
    seed: int = 0
    family: str = ""

    @property
    def parts(self) -> CaptionParts:
        return CaptionParts(summary=self.summary, panels=self.panels)


class TaskSpec(Frozen):
    """One task: layout, caption template, adapters, sampling defaults, examples.

    Also the schema of the JSON files in the user's tasks folder. Raises pydantic's
    ``ValidationError`` when template and layout disagree, when the canvas breaks FLUX's
    full-size rule, or when an example does not fit the task.
    """

    id: Identifier
    title: str = Field(min_length=1, max_length=80)
    description: str = ""
    layout: Layout
    caption: CaptionTemplate
    adapters: tuple[AdapterSource, ...] = ()
    sampling: Sampling = Sampling()
    examples: tuple[TaskExample, ...] = ()

    @model_validator(mode="after")
    def _hangs_together(self) -> Self:
        panels, openings = len(self.layout.panels), len(self.caption.openings)
        if panels != openings:
            raise ValueError(f"the layout has {panels} panels, the caption {openings} parts")
        try:
            self.layout.check(CanvasRule())
        except LayoutInvalid as error:
            raise ValueError(str(error)) from None
        for n, example in enumerate(self.examples, 1):
            found = self.caption.problems(example.parts)
            if found:
                raise ValueError(f"example {n} does not fit the task: {found[0]}")
        families = [adapter.family for adapter in self.adapters]
        if len(set(families)) != len(families):
            raise ValueError("two adapters are given for one model family")
        return self

    def adapter_for(self, family: str) -> AdapterSource | None:
        """The task's own LoRA for models of ``family``, None where it has none."""
        return next((a for a in self.adapters if a.family == family), None)

    def example_for(self, family: str) -> TaskExample | None:
        """The first example written for ``family``; else the first that is for any model."""
        fitting = [e for e in self.examples if e.family == family]
        return next(iter(fitting or [e for e in self.examples if not e.family]), None)
