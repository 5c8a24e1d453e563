"""What data sets of text share: grammars, generated reviews and abstracts, published polarity data, rules on texts."""
