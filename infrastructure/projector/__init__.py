"""The projector: brings projections up to the journal, and proves that they say what it says."""
