"""The command line: one file a noun; it translates, and decides nothing."""
