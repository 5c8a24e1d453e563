"""What networks of all families share: cells, layers, words, the training loop, checkpoints, training by processes."""
