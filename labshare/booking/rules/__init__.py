"""The rules of time, price and lifecycle: pure functions over frozen values (docs/rules.md).

`time`       working days, opening intervals, the rules a start must keep, where work and holding end
`price`      quantity, runs, work minutes, price, cancellation fee
`slots`      what is free: starts to choose from, the earliest one, alternatives, availability
`lifecycle`  the one table of states and steps, and the deadlines of requests and proposals
`rows`       what each step writes
"""
