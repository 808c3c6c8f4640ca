"""Webhooks: who is registered, what was sent, and the sending (developers.tokportal.com/webhooks).

The only part of the sandbox that opens connections, and to loopback alone.
"""
