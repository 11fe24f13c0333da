"""The opt-out scan: what a site says about text and data mining.

    robots ai_txt tdmrep page_tags     bytes in, statements with line numbers out
    channels combine                   statements to readings, readings to one verdict
    fetch resolve                      the only network I/O
    scan                               one URL: fetch, read, emit

A crawler asks "may I fetch?"; this scan asks "has anybody reserved?". Silence counts as
consent only where every channel was asked and answered.
"""
