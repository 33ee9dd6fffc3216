"""
How people and programs show who they are, and who it is that asks.

settings    how long things last; which companies there are
minting     secrets, of which only hashes are kept
refusals    why somebody is not let in
throttle    how long to wait after failures: pure
throttling  failures, counted by network, account and device
passwords   what a password has to be; argon2id
accounts    what is known of a person's own sign-in
sessions    who is signed in in a browser
people      who the people are: asked of the rest of the service
facts       what is put on record
entering    how one comes in
showing     who it is that asks
"""
