"""From a plan to records: one worker a target, resume, deadlines, progress."""
