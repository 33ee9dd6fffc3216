"""
Warnings, and who is told of them.

showing    what the page of warnings shows: pure
listed     the page of warnings, and taking notice of one
choices    what somebody is told of by e-mail, and the page that ends it
programs   webhooks, their secrets, and what was given up
orders     reports that are sent every month
pages      puts the routes together
"""
