def document(t): return ''
