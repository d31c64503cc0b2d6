def digraph(t): return ''
