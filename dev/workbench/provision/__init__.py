"""Sets up everything that development needs below ``.dev/``; standard library only."""
