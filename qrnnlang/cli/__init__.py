"""The command line, `qrnnc`: one verb a module, and nothing heavy imported before its verb runs."""
