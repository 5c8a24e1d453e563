"""What must hold of `images`: that of any pictures, and what is known of these."""

from stages.dataset import RuleContext, Suite
from stages.datasets.images.reader import TASK
from stages.pictures.builtin import PicturesOptions
from stages.rules.pictures import CIFAR10, DRAWN, picture_suites


def rules(context: RuleContext[PicturesOptions]) -> list[Suite]:
    """What must hold of any pictures, and what is known of these."""
    return picture_suites(context, {TASK: CIFAR10} if context.source == "public" else DRAWN)
