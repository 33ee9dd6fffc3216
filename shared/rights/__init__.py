"""
Who may do what: the table, what has been granted to whom, and what a command needs.

table     the actions, who somebody can be, and which of them may do which: data
grants    what has been granted, folded from the events of permissions; whether somebody may: pure
rules     what each command needs: data
book      the projection of grants that a service keeps in its own database
cards     charge cards by mark, for who must not know their numbers: pure, but for reading the key
card_book the projection of cards, beside that of grants
guard     how a service checks what a person asks for
reach     what a token is meant for, and what takes a recent proof of who it is: pure
"""
