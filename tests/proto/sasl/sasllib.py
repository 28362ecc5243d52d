"""One server for the SASL tests: alice and bob with passwords, mute without one, a members' group."""
import os, sys
sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "..", "lib"))
from scram import *

ALICE = ("alice@example.org", "secret")


def serve(**kw):
    s = Server(**kw)
    s.group("test.members", "--access", "members")
    s.member(ALICE[0], "Alice", ALICE[1])
    s.member("bob@example.org", "Bob", "secret2")
    s.member("mute@example.org", "No Password")
    return s
