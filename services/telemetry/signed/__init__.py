"""
Values that meters have signed: kept as they were received, checked, and given out unchanged.

Pure: ocmf (what a value says, and whether its signature is good), agreeing (whether values say what the
session's registers say).
Shells: keeping (the values of a session, with their facts in the log), asking (what others are told).
"""
