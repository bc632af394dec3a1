"""Everything with state, files, devices or progress bars: models, data, training, artefacts."""
