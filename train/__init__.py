"""The workshop: ``python -m train MODEL…`` writes checkpoints from images."""
