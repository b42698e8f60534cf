"""A second verifier of evidence bundles, written from docs/protocol.md and docs/rules.md alone."""
