"""Rules: the vocabulary that they are written in, and those for any texts, recordings and pictures."""
