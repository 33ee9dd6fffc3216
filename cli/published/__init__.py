"""
What is published for other services: a schema of every message, and an AsyncAPI document of them all.

    language        which messages there are
    schemas         a JSON Schema of each
    compatibility   what may change in a schema that is published
    headers         what goes with them
    asyncapi        the document
    papers          the files in docs/, written and checked
    translations    what people read, in every language
    commands        `ampledger docs`
"""
