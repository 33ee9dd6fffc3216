"""
Sessions and reports: who charged, from which register to which, what it costs, and a month's bill.

pages             the routes
session_pages, month_pages    what answers requests
filters           which sessions somebody wants, as the address says
rows              sessions as the page lists them
tariff_form       a tariff as people fill it in
"""
