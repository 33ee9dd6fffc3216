"""
Who may do what at an installation: roles, invitations, requests, groups, and the cards of people.

words    what roles are called
roles    who has which role, since when and by whom: pure
cards    whose cards there are: pure
giving   from the forms to commands
drawing  the page of an installation or of a charger
keeping  groups and cards
pages    the routes, and the forms about roles
forgetting   the page on which people have themselves forgotten
asking   the page on which somebody without a role asks for one
"""
