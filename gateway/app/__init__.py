"""Use cases: one unit of work each. Async, and of libraries only the standard one."""
