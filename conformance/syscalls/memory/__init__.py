"""Memory: mappings, protection, advice, locks in memory, keys, NUMA, userfaultfd."""
