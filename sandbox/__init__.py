"""A local emulator of the providers' read APIs over one seeded world.

Importing this package starts nothing and loads no server: see `sandbox.server`.
It shares no code with the pipeline, so that one misreading cannot hide in both.
"""
