"""When things run. Wiring only: no file here computes anything."""
