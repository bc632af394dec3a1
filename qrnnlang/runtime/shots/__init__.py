"""Models on devices: circuits, shots, standard errors, gradients."""
