"""Data set `images_jpeg`: the pictures of `images` after lossy compression. Public: the variant `cifar10-jpeg`.

The public source is a copy of CIFAR-10 whose pictures were compressed as JPEG of quality 75: on average they differ
from the canonical ones by a peak signal-to-noise ratio of 30.5 dB. So accuracies on it are not comparable with those
published for CIFAR-10, and its tables are called `cifar10-jpeg-train` and so on. The built-in source draws the very
pictures of `images` and compresses them alike.

Raw, both are a .zip of `<folder>/<class>/<number>.jpg`, the folder being a table, or `train` and `test`. Beside the
built-in one is `loss.json`, the loss of the compression.
"""
