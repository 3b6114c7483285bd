"""Everything that `make lint` checks, each check by the tool that knows it best."""
