"""
Who may do what at an installation: roles, invitations, requests, groups, and the cards of people.

words    what roles are called
roles    who has which role, since when and by whom: pure
cards    whose cards there are: pure
giving   from the forms to commands
pages    the pages of an installation and of a charger
forgetting   the page on which people have themselves forgotten
asking   the page on which somebody without a role asks for one
"""
