"""The prefix: where the interface stands, below the root of its server or of its host."""

PREFIX = "/api/v1"
