"""`python -m sandbox`: serve the emulated providers on loopback."""

from sandbox.server import serve
from sandbox.settings import read_arguments

if __name__ == "__main__":
    settings, until_stdin_closes = read_arguments()
    serve(settings, until_stdin_closes=until_stdin_closes)
