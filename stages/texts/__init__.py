"""What data sets of text share.

Grammars of one language or two, generated reviews and abstracts, published corpora that two data sets read, and rules
on texts and on pairs of them.
"""
