"""
Who asks, and the pages on which people show who they are.

asking      puts who asks into every request
questions   asks permissions
cookies     what a browser keeps
origins     whether a request comes from a page of ours; where to go next
forms       what was filled in
pages       signing in and out, by password, link, passkey, company
account     a person's own: password, passkeys, tokens, sessions
programs    access tokens of programs (OAuth 2.0)
"""
