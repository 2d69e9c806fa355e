"""Ways to reach a target: one module a runner. A runner knows nothing of cases, verdicts or reports."""
