"""Labs on real servers: every fault that a lab has shown is tried again on a live one.

    python -m tests.live_lab                         lists the scenarios
    python -m tests.live_lab NAME                    runs one
    python -m tests.live_lab NAME --deployment grpc  with servers apart (see deployments.py)

A scenario says what holds, and exits with 1 where something does not, with 77 where a machine lacks
what it needs. Everything listens on 127.0.0.1, lives in a temporary folder, and ends with it.
"""
