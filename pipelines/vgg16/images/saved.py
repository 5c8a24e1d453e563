"""A run's network as a file, from which training and prediction load the same network."""

from dataclasses import dataclass
from pathlib import Path

from params import parse
from pipelines.nn import checkpoint
from pipelines.vgg16.heads import with_head
from pipelines.vgg16.images.model import ImagesParams
from pipelines.vgg16.model import VGG16


@dataclass(frozen=True)
class SavedNetwork:
    """A network with all that an answer needs."""

    network: VGG16
    params: ImagesParams
    source_classes: int  # outputs of the network that the head was added to
    classes: list[str]
    side: int  # pixels of the pictures in the tables, before they are scaled to `params.image_size`

    def save(self, path: Path) -> None:
        checkpoint.save(
            path,
            {
                "weights": self.network.state_dict(),
                "params": vars(self.params),
                "outputs": self.source_classes,
                "classes": self.classes,
                "pixels": self.side,
            },
        )

    @staticmethod
    def load(path: Path) -> "SavedNetwork":
        """The network in evaluation mode. Raises ValueError for a file that is not whole, or of other settings."""
        state = checkpoint.load(path)
        params = parse(ImagesParams, state["params"], f"params in {path}")
        network = with_head(VGG16(params.shape, state["outputs"]), params.head, len(state["classes"]))
        network.load_state_dict(state["weights"])
        return SavedNetwork(network.eval(), params, state["outputs"], state["classes"], state["pixels"])
