"""The rules of `images`: those of any pictures, and of the published ones."""

from stages.dataset import RuleContext, Suite
from stages.datasets.images.reader import TASK
from stages.pictures.builtin import PicturesOptions
from stages.rules.pictures import CIFAR10, DRAWN, picture_suites


def rules(context: RuleContext[PicturesOptions]) -> list[Suite]:
    """The rules of any pictures, and of the published ones."""
    return picture_suites(context, {TASK: CIFAR10} if context.source == "public" else DRAWN)
