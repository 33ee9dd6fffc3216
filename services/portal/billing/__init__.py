"""
What sessions took and what it costs: from registers to a report that a bill can be made of.

curves        how a session's energy is shared out over its time
prices        which price holds at a moment, by the clock on the installation's wall
lines         one session as a line: its energy by price, and the cost
totals        lines added up: by person, by charger, by day
months        a calendar month in a time zone
columns       what stands in a row of a table, for programs and for spreadsheets
wording       numbers, money and prices in somebody's language
monthly       what the report on a month says
workbook, letter    the report as a spreadsheet, as a document
making        reads sessions and makes the files

docs/reports.md says what is counted how.
"""
