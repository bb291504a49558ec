"""The calculation of a month's reward (docs/rules.md), pure: facts in, lines with their traces out.

One module a step, so that each rule can be read, and switched off in a test, by itself:

* `facts`: what goes in: the labs, the eligible sums, what was paid, what is open
* `eligible` (step 2), `bands` (step 3), `units` (step 4), `caps` (steps 5 and 6), `payable` (step 7)
* `proportion`: sharing and reducing by largest remainder
* `why`: why a line is zero
* `parts`: what of a payable belongs to earlier months not approved yet; how a run's state is shown
* `amounts`: what the steps hand on, which `trace` writes down step by step
* `calculation`: the steps in their order, with the trace
* `cases`: a case's JSON line in, its result out

Step 1, the verdict on each entry, is decided in the database for a million entries at once: `rewards.queries`.
Money is fen; rates and coefficients are exact fractions.
"""
