"""Data set `language_model`: text to predict word by word. Built-in: reviews and abstracts; public: Penn Treebank.

Raw layout of both, as Mikolov's Penn Treebank text is published: `ptb.train.txt` and so on (here `train.txt`,
`valid.txt`, `test.txt`), one sentence per line, a closed vocabulary, every other word being `<unk>`.
"""
