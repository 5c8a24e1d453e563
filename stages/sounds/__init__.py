"""What the data sets of speech share: voices, recordings, files of sound, spoken digits as published, rules."""
