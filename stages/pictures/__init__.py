"""What data sets of pictures share: pictures drawn by code, tables of pixels, rules on them, and CIFAR-10's files."""
