"""
`ampledger top`: what a running stack does at this moment, read from the figures that its processes tell.

targets      which processes there are, and where each tells its figures
reckoning    two looks at figures -> a picture: rates, shares of a processor, quantiles (pure)
nearest      which breakers are nearest to their limits, heard from the balancers
showing      the picture, for a terminal
watching     one look after another
"""
