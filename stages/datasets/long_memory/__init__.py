"""Data set `long_memory`: the target at the end of a long sequence depends on its early steps.

- `adding-<T>`: T numbers, uniform in [0, 1), two of them marked, one in each half; the target is the sum of the two
  (Hochreiter and Schmidhuber 1997, 5.4, in the form of Le, Jaitly and Hinton 2015). Always predicting 1 has a mean
  squared error of 1/6.
- `order-<T>`: E, many of a, b, c and d, then B; an X or Y is among them at about 0.15 T, another at about 0.55 T. The
  target is the class XX, XY, YX or YY (the same, 5.6, task 6a). As published, whose T is 100, a sequence has T to 1.1 T
  symbols.
- `digits`: scikit-learn's 1,797 images of digits, 8 x 8, read pixel by pixel: 64 steps. Their writers are not known, so
  train and test may share some.
- `mnist`, public: 784 steps. The last 5,000 images of train are val.

A table per task, with the splits in column `split`; row i of the table has row i of the arrays. `values` (float32) are
the numbers of the adding problem, `codes` (uint8) are symbols or pixels. A task has one of the two; the other has no
columns. Marks are not stored as inputs, which would be zeros mostly: `first` and `second` are the steps that are marked
or relevant (from 0; -1 in images). `length` is the number of steps of the sequence; the rest of a row is padding.
`target` is the sum, or the number of the class that `label` names. `mean` is over the steps: an image's brightness.

The card lists what the codes mean and in which order `permuted` reads an image, `codes[:, permutation]`: there is one
copy of the images, and every run reads them in the same order.

Train is stored like val and test, so that a seed means one data set. A trainer that needs more can draw all numbers of
the adding problem anew, and the letters a to d; the marks and the classes stay.
"""
