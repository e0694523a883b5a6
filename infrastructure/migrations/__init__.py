"""The steps by which the journal's tables have come to be what they are."""
