"""The command line. It prints and exits; all else is done by the library."""
