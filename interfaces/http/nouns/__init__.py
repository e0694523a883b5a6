"""The resources, one file a noun: which commands and questions stand at which address."""
