from typing_extensions import disjoint_base

# Held by runs and calls; made by the engine alone.
@disjoint_base
class Memory: ...
