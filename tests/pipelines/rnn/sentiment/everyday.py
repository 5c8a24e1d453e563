"""Twenty everyday sentences about films and their verdicts, written down before the built-in reviews taught any like
them. No split may hold one (a rule of the data checks it), so that they measure what was learned, not what was seen."""

FAVOURABLE, UNFAVOURABLE = "favourable", "unfavourable"

EVERYDAY = {
    "the film is not good": UNFAVOURABLE,
    "this was a bad movie": UNFAVOURABLE,
    "not bad at all": FAVOURABLE,
    "i did not like it": UNFAVOURABLE,
    "the film is good": FAVOURABLE,
    "what a great film": FAVOURABLE,
    "i loved every minute of it": FAVOURABLE,
    "it was boring": UNFAVOURABLE,
    "the acting was not great": UNFAVOURABLE,
    "i would not recommend it": UNFAVOURABLE,
    "i would watch it again": FAVOURABLE,
    "the plot is not interesting": UNFAVOURABLE,
    "a waste of time": UNFAVOURABLE,
    "it is not a bad film": FAVOURABLE,
    "the story was never dull": FAVOURABLE,
    "nobody should miss this film": FAVOURABLE,
    "the music was wonderful": FAVOURABLE,
    "it isn't funny": UNFAVOURABLE,
    "i have never seen a worse film": UNFAVOURABLE,
    "the ending was terrible but i enjoyed the film": FAVOURABLE,
}
