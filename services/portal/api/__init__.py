"""
The REST API at `/api/v1`: what people and their programs may see and do, over HTTP.

commands      the routes of commands: data
bodies        what a request's body may say: a command less what the path says
asking        the handlers of commands
read_routes   the routes of what is read: data
looking       what their handlers stand on, and the check before them
reading       how things are set up, and are at this moment; readings what is told of them
records       sessions, reports, the past; who may do what
reports       what was charged, as CSV and JSON
paging        lists a page at a time
entering      who is let in, and with how much
problems      how a refusal looks (RFC 9457)
application   where all of it meets
"""
