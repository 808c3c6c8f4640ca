"""What the README claims about requests and speed, as commands: `make bench`."""
