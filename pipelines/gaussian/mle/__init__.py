"""The most likely Gaussian for measurements: estimates, how far they can be trusted, and whether a Gaussian fits."""
