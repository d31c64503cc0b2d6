def tables(t): return ''
