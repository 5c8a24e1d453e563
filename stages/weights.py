"""`python -m stages.weights`: torchvision's VGG16, trained on ImageNet, into data/raw/vgg16-weights/. An extra.

No stage of the DAG needs it: it is 550 MB, for those who want to start a VGG16 from it. The file is a pickle. Here it
is verified by its published digest and not opened; it is meant for `torch.load(..., weights_only=True)`.
"""

import os
import sys
import threading
from functools import partial
from pathlib import Path

from stages.download import PARTS
from stages.errors import StageError
from stages.files import write_json
from stages.manifest import MANIFEST, RAW
from stages.origin import PublicFile
from stages.transfer.fetch import Mirror, fetch
from stages.transfer.http import PartialFile, WebSession
from stages.transfer.parallel import in_parallel
from stages.transfer.progress import Progress

NAME = "vgg16-weights"
VGG16 = PublicFile(
    "vgg16-397923af.pth",  # as torchvision names it: with the first digits of its digest
    "vgg16/vgg16-397923af.pth",
    "https://download.pytorch.org/models/vgg16-397923af.pth",
    "397923af8e79cdbb6a7127f12361acd7a2f83e06b05044ddf496e83de57a5bf0",
    553433881,
)
ALTERNATIVES = (
    "These weights are optional. Without them a VGG16 starts from `source`, pretrained here on the source shapes of "
    "the built-in pictures, or from `random` weights."
)


def download_weights() -> Path:
    """Bring the file from DATA_MIRROR or its public address, with a manifest beside it. Returns its path."""
    folder = RAW / NAME
    mirror = Mirror(os.environ["DATA_MIRROR"]) if os.environ.get("DATA_MIRROR") else None
    progress = Progress(f"download {NAME}", {VGG16.path: VGG16.size})

    def bring(stop: threading.Event) -> str:
        with WebSession(partial(progress.report, VGG16.path), stop) as web:
            return fetch(VGG16, folder, PartialFile(PARTS / NAME / f"{VGG16.path}.part"), mirror, web)

    try:
        if mirror is not None:
            mirror.check()
        (came_from,) = in_parallel([bring], progress.show)
    except StageError as error:
        raise StageError(f"{error}\n{ALTERNATIVES}") from error
    finally:
        progress.clear()
    write_json(
        folder / MANIFEST,
        {
            "where": f"torchvision's VGG16_Weights.IMAGENET1K_V1, {VGG16.url}",
            "licence": "torchvision's, BSD-3-Clause; the terms of ImageNet, which it was trained on, may apply as well",
            "files": {VGG16.path: {"sha256": VGG16.sha256, "bytes": VGG16.size}},
        },
    )
    print(f"download {NAME}: {folder / VGG16.path} ({came_from})")
    return folder / VGG16.path


if __name__ == "__main__":
    try:
        download_weights()
    except (StageError, OSError) as error:
        sys.exit(f"download {NAME}: {error}")
    except KeyboardInterrupt:
        sys.exit(f"download {NAME}: interrupted; run it again to go on")
