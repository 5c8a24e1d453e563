"""Rules: the vocabulary that all data sets state theirs in, and what must hold of any texts, recordings, pictures."""
