"""Models that answer: several adapters as one, merged, told apart, handed on."""
