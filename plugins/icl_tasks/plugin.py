"""The plugin: hands the ten tasks to ICL Studio, as any third-party plugin would."""

from icl_studio.api import TaskSpec, hookimpl

from .couple_profile import TASK as COUPLE_PROFILE
from .film_storyboard import TASK as FILM_STORYBOARD
from .font_design import TASK as FONT_DESIGN
from .home_decoration import TASK as HOME_DECORATION
from .portrait_illustration import TASK as PORTRAIT_ILLUSTRATION
from .portrait_photography import TASK as PORTRAIT_PHOTOGRAPHY
from .ppt_templates import TASK as PPT_TEMPLATES
from .sandstorm_visual_effect import TASK as SANDSTORM_VISUAL_EFFECT
from .sparklers_visual_effect import TASK as SPARKLERS_VISUAL_EFFECT
from .visual_identity_design import TASK as VISUAL_IDENTITY_DESIGN

ICL_STUDIO_API = 1

TASKS: tuple[TaskSpec, ...] = (
    FILM_STORYBOARD,
    COUPLE_PROFILE,
    FONT_DESIGN,
    HOME_DECORATION,
    PORTRAIT_ILLUSTRATION,
    PORTRAIT_PHOTOGRAPHY,
    PPT_TEMPLATES,
    SANDSTORM_VISUAL_EFFECT,
    SPARKLERS_VISUAL_EFFECT,
    VISUAL_IDENTITY_DESIGN,
)


@hookimpl
def icl_studio_tasks() -> tuple[TaskSpec, ...]:
    """The ten tasks that the authors of In-Context LoRA published."""
    return TASKS
