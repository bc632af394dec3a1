"""Graph to graph: one pass a file, each with its contract. The pipeline comes with the compiler."""
