"""Downloads: resumed, verified by digest, from mirrors first; archives are read without unpacking them."""
