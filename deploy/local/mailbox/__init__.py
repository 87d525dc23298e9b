"""A mailbox for one machine: whatever is sent to it by SMTP is kept in a folder and shown on a page.

No mail leaves the machine, nobody else can reach it. Not for production.
"""
